"""Leases on tasks, for replicas that share a database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TASKS, _MESSAGES = "agents_a2a_tasks", "agents_a2a_messages"


def upgrade() -> None:
    # What the version before has under way, and still begins, is its own for a while.
    lasting = sa.text("extract(epoch from now()) + 30")
    until = lasting if op.get_bind().dialect.name == "postgresql" else "0"
    for column in (
        sa.Column("owner", sa.String(64), server_default="", nullable=False),
        sa.Column("until", sa.Double(), server_default=until, nullable=False),
        sa.Column("draft_until", sa.Double(), server_default="0", nullable=False),
        sa.Column("cancel", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
    ):
        op.add_column(_TASKS, column)
    op.create_index(
        "agents_a2a_tasks_owed",
        _TASKS,
        ["seq"],
        sqlite_where=sa.text("owed"),
        postgresql_where=sa.text("owed"),
    )
    op.create_index(
        "agents_a2a_tasks_owner",
        _TASKS,
        ["owner"],
        sqlite_where=sa.text("owner <> ''"),
        postgresql_where=sa.text("owner <> ''"),
    )
    op.create_index(
        "agents_a2a_messages_open",
        _MESSAGES,
        ["task"],
        sqlite_where=sa.text("answered IS false"),
        postgresql_where=sa.text("answered IS false"),
    )


def downgrade() -> None:
    op.drop_index("agents_a2a_messages_open", _MESSAGES)
    op.drop_index("agents_a2a_tasks_owner", _TASKS)
    op.drop_index("agents_a2a_tasks_owed", _TASKS)
    with op.batch_alter_table(_TASKS) as batch:
        for name in ("owner", "until", "draft_until", "cancel", "revision"):
            batch.drop_column(name)
