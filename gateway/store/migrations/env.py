"""Alembic's entry; `gateway.store.migrate` hands it the engine."""

from alembic import context

from gateway.store.migrate import VERSION_TABLE
from gateway.store.tables import metadata

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,
        # Each commits by itself, so that none holds its locks for the next.
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
