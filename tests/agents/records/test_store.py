"""The records in a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from agents.records.base import (
    BadCursor,
    NewArtifact,
    NewTask,
    NotFound,
    Query,
    Task,
    TaskEnded,
    TaskKind,
    TaskState,
)
from agents.records.engine import Database
from agents.records.schema import HEAD, SchemaError, ensure
from agents.records.store import SqlRecords
from agents.records.tables import metadata
from tests.agents.doubles import TestClock

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgres"])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "postgres":
        database = Database(request.getfixturevalue("postgres"))
    else:
        database = Database(f"sqlite:///{tmp_path / 'agent.db'}")
        ensure(database.engine)
    yield database
    database.close()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def records(database: Database, clock: TestClock) -> SqlRecords:
    return SqlRecords(database, clock)


async def add(records: SqlRecords, title: str, person: str = "p") -> Task:
    return await records.create_task(NewTask(person, title))


async def test_a_task_reads_back_as_it_was_made(records: SqlRecords, clock: TestClock) -> None:
    due = clock() + timedelta(days=1, microseconds=5)
    new = NewTask("p", "t", TaskKind.REMINDER, "d", "pr", due, "Europe/Vienna", "de", "c", "a2a")
    task = await records.create_task(new)
    assert await records.task(task.id) == task
    assert task.due_at == due
    assert task.created_at == clock()


async def test_numbers_are_the_smallest_free_ones_on_the_persons_list(records: SqlRecords) -> None:
    one, two, three = [await add(records, title) for title in "abc"]
    assert [t.number for t in (one, two, three)] == [1, 2, 3]
    await records.end_task(two.id, TaskState.DONE)
    assert (await add(records, "d")).number == 2
    assert (await add(records, "e")).number == 4
    assert (await add(records, "x", "q")).number == 1
    assert [t.number for t in await records.open_tasks("p")] == [1, 2, 3, 4]


async def test_a_task_ends_once(records: SqlRecords) -> None:
    task = await add(records, "a")
    ended: list[Task] = []

    async def end() -> None:
        with suppress(TaskEnded):
            ended.append(await records.end_task(task.id, TaskState.DONE, "ok"))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(end)
    assert len(ended) == 1
    with pytest.raises(TaskEnded):
        await records.update_task(task.id, title="b")
    with pytest.raises(TaskEnded):
        await records.end_task(task.id, TaskState.CANCELED)
    assert (await records.task(task.id)).title == "a"


async def test_watchers_hear_of_every_change_and_of_no_refusal(records: SqlRecords) -> None:
    heard: list[Task] = []
    records.watch(heard.append)
    task = await add(records, "a")
    await records.update_task(task.id, title="b", due_at=None)
    await records.end_task(task.id, TaskState.DONE)
    with pytest.raises(TaskEnded):
        await records.end_task(task.id, TaskState.DONE)
    assert [(t.title, t.state) for t in heard] == [("a", "open"), ("b", "open"), ("b", "done")]


async def test_unknown_records_are_not_found(records: SqlRecords) -> None:
    for attempt in (
        records.task("x"),
        records.update_task("x", title="y"),
        records.end_task("x", TaskState.DONE),
        records.add_update("x", "y"),
        records.updates(Query(task="x")),
        records.artifact("x"),
        records.artifact_data("x"),
    ):
        with pytest.raises(NotFound, match=r"there is no (task|artifact) 'x'"):
            await attempt


async def test_a_reminder_needs_a_time_and_update_task_ends_nothing(records: SqlRecords) -> None:
    with pytest.raises(ValueError, match="time"):
        await records.create_task(NewTask("p", "t", TaskKind.REMINDER))
    task = await add(records, "a")
    with pytest.raises(ValueError, match="end_task"):
        await records.update_task(task.id, state=TaskState.DONE)
    with pytest.raises(ValueError, match="does not end"):
        await records.end_task(task.id, TaskState.OPEN)


async def test_the_next_due_is_the_earliest_that_has_not_ended(
    records: SqlRecords, clock: TestClock
) -> None:
    assert await records.due() is None
    tasks = [
        await records.create_task(
            NewTask("p", str(n), TaskKind.REMINDER, due_at=clock() + timedelta(hours=n))
        )
        for n in (3, 1, 2)
    ]
    await records.create_task(NewTask("p", "to-do", due_at=clock()))
    assert await records.due() == tasks[1]
    await records.end_task(tasks[1].id, TaskState.CANCELED)
    assert await records.due() == tasks[2]


async def test_pages_do_not_shift_when_more_is_added(records: SqlRecords) -> None:
    for title in "abc":
        await add(records, title)
    page = await records.tasks(Query(limit=2))
    await add(records, "d")
    rest = await records.tasks(Query(limit=2, cursor=page.next_cursor))
    assert [t.title for t in page.items + rest.items] == ["c", "b", "a"]
    assert rest.next_cursor == ""
    with pytest.raises(BadCursor):
        await records.tasks(Query(cursor="?"))


async def test_a_project_is_found_by_its_name_whatever_the_case(records: SqlRecords) -> None:
    project = await records.create_project("p", "  My   House ")
    assert project.name == "My House"
    assert await records.create_project("p", "my house") == project
    assert await records.create_project("q", "my house") != project
    assert len((await records.projects(Query())).items) == 2


async def test_an_artifact_keeps_its_bytes(records: SqlRecords) -> None:
    made = await records.create_artifact(
        NewArtifact("p", "n", "text/plain", b"\0\xff", a2a_task="t")
    )
    assert await records.artifact_data(made.id) == b"\0\xff"
    assert (await records.artifacts(Query(a2a_task="t"))).items == (made,)
    assert (await records.artifacts(Query(a2a_task="u"))).items == ()


async def test_events_are_numbered_in_the_order_they_happened(records: SqlRecords) -> None:
    async with anyio.create_task_group() as group:
        for n in range(20):
            group.start_soon(add, records, str(n), f"p{n % 3}")
    events = (await records.events(Query())).items
    seqs = [event.seq for event in events]
    assert len(seqs) == 20
    assert seqs == sorted(set(seqs))


def test_the_migrations_make_the_tables_the_code_knows(database: Database) -> None:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - slow, and only here
    from alembic.migration import MigrationContext  # noqa: PLC0415 - as above

    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": "agents_version",
                "compare_type": True,
                # The other program's may be in the same database.
                "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
            },
        )
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def test_a_database_at_head_is_left_alone_and_a_newer_one_refused(database: Database) -> None:
    ensure(database.engine)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE agents_version SET version_num = '9999'"))
    try:
        with pytest.raises(SchemaError, match="newer version"):
            ensure(database.engine)
    finally:
        # Others use a server's database after us.
        with database.engine.begin() as connection:
            connection.execute(
                text("UPDATE agents_version SET version_num = :head"), {"head": HEAD}
            )


async def test_a_unit_is_one_transaction_and_told_of_when_it_is_whole(
    database: Database, clock: TestClock
) -> None:
    records = SqlRecords(database, clock)
    told: list[Task] = []
    records.watch(told.append)
    async with database.unit():
        await records.create_task(NewTask(person="ann", title="milk"))
        bread = await records.create_task(NewTask(person="ann", title="bread"))
        assert (bread.number, told) == (2, [])
    assert [task.title for task in told] == ["milk", "bread"]
    with suppress(ZeroDivisionError):
        async with database.unit():
            await records.end_task(bread.id, TaskState.DONE)
            raise ZeroDivisionError
    assert [task.title for task in await records.open_tasks("ann")] == ["milk", "bread"]
    assert len(told) == 2


async def test_a_unit_goes_on_when_a_part_of_it_fails(database: Database, clock: TestClock) -> None:
    records = SqlRecords(database, clock)
    async with database.unit():
        with pytest.raises(NotFound):
            await records.end_task("nobody", TaskState.DONE)
        await records.create_task(NewTask(person="ann", title="milk"))
    assert len(await records.open_tasks("ann")) == 1


def test_a_file_that_is_no_database_is_refused_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "agent.db").write_text("What I did on my holidays")
    with pytest.raises(SchemaError, match="not a database"):
        ensure(Database(f"sqlite:///{tmp_path / 'agent.db'}").engine)


async def test_an_error_does_not_tell_what_was_to_be_stored(database: Database) -> None:
    wrong = text("INSERT INTO nowhere VALUES (:words)")
    with pytest.raises(DBAPIError) as failed:
        await database.write(lambda c: c.execute(wrong, {"words": "dear diary"}))
    assert "diary" not in str(failed.value)
