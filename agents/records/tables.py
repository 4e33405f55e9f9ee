"""The tables. Their names begin with `agents_`, so they may share a database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, on databases that know zones and on those that do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("a time needs its zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


# SQLite counts by itself only in a column of this very type.
Seq = BigInteger().with_variant(Integer, "sqlite")


def _seq() -> Column[int]:
    """What the rows are listed and paged by: rises with every row."""
    return Column("seq", Seq, primary_key=True, autoincrement=True)


def _id() -> Column[str]:
    return Column("id", String(64), nullable=False, unique=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _ref(name: str) -> Column[str]:
    return Column(name, String(255), nullable=False, server_default="", index=True)


def _at(name: str) -> Column[datetime]:
    return Column(name, Instant, nullable=False)


projects = Table(
    "agents_projects",
    metadata,
    _seq(),
    _id(),
    Column("person", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    _at("created_at"),
    _at("updated_at"),
    UniqueConstraint("person", "key", name="agents_projects_by_name"),
    sqlite_autoincrement=True,
)

tasks = Table(
    "agents_tasks",
    metadata,
    _seq(),
    _id(),
    Column("person", String(255), nullable=False),
    Column("number", Integer, nullable=False),
    _text("title"),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    _text("detail"),
    _ref("project"),
    Column("due_at", Instant),
    _text("zone"),
    _text("locale"),
    _text("context"),
    _ref("a2a_task"),
    _text("outcome"),
    _at("created_at"),
    Column("updated_at", Instant, nullable=False, index=True),
    Index(
        "agents_tasks_number",
        "person",
        "number",
        unique=True,
        sqlite_where=text("state IN ('open', 'working')"),
        postgresql_where=text("state IN ('open', 'working')"),
    ),
    Index("agents_tasks_due", "kind", "state", "due_at"),
    sqlite_autoincrement=True,
)

task_updates = Table(
    "agents_task_updates",
    metadata,
    _seq(),
    _id(),
    _ref("task"),
    _text("text"),
    Column("state", String(16), nullable=False),
    _at("at"),
    sqlite_autoincrement=True,
)

events = Table(
    "agents_events",
    metadata,
    _seq(),
    Column("type", String(64), nullable=False),
    _ref("subject"),
    _ref("person"),
    Column("data", JSON, nullable=False),
    _at("at"),
    sqlite_autoincrement=True,
)

agents = Table(
    "agents_known",
    metadata,
    _seq(),
    _id(),
    _text("name"),
    _text("description"),
    _text("version"),
    _text("url"),
    _at("seen_at"),
    sqlite_autoincrement=True,
)

artifacts = Table(
    "agents_artifacts",
    metadata,
    _seq(),
    _id(),
    _ref("person"),
    _text("name"),
    _text("media_type"),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    _ref("task"),
    _text("context"),
    _ref("a2a_task"),
    _at("created_at"),
    sqlite_autoincrement=True,
)

a2a_tasks = Table(
    "agents_a2a_tasks",
    metadata,
    _seq(),
    _id(),
    _ref("context"),
    Column("state", Integer, nullable=False, index=True),
    Column("updated_ns", BigInteger, nullable=False, index=True),
    # The protobuf Task, whole: it is only ever read and written whole.
    Column("body", LargeBinary, nullable=False),
    # Whether the brain has said or done anything for the message at hand.
    Column("touched", Boolean, nullable=False),
    # Whether the end is still to be pushed.
    Column("owed", Boolean, nullable=False),
    # Of replicas that share a database, the one that plays it, until when by the database's clock.
    Column("owner", String(64), nullable=False, server_default=""),
    Column("until", Double, nullable=False, server_default="0"),
    # Until when some replica has a draft that would continue it.
    Column("draft_until", Double, nullable=False, server_default="0"),
    # Whether its owner is asked to stop it.
    Column("cancel", Boolean, nullable=False, server_default=false()),
    # Rises when the body changes.
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Index("agents_a2a_tasks_owed", "seq", sqlite_where=text("owed"), postgresql_where=text("owed")),
    Index(
        "agents_a2a_tasks_owner",
        "owner",
        sqlite_where=text("owner <> ''"),
        postgresql_where=text("owner <> ''"),
    ),
    sqlite_autoincrement=True,
)

a2a_messages = Table(
    "agents_a2a_messages",
    metadata,
    _seq(),
    Column("context", String(255), nullable=False),
    Column("id", String(255), nullable=False),
    _ref("task"),
    Column("body", LargeBinary, nullable=False),
    Column("answered", Boolean, nullable=False),
    UniqueConstraint("context", "id", name="agents_a2a_messages_once"),
    Index(
        "agents_a2a_messages_open",
        "task",
        sqlite_where=text("answered IS false"),
        postgresql_where=text("answered IS false"),
    ),
    sqlite_autoincrement=True,
)

a2a_promises = Table(
    "agents_a2a_promises",
    metadata,
    _seq(),
    _ref("task"),
    Column("record", String(64), nullable=False, unique=True),
    # Whether the record's end was told under the task.
    Column("told", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

a2a_push = Table(
    "agents_a2a_push",
    metadata,
    _seq(),
    Column("task", String(64), nullable=False),
    Column("id", String(255), nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("task", "id", name="agents_a2a_push_once"),
    sqlite_autoincrement=True,
)
