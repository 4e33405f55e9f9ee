"""Bringing the database up to date.

An empty one gets today's schema at once; Alembic, slow to load, only where there is
something to migrate. A test holds both ways to the same result.
"""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from gateway.errors import StoreError
from gateway.store.tables import metadata

VERSION_TABLE = "frontdoor_version"


def head() -> str:
    """The newest schema this code knows."""
    versions = files("gateway.store") / "migrations" / "versions"
    return max(f.name[:4] for f in versions.iterdir() if f.name[:4].isdigit())


def current(engine: Engine) -> str | None:
    """The schema the database has; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
        return str(found) if found else None


def upgrade(engine: Engine) -> None:
    """Migrate to `head()`.

    Raises StoreError when the database cannot be opened or is newer than this code.
    """
    try:
        now = current(engine)
    except DBAPIError as error:
        raise StoreError(
            f"The database cannot be used ({str(error.orig).splitlines()[0]}). "
            "Check DATABASE_URL, or that DATA_DIR can be written and holds our files."
        ) from error
    if now == head():
        return
    if now is None:
        _create(engine)
        return
    if now > head():
        raise StoreError(
            f"The database has schema {now}, newer than this version's {head()}: "
            "update frontdoor, or point DATABASE_URL elsewhere."
        )
    migrate(engine)


def migrate(engine: Engine, to: str = "head") -> None:
    """Run Alembic's migrations up to `to`."""
    from alembic import command  # noqa: PLC0415 - slow to import, rarely needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("gateway.store") / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def _create(engine: Engine) -> None:
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(
            text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) PRIMARY KEY)")
        )
        connection.execute(
            text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"),  # noqa: S608 - a constant
            {"head": head()},
        )
