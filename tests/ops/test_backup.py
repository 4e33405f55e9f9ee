"""Data in, backed up, wiped, back, compared: on a real PostgreSQL and a real S3 wire."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.ops.api import Api
from tests.ops.scripts import needing, run
from tests.services import Postgres, migrated
from tests.storage import Storage

FILES = {
    "files/3f2a": b"a picture",
    "files/empty": b"",
    "files/ca/ll with spaces, ünïcode.wav": bytes(range(256)) * 40_000,
}

_FILL = """
DO $$ DECLARE t record; names text; vals text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r'
    AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '%version%'
  LOOP
    SELECT string_agg(quote_ident(column_name), ', '), string_agg(CASE
        WHEN data_type LIKE '%char%' OR data_type = 'text' THEN quote_literal('Zoë said “hi” 🚪')
        WHEN data_type LIKE 'json%' THEN quote_literal('{"a": [1, null, "ü"]}')
        WHEN data_type LIKE 'timestamp%' THEN quote_literal('2026-02-28T12:00:00.123456Z')
        WHEN data_type = 'boolean' THEN 'true'
        WHEN data_type = 'bytea' THEN quote_literal('\\x00ff')
        WHEN data_type = 'uuid' THEN quote_literal('6f1c9f5e-0000-4000-8000-000000000001')
        ELSE '7' END, ', ')
      INTO names, vals FROM information_schema.columns
      WHERE table_name = t.relname AND table_schema = 'public' AND is_generated = 'NEVER';
    EXECUTE format('INSERT INTO %I (%s) VALUES (%s)', t.relname, names, vals);
  END LOOP;
END $$
"""
"""A row for each table, with what is hard to carry over."""


def contents(url: str) -> str:
    """All that is in a database, as text."""
    dumped = subprocess.run(
        ["pg_dump", "--no-owner", url],  # noqa: S607 - Debian's
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # Newer servers put a random word around it.
    return "\n".join(line for line in dumped.splitlines() if "restrict " not in line[:12])


@dataclass
class Site:
    """A gateway's database and bucket, and a bucket for backups."""

    server: Postgres
    storage: Storage
    env: dict[str, str]

    @property
    def url(self) -> str:
        return self.env["DATABASE_URL"]

    def object_url(self, bucket: str, key: str) -> str:
        return f"{self.storage.url}/{self.env[bucket]}/{key}"

    def put(self, key: str, content: bytes, bucket: str = "S3_BUCKET") -> None:
        self._ask("PUT", self.object_url(bucket, key), content)

    def get(self, key: str, bucket: str = "S3_BUCKET") -> bytes:
        return self._ask("GET", self.object_url(bucket, key))

    def _ask(self, method: str, url: str, content: bytes = b"") -> bytes:
        # The double asks for a signature and does not look at it.
        who = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request"
        }
        answer = httpx.request(method, url, content=content, headers=who, trust_env=False)
        answer.raise_for_status()
        return answer.content

    def files(self) -> dict[str, bytes]:
        return {key: self.get(key) for key in self.storage.keys(self.env["S3_BUCKET"])}

    def elsewhere(self) -> Site:
        """Nothing yet but the same backups."""
        fresh = {"DATABASE_URL": self.server.database(), "S3_BUCKET": self.storage.bucket().bucket}
        return Site(self.server, self.storage, {**self.env, **fresh})

    def backup(self, name: str) -> str:
        done = run("backup.sh", "--name", name, env=self.env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def template(postgres_service: Postgres) -> str:
    """A database with today's schema, and a row in each of its tables."""
    first = migrated(postgres_service)
    postgres_service.run(_FILL, first)
    # The server writes some conditions of indexes in other words once they were dumped.
    url = postgres_service.database()
    subprocess.run(
        ["psql", "--quiet", "--output", "/dev/null", url],  # noqa: S607 - Debian's
        input=contents(first),
        text=True,
        check=True,
    )
    return url


@pytest.fixture
def site(template: str, postgres_service: Postgres, storage_service: Storage) -> Iterator[Site]:
    needing("rclone", "jq", "pg_dump", "psql")
    url = postgres_service.database(template.rpartition("/")[2])
    env = {
        "DATABASE_URL": url,
        "S3_BUCKET": storage_service.bucket().bucket,
        "BACKUP_BUCKET": storage_service.bucket().bucket,
        "AWS_ENDPOINT_URL": storage_service.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    made = Site(postgres_service, storage_service, env)
    for key, content in FILES.items():
        made.put(key, content)
    yield made
    postgres_service.drop(url)


def test_what_was_backed_up_comes_back_into_an_empty_place(site: Site) -> None:
    before = contents(site.url)
    assert "Zoë said “hi” 🚪" in before
    assert site.backup("monday") == "monday"
    fresh = site.elsewhere()
    done = run("restore.sh", "monday", env=fresh.env)
    assert done.returncode == 0, done.stderr
    assert contents(fresh.url) == before
    assert fresh.files() == FILES


def test_a_backup_says_what_is_in_it(site: Site) -> None:
    site.backup("monday")
    manifest = json.loads(site.get("monday/manifest.json", "BACKUP_BUCKET"))
    dump = site.get("monday/database.dump", "BACKUP_BUCKET")
    assert manifest["database"]["sha256"] == sha256(dump).hexdigest()
    assert manifest["database"]["bytes"] == len(dump)
    assert manifest["files"]["count"] == len(FILES)


def test_restoring_refuses_what_is_not_empty(site: Site) -> None:
    site.backup("monday")
    site.server.run("CREATE TABLE later (id int)", site.url)
    before = contents(site.url)
    done = run("restore.sh", "monday", env=site.env)
    assert done.returncode == 1
    assert "give --force" in done.stderr
    assert contents(site.url) == before


def test_restoring_refuses_a_bucket_with_files(site: Site) -> None:
    site.backup("monday")
    fresh = site.elsewhere()
    fresh.put("files/new", b"new")
    done = run("restore.sh", "monday", env=fresh.env)
    assert done.returncode == 1
    assert "has files: give --force" in done.stderr
    assert fresh.files() == {"files/new": b"new"}


def test_forced_it_replaces_everything_of_the_database(site: Site) -> None:
    before = contents(site.url)
    site.backup("monday")
    for change in (
        "CREATE TABLE later (id serial)",
        "CREATE VIEW seen AS SELECT * FROM messages",
        "DELETE FROM deliveries",
        "ALTER TABLE messages ADD COLUMN later text",
    ):
        site.server.run(change, site.url)
    done = run("restore.sh", "monday", "--force", env=site.env)
    assert done.returncode == 0, done.stderr
    assert contents(site.url) == before


def test_forced_and_failing_it_leaves_the_database_as_it_was(site: Site) -> None:
    site.backup("monday")
    # The dump cannot make this type again, which the wiping leaves alone.
    other = site.elsewhere()
    site.server.run("CREATE TABLE kept (id int)", other.url)
    site.server.run("CREATE TYPE messages AS ENUM ('in the way')", other.url)
    before = contents(other.url)
    done = run("restore.sh", "monday", "--force", env=other.env)
    assert done.returncode == 1
    assert "as it was before" in done.stderr
    assert contents(other.url) == before


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("database.dump", "the dump"),
        ("files.sha256", "the list of files"),
        ("files/files/3f2a", "files"),
    ],
)
def test_a_damaged_backup_changes_nothing(site: Site, key: str, what: str) -> None:
    site.backup("monday")
    stored = f"monday/{key}".replace("files/files/", "files/")
    site.put(stored, site.get(stored, "BACKUP_BUCKET")[:-1] + b"!", "BACKUP_BUCKET")
    fresh = site.elsewhere()
    done = run("restore.sh", "monday", env=fresh.env)
    assert done.returncode == 1
    assert f"{what} of monday" in done.stderr
    assert "nothing was changed" in done.stderr
    assert fresh.files() == {}
    assert "CREATE TABLE" not in contents(fresh.url)


def test_half_a_backup_is_none(site: Site) -> None:
    site.put("tuesday/database.dump", b"half", "BACKUP_BUCKET")
    site.backup("monday")
    assert run("restore.sh", "--list", env=site.env).stdout.split() == ["monday"]
    done = run("restore.sh", "tuesday", env=site.elsewhere().env)
    assert done.returncode == 1
    assert "no whole backup tuesday" in done.stderr


def test_a_backup_is_never_written_over(site: Site) -> None:
    site.backup("monday")
    done = run("backup.sh", "--name", "monday", env=site.env)
    assert done.returncode == 1
    assert "choose another name" in done.stderr


@pytest.mark.parametrize("script", ["backup.sh", "restore.sh"])
def test_everything_that_is_missing_is_named_at_once(script: str) -> None:
    needing("rclone", "jq", "pg_dump", "psql")
    done = run(script, env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert done.returncode == 1
    for name in ("BACKUP_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"):
        assert name in done.stderr
    assert "AWS_ENDPOINT_URL" not in done.stderr


def test_a_password_is_not_in_the_list_of_processes(site: Site) -> None:
    spied = {**site.env, "DATABASE_URL": site.url.replace("frontdoor@", "frontdoor:p%40ss%2Fw@")}
    shown = subprocess.run(
        ["bash", "-c", ". terraform/scripts/lib.sh; read_database_url; echo $DATABASE $PGPASSWORD"],  # noqa: S607 - as above
        env={**spied, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert shown == [site.url, "p@ss/w"]


def test_a_database_out_of_reach_is_dumped_by_its_operator(site: Site) -> None:
    """Over Scaleway's API, of which a double answers as its documentation says."""
    dump = subprocess.run(
        ["pg_dump", "--format=custom", site.url],  # noqa: S607 - as above
        capture_output=True,
        check=True,
    ).stdout
    states = ["creating", "ready", "exporting", "ready"]

    def answer(method: str, path: str, _: Any) -> Any:
        if path == "/dump":
            return dump
        if method == "POST":
            return {"id": "b1"}
        state = states.pop(0)
        return {"id": "b1", "status": state, "download_url": None if states else f"{api.url}/dump"}

    with Api(answer) as api:
        env = {name: value for name, value in site.env.items() if name != "DATABASE_URL"}
        env |= {
            "RDB_INSTANCE_ID": "i1",
            "SCW_SECRET_KEY": "s",
            "SCW_API_URL": api.url,
            "POLL_SECONDS": "0",
        }
        done = run("backup.sh", "--name", "managed", env=env)
        assert done.returncode == 0, done.stderr
    method, path, body, key = api.asked[0]
    assert (method, path, key) == ("POST", "/rdb/v1/regions/fr-par/backups", "s")
    assert body["instance_id"] == "i1"
    assert body["database_name"] == "frontdoor"
    fresh = site.elsewhere()
    done = run("restore.sh", "managed", env=fresh.env)
    assert done.returncode == 0, done.stderr
    assert contents(fresh.url) == contents(site.url)
