"""Alembic's entry; `gateway.store.migrate` hands it the connection."""

from alembic import context

from gateway.store.migrate import VERSION_TABLE
from gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
