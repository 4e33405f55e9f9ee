"""Alembic's entry: runs the migrations on the engine it was handed."""

from __future__ import annotations

from alembic import context

from agents.records.schema import VERSION_TABLE
from agents.records.tables import metadata

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        # Only what is ours: the database may be shared.
        include_name=lambda name, kind, _parents: (
            kind != "table" or (name or "").startswith("agents_")
        ),
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
