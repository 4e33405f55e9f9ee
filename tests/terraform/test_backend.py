"""The state in S3, with its lock: real Terraform, and an S3 wire of our own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from tests.storage import Storage
from tests.terraform.offline import Workspace

BUCKET = "front-door-tfstate"
STATE = "dev/terraform.tfstate"
LOCK = f"{STATE}.tflock"
# A network is enough to have a state.
APPLY = ("apply", "-no-color", "-var-file=environments/dev.tfvars", "-target=module.vpc")
AT_ONCE = (*APPLY, "-input=false", "-auto-approve")

Operator = Callable[[], Workspace]


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    with Storage() as server:
        yield server


@pytest.fixture
def bucket(storage: Storage) -> S3Store:
    """What an operator makes by hand, empty."""
    storage._ask("POST", "/moto-api/reset").raise_for_status()
    storage._ask("PUT", f"/{BUCKET}").raise_for_status()
    return S3Store(
        BUCKET, endpoint=storage.url, region="us-east-1",
        access_key_id="key", secret_access_key="secret", client_options={"allow_http": True},
    )  # fmt: skip


@pytest.fixture
def operator(
    storage: Storage, fresh: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """Makes checkouts of the stack, with the backend as it is but for where it is."""
    nobody = tmp_path / "nobody"
    nobody.touch()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": str(nobody),
        "AWS_SHARED_CREDENTIALS_FILE": str(nobody),
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    here = tmp_path / "here.tfbackend"
    here.write_text(f'endpoints = {{ s3 = "{storage.url}" }}\nuse_path_style = true\n')

    def one() -> Workspace:
        checkout = fresh()
        (checkout.folder / "local_override.tf").unlink()
        ended = checkout.terraform(
            "init", "-input=false", "-no-color", "-reconfigure",
            "-backend-config=environments/dev.s3.tfbackend", f"-backend-config={here}",
        )  # fmt: skip
        assert ended.code == 0, ended.said
        return checkout

    return one


def test_the_state_is_in_the_bucket_and_every_checkout_finds_it(
    bucket: S3Store, operator: Operator
) -> None:
    first = operator()
    applied = first.terraform(*AT_ONCE)
    assert applied.code == 0, applied.said
    assert _keys(bucket) == [STATE], "the lock goes with the run"
    state = _read(bucket, STATE)
    assert "scaleway_vpc" in {resource["type"] for resource in state["resources"]}
    assert not list(first.folder.glob("*.tfstate")), "there is a second state"

    listed = operator().terraform("state", "list")
    assert "module.vpc.scaleway_vpc.main" in listed.said.split()


def test_who_comes_while_another_runs_is_refused_until_that_ends(
    bucket: S3Store, operator: Operator
) -> None:
    first, second = operator(), operator()
    with _asked(first) as running:
        assert LOCK in _keys(bucket)
        lock = _read(bucket, LOCK)

        refused = second.terraform(*AT_ONCE)
        assert refused.code == 1, refused.said
        assert "Error acquiring the state lock" in refused.words
        assert lock["ID"] in refused.words, "it is not said whose lock it is"
        assert STATE not in _keys(bucket)
        # Who is refused takes nobody's lock away.
        assert _read(bucket, LOCK) == lock

        running.communicate("no\n", timeout=60)

    assert _keys(bucket) == []
    let_in = second.terraform(*AT_ONCE)
    assert let_in.code == 0, let_in.said
    assert _keys(bucket) == [STATE]


def test_a_lock_that_nobody_holds_any_more_is_taken_away_by_its_id(
    bucket: S3Store, operator: Operator
) -> None:
    here = operator()
    left = {"ID": "5d3b6c6e-0000-4000-8000-000000000000", "Operation": "OperationTypeApply",
            "Info": "", "Who": "ops@away", "Version": "1.11.0",
            "Created": "2026-01-01T00:00:00Z", "Path": f"{BUCKET}/{STATE}"}  # fmt: skip
    obstore.put(bucket, LOCK, json.dumps(left).encode())

    refused = here.terraform(*AT_ONCE)
    assert refused.code == 1, refused.said
    assert "ops@away" in refused.words

    freed = here.terraform("force-unlock", "-force", left["ID"])
    assert freed.code == 0, freed.said
    assert _keys(bucket) == []
    assert here.terraform(*AT_ONCE).code == 0


def _keys(bucket: S3Store) -> list[str]:
    return [each["path"] for page in obstore.list(bucket) for each in page]


def _read(bucket: S3Store, key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(bytes(obstore.get(bucket, key).bytes()))
    return content


@contextmanager
def _asked(here: Workspace) -> Iterator[subprocess.Popen[str]]:
    """A run that has been planned, and waits for yes or no."""
    with here.begun(*APPLY) as running:
        assert running.stdout is not None
        said = ""
        # The question ends without a line's end.
        while not said.endswith("Enter a value:"):
            letter = running.stdout.read(1)
            assert letter, said
            said += letter
        yield running
