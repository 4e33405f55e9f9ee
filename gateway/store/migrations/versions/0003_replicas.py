"""Signs of life of calls, a recording for each line of one, and duties.

For a day 0002 made these itself, so some databases have them already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    known = sa.inspect(op.get_bind())
    columns = {column["name"] for column in known.get_columns("calls")}
    if "seen_at" not in columns:
        op.add_column("calls", sa.Column("seen_at", sa.Double(), nullable=True))
    if "recording" not in columns:
        # Kept for replicas of the version before, which name it in every query.
        op.add_column("calls", sa.Column("recording", sa.String(), nullable=True))
        with op.batch_alter_table("calls") as batch_op:
            batch_op.create_foreign_key("fk_calls_recording", "files", ["recording"], ["id"])
    op.create_index(
        "ix_calls_open",
        "calls",
        ["seen_at"],
        unique=False,
        if_not_exists=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    if not known.has_table("call_recordings"):
        op.create_table(
            "call_recordings",
            sa.Column("call_id", sa.String(), nullable=False),
            sa.Column("file_id", sa.String(), nullable=False),
            sa.Column("began_at", sa.Double(), nullable=False),
            sa.ForeignKeyConstraint(
                ["call_id"], ["calls.id"], name=op.f("fk_call_recordings_call_id")
            ),
            sa.ForeignKeyConstraint(
                ["file_id"], ["files.id"], name=op.f("fk_call_recordings_file_id")
            ),
            sa.PrimaryKeyConstraint("call_id", "file_id", name=op.f("pk_call_recordings")),
        )
    op.create_table(
        "duties",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duties")),
    )
    op.execute(
        "INSERT INTO call_recordings (call_id, file_id, began_at) "
        "SELECT id, recording, coalesce(answered_at, started_at) FROM calls "
        "WHERE recording IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("duties")
    op.drop_table("call_recordings")
    op.drop_index("ix_calls_open", table_name="calls")
    with op.batch_alter_table("calls") as batch_op:
        batch_op.drop_column("seen_at")
