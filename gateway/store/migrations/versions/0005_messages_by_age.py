"""Messages by their age, so that old ones can be forgotten."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_messages_at", "messages", ["at"], unique=False)
        return
    # Beside those who write: the log is the largest table, and nobody shall wait for it.
    with op.get_context().autocommit_block():
        # One that an upgrade which broke off left behind is no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_messages_at")
        op.execute("SET statement_timeout = 0")
        op.create_index(
            "ix_messages_at", "messages", ["at"], unique=False, postgresql_concurrently=True
        )
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    op.drop_index("ix_messages_at", table_name="messages")
