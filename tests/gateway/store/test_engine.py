"""What the database says when something goes wrong."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gateway.store.engine import Database

pytestmark = pytest.mark.anyio


async def test_an_error_does_not_tell_what_was_to_be_stored(database: Database) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO nowhere VALUES (:words)"), {"words": "dear diary"})

    with pytest.raises(DBAPIError) as failed:
        await database.write(work)
    assert "diary" not in str(failed.value)
