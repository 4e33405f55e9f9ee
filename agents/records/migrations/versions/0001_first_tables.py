"""The first tables of the agent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agents_a2a_messages",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("context", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("task", sa.String(length=255), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("context", "id", name="agents_a2a_messages_once"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agents_a2a_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agents_a2a_messages_task"), ["task"], unique=False)

    op.create_table(
        "agents_a2a_promises",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("task", sa.String(length=255), server_default="", nullable=False),
        sa.Column("record", sa.String(length=64), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("record"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agents_a2a_promises", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agents_a2a_promises_task"), ["task"], unique=False)

    op.create_table(
        "agents_a2a_push",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("task", "id", name="agents_a2a_push_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agents_a2a_tasks",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("context", sa.String(length=255), server_default="", nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("touched", sa.Boolean(), nullable=False),
        sa.Column("owed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agents_a2a_tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agents_a2a_tasks_context"), ["context"], unique=False)
        batch_op.create_index(batch_op.f("ix_agents_a2a_tasks_state"), ["state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_agents_a2a_tasks_updated_ns"), ["updated_ns"], unique=False
        )

    op.create_table(
        "agents_artifacts",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=255), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("media_type", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("task", sa.String(length=255), server_default="", nullable=False),
        sa.Column("context", sa.Text(), server_default="", nullable=False),
        sa.Column("a2a_task", sa.String(length=255), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agents_artifacts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_agents_artifacts_a2a_task"), ["a2a_task"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_agents_artifacts_person"), ["person"], unique=False)
        batch_op.create_index(batch_op.f("ix_agents_artifacts_task"), ["task"], unique=False)

    op.create_table(
        "agents_events",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=255), server_default="", nullable=False),
        sa.Column("person", sa.String(length=255), server_default="", nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agents_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agents_events_person"), ["person"], unique=False)
        batch_op.create_index(batch_op.f("ix_agents_events_subject"), ["subject"], unique=False)

    op.create_table(
        "agents_known",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agents_projects",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("person", "key", name="agents_projects_by_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agents_task_updates",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("task", sa.String(length=255), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agents_task_updates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agents_task_updates_task"), ["task"], unique=False)

    op.create_table(
        "agents_tasks",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("project", sa.String(length=255), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zone", sa.Text(), server_default="", nullable=False),
        sa.Column("locale", sa.Text(), server_default="", nullable=False),
        sa.Column("context", sa.Text(), server_default="", nullable=False),
        sa.Column("a2a_task", sa.String(length=255), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agents_tasks", schema=None) as batch_op:
        batch_op.create_index("agents_tasks_due", ["kind", "state", "due_at"], unique=False)
        batch_op.create_index(
            "agents_tasks_number",
            ["person", "number"],
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'working')"),
            postgresql_where=sa.text("state IN ('open', 'working')"),
        )
        batch_op.create_index(batch_op.f("ix_agents_tasks_a2a_task"), ["a2a_task"], unique=False)
        batch_op.create_index(batch_op.f("ix_agents_tasks_project"), ["project"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_agents_tasks_updated_at"), ["updated_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("agents_tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_tasks_updated_at"))
        batch_op.drop_index(batch_op.f("ix_agents_tasks_project"))
        batch_op.drop_index(batch_op.f("ix_agents_tasks_a2a_task"))
        batch_op.drop_index(
            "agents_tasks_number",
            sqlite_where=sa.text("state IN ('open', 'working')"),
            postgresql_where=sa.text("state IN ('open', 'working')"),
        )
        batch_op.drop_index("agents_tasks_due")

    op.drop_table("agents_tasks")
    with op.batch_alter_table("agents_task_updates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_task_updates_task"))

    op.drop_table("agents_task_updates")
    op.drop_table("agents_projects")
    op.drop_table("agents_known")
    with op.batch_alter_table("agents_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_events_subject"))
        batch_op.drop_index(batch_op.f("ix_agents_events_person"))

    op.drop_table("agents_events")
    with op.batch_alter_table("agents_artifacts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_artifacts_task"))
        batch_op.drop_index(batch_op.f("ix_agents_artifacts_person"))
        batch_op.drop_index(batch_op.f("ix_agents_artifacts_a2a_task"))

    op.drop_table("agents_artifacts")
    with op.batch_alter_table("agents_a2a_tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_a2a_tasks_updated_ns"))
        batch_op.drop_index(batch_op.f("ix_agents_a2a_tasks_state"))
        batch_op.drop_index(batch_op.f("ix_agents_a2a_tasks_context"))

    op.drop_table("agents_a2a_tasks")
    op.drop_table("agents_a2a_push")
    with op.batch_alter_table("agents_a2a_promises", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_a2a_promises_task"))

    op.drop_table("agents_a2a_promises")
    with op.batch_alter_table("agents_a2a_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_a2a_messages_task"))

    op.drop_table("agents_a2a_messages")
