"""Files that are not all here yet, and files that go again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # A version that does not know of it tells of files only once they are all here.
    op.add_column(
        "files", sa.Column("arrived", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.create_index("ix_files_created_at", "files", ["created_at"], unique=False)
    op.create_index(
        "ix_files_arriving",
        "files",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("arrived IS 0"),
        postgresql_where=sa.text("arrived IS false"),
    )
    for column in ("began_at", "file_id"):
        name = f"ix_call_recordings_{column}"
        op.create_index(name, "call_recordings", [column], unique=False)
    # Whoever deletes a file asks here whether it may.
    op.create_index(
        "ix_calls_recording",
        "calls",
        ["recording"],
        unique=False,
        sqlite_where=sa.text("recording IS NOT NULL"),
        postgresql_where=sa.text("recording IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_calls_recording", table_name="calls")
    op.drop_index("ix_call_recordings_file_id", table_name="call_recordings")
    op.drop_index("ix_call_recordings_began_at", table_name="call_recordings")
    op.drop_index("ix_files_arriving", table_name="files")
    op.drop_index("ix_files_created_at", table_name="files")
    op.drop_column("files", "arrived")
