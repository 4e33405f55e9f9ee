"""Brings the database to the schema this code was written for."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, DBAPIError

VERSION_TABLE = "agents_version"
HEAD = "0001"


class SchemaError(Exception):
    """The database cannot be opened, or has a schema that this program does not know."""


def ensure(engine: Engine) -> None:
    """Migrate to head, if it is not there already. Raises SchemaError.

    Alembic is slow to import, and mostly there is nothing to do: so look first.
    """
    if _version(engine) != HEAD:
        _migrate(engine)


def _version(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - our own constant
            version: str | None = connection.scalar(query)
            return version
    except DatabaseError:
        return None  # no such table: a new database


def _migrate(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - only who migrates pays for it
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        raise SchemaError(
            f"The agent's database cannot be used ({str(error.orig).splitlines()[0]}). "
            "Check its URL, and that it can be written."
        ) from error
    except CommandError as error:
        raise SchemaError(
            "The agent's database was made by a newer version of this program; "
            "run that version, or point DATABASE_URL to another database."
        ) from error
