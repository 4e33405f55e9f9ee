"""The schema, once, for SQLite and PostgreSQL. Times are seconds since the epoch."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    true,
)


def is_(column: Column[str], *values: str) -> ColumnElement[bool]:
    """That a column has one of these values, spelled out in the SQL.

    Partial indexes need it: no database uses one for a value that it is given later.
    """
    return column.in_([literal_column(f"'{value}'") for value in values])


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

persons = Table(
    "persons",
    metadata,
    Column("id", String, primary_key=True),
    Column("created_at", Double, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    Column("id", String, primary_key=True),
    Column("person_id", ForeignKey("persons.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("zone", String, nullable=False),
    Column("trust", String, nullable=False),
    Column("reachable", Boolean, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String, primary_key=True),
    # Whose or which it is: `person:<id>`, or a group's channel, account, chat and thread.
    Column("key", String, nullable=False, unique=True),
    Column("context_id", String, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("last_turn", Integer, nullable=False),
    # When a worker should look next; null when there is nothing to do.
    Column("due_at", Double),
    Column("lease_owner", String),
    Column("lease_until", Double, nullable=False),
    # The task whose question the next message answers.
    Column("asking_task", String, nullable=False),
)
Index(
    "ix_conversations_due",
    conversations.c.due_at,
    sqlite_where=conversations.c.due_at.is_not(None),
    postgresql_where=conversations.c.due_at.is_not(None),
)

turns = Table(
    "turns",
    metadata,
    Column("id", String, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    # What the agent is asked under: its contextId, our messageId, its task ids.
    Column("context_id", String, nullable=False),
    Column("ask_id", String, nullable=False, unique=True),
    Column("answers_task", String, nullable=False),
    Column("task_id", String, nullable=False),
    Column("address_id", ForeignKey("addresses.id"), nullable=False),
    Column("route", JSON, nullable=False),
    Column("preview_ref", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    # Whether the person knows that the agent is out of reach.
    Column("told", Boolean, nullable=False),
    Column("cancel", Boolean, nullable=False),
    # What of the task reached the person already: {"text": …, "files": […]}.
    Column("given", JSON, nullable=False),
    # When to ask after a task that goes on alone, and how often that was done.
    Column("check_at", Double),
    Column("checks", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    UniqueConstraint("conversation_id", "number"),
)
Index("ix_turns_task", turns.c.task_id)
Index(
    "ix_turns_check",
    turns.c.check_at,
    sqlite_where=turns.c.check_at.is_not(None),
    postgresql_where=turns.c.check_at.is_not(None),
)
Index(
    "ix_turns_open",
    turns.c.conversation_id,
    sqlite_where=is_(turns.c.state, "open"),
    postgresql_where=is_(turns.c.state, "open"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),
    Column("turn_id", ForeignKey("turns.id"), index=True),
    # Of what came in; null for what the agent said.
    Column("channel", String),
    Column("account", String),
    Column("event_id", String),
    Column("address_id", ForeignKey("addresses.id")),
    Column("ref", String, nullable=False),
    Column("route", JSON),
    Column("command", String),
    Column("album", String, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("group_chat", Boolean, nullable=False),
    Column("parts", JSON, nullable=False),
    # What a caller had heard of the reply they cut short with this.
    Column("heard", Text),
    Column("at", Double, nullable=False),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("channel", "account", "event_id", name="uq_messages_event"),
)
Index("ix_messages_at", messages.c.at)
Index(
    "ix_messages_pending",
    messages.c.conversation_id,
    messages.c.seq,
    sqlite_where=is_(messages.c.state, "pending"),
    postgresql_where=is_(messages.c.state, "pending"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("message_id", ForeignKey("messages.id"), nullable=False, index=True),
    Column("channel", String, nullable=False),
    Column("address_id", ForeignKey("addresses.id"), nullable=False),
    # Deliveries of one lane go out one after the other, in order of id.
    Column("lane", String, nullable=False),
    Column("state", String, nullable=False),
    Column("outgoing", JSON, nullable=False),
    # The platform's id: of the message to edit before it is sent, of what it made after.
    Column("ref", String, nullable=False),
    # An attempt may have gone out, so the next must be an edit or say that it repeats.
    Column("doubtful", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", String),
    Column("lease_until", Double, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)
UNSETTLED = ("pending", "sending", "unknown")
Index(
    "ix_deliveries_lane",
    deliveries.c.lane,
    deliveries.c.id,
    sqlite_where=is_(deliveries.c.state, *UNSETTLED),
    postgresql_where=is_(deliveries.c.state, *UNSETTLED),
)
Index(
    "ix_deliveries_due",
    deliveries.c.due_at,
    sqlite_where=is_(deliveries.c.state, *UNSETTLED),
    postgresql_where=is_(deliveries.c.state, *UNSETTLED),
)

files = Table(
    "files",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    # All its bytes are here. Whoever does not say so waits for them before telling of it.
    Column("arrived", Boolean, nullable=False, server_default=true()),
)
Index("ix_files_created_at", files.c.created_at)
Index(
    "ix_files_arriving",
    files.c.created_at,
    sqlite_where=files.c.arrived.is_(False),
    postgresql_where=files.c.arrived.is_(False),
)

calls = Table(
    "calls",
    metadata,
    # The platform's id of the call.
    Column("id", String, primary_key=True),
    # Null for a call that the platform told of and nobody here ever answered.
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("address_id", ForeignKey("addresses.id")),
    Column("channel", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("answered_at", Double),
    Column("ended_at", Double),
    Column("ended_by", String, nullable=False),
    # From being answered to the end.
    Column("seconds", Double),
    Column("turns", Integer, nullable=False),
    # When the process that is on it last showed that it is.
    Column("seen_at", Double),
    # Of a version before `call_recordings`; nothing is written here any more.
    Column("recording", ForeignKey("files.id")),
    Column("figures", JSON, nullable=False),
)
Index("ix_calls_started_at", calls.c.started_at)
Index(
    "ix_calls_recording",
    calls.c.recording,
    sqlite_where=calls.c.recording.is_not(None),
    postgresql_where=calls.c.recording.is_not(None),
)
Index(
    "ix_calls_open",
    calls.c.seen_at,
    sqlite_where=calls.c.ended_at.is_(None),
    postgresql_where=calls.c.ended_at.is_(None),
)

call_turns = Table(
    "call_turns",
    metadata,
    Column("call_id", ForeignKey("calls.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    # What we understood, and what the caller heard of the answer.
    Column("asked", Text),
    Column("heard", Text, nullable=False),
    Column("cut", Boolean, nullable=False),
    Column("figures", JSON, nullable=False),
)

call_recordings = Table(
    "call_recordings",
    metadata,
    Column("call_id", ForeignKey("calls.id"), primary_key=True),
    Column("file_id", ForeignKey("files.id"), primary_key=True, index=True),
    Column("began_at", Double, nullable=False, index=True),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

# What only one worker does at a time, such as polling a bot's updates.
duties = Table(
    "duties",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("until", Double, nullable=False),
)
