"""`make image-test`: builds the image by its Dockerfile, and runs it as strictly as engines can.

The folder of the build is kept (`build/image`): the second time it takes seconds.
"""
# ruff: noqa: T201 - it tells how it goes

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import httpx

from tests.gateway.test_vault import KEY, PROJECT, keeping
from tests.image.building import Builder, CannotBuild
from tests.image.dockerfile import ROOT
from tests.image.jailed import Jail
from tests.kill.house import free_port
from tests.services import Postgres, Redis, ServiceMissing

LARGEST = 300_000_000
"""Bytes, as a registry keeps it and machines pull it."""

LARGEST_UNPACKED = 560_000_000
"""Bytes on a disk; Scaleway advises less than 1 GB."""

OURS = {"SECRETS_FROM": "scaleway", "SECRETS_PATH": "/front-door/test"}
TOKEN = "a-token-for-the-agent"


def main() -> None:
    """Build it, measure it, run it. Raises AssertionError."""
    builder = Builder(ROOT / "build" / "image")
    started = time.monotonic()
    builder.build()
    print(f"built in {time.monotonic() - started:.0f} s")
    sizes(builder)
    container, root = builder.mounted()
    jail = Jail(root, builder.config)
    try:
        assert builder.config["architecture"] == "amd64"
        libraries(jail)
        alone(jail)
        together(jail)
    finally:
        jail.close()
        builder.remove(container)


def sizes(builder: Builder) -> None:
    layers = builder.layers()
    for layer in layers:
        what = " ".join(layer.made_by.split())[:60]
        print(f"  {layer.packed / 1e6:6.1f} MB packed  {what}")
    packed = sum(layer.packed for layer in layers)
    print(f"  {packed / 1e6:6.1f} MB packed, {builder.unpacked / 1e6:.0f} MB unpacked")
    assert packed < LARGEST
    assert builder.unpacked < LARGEST_UNPACKED


def libraries(jail: Jail) -> None:
    """What was taken out is missed by nobody, and nothing can be written but data."""
    script = (ROOT / "tests" / "image" / "inside.py").read_text("utf-8")
    done = jail.run("python", "-", input=script, settings={"HOME": "/data"})
    assert done.returncode == 0, done.stderr
    for program in ("gcc", "pip", "strip", "npm", "node"):
        assert jail.run("sh", "-c", f"command -v {program}").returncode, program
    print("  every library works, the root is read-only, no build tool is there")


def alone(jail: Jail) -> None:
    """With nothing set, as process 1, as nobody, and told to stop."""
    settings = {"PORT": str(free_port())}
    with jail.serving(settings=settings) as house:
        alive = house.until("/healthz")
        ready = house.until("/readyz", '"agent":"ok"')
        status = Path(f"/proc/{house.pid}/status").read_text()
        assert f"NSpid:\t{house.pid}\t1\n" in status, "it is process 1, and no shell is"
        assert "CapEff:\t0000000000000000" in status
        assert "Uid:\t10001" in status
        check = jail.run(*house_check(jail), settings=settings)
        assert check.returncode == 0, check.stderr
        said = jail.frontdoor("chat", "--url", house.url, input="add a task: buy milk\n")
        assert "uy milk" in said.stdout, said.stdout + said.stderr
        print(
            f"  alive after {alive:.2f} s, ready after {ready:.2f} s, {house.memory / 1e6:.0f} MB"
        )
        assert house.stop() == 0
        for line in house.log.splitlines():
            assert {"event", "level", "time"} <= set(json.loads(line)), line
        assert '"event": "drained"' in house.log
    check = jail.run(*house_check(jail), settings=settings)
    assert check.returncode, "nobody is there to be healthy"


def house_check(jail: Jail) -> list[str]:
    kind, *command = jail.config["Healthcheck"]["Test"]
    assert kind == "CMD"
    return [str(word) for word in command]


def together(jail: Jail) -> None:
    """Two roles on one PostgreSQL and one Redis, with secrets from a secret manager."""
    agent, web = {"PORT": str(free_port())}, {"PORT": str(free_port())}
    with Postgres() as postgres, Redis() as redis:
        kept = {
            "DATABASE_URL": postgres.database(),
            "REDIS_URL": redis.url,
            "API_TOKEN": TOKEN,
            "AGENT_TOKEN": TOKEN,
        }
        with keeping(kept, "/front-door/test") as manager:
            fetching = OURS | {
                "SECRETS_API_KEY": KEY,
                "SECRETS_PROJECT": PROJECT,
                "SECRETS_URL": manager.url,
                "SECRETS_NAMES": ",".join(kept),
            }
            migrated = jail.frontdoor("migrate", settings=fetching)
            assert migrated.returncode == 0, migrated.stderr
            roles = fetching | {"MIGRATE": "off"}
            at = f"http://127.0.0.1:{agent['PORT']}"
            agent |= roles | {"PUBLIC_URL": at}
            door = roles | web | {"AGENT_URL": at}
            with (
                jail.serving(
                    "frontdoor", "serve", "--role", "agent", settings=roles | agent
                ) as brain,
                jail.serving("frontdoor", "serve", "--role", "web", settings=door) as house,
            ):
                brain.until("/readyz", '"ready":true')
                took = house.until("/readyz", '"ready":true')
                said = jail.frontdoor("chat", "--url", house.url, input="add a task: buy milk\n")
                assert "uy milk" in said.stdout, said.stdout + said.stderr
                assert httpx.get(f"{house.url}/a2a", trust_env=False).status_code == 404
                assert TOKEN not in house.log + brain.log
                assert (house.stop(), brain.stop()) == (0, 0)
    print(f"  two roles with fetched secrets: ready after {took:.2f} s, and they answer")


if __name__ == "__main__":
    try:
        main()
    except (CannotBuild, ServiceMissing) as error:
        sys.exit(str(error))
    print("The image is as it should be.")
