"""Bringing an environment up, down, and going on after something went wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kill.house import house
from tests.ops.api import Api
from tests.ops.cloud import Cloud
from tests.ops.scripts import SCRIPTS, needing, run
from tests.storage import Storage

STAGES = ["provision", "images", "containers", "migrate", "configure", "check"]

SECRETS = """
SCW_ACCESS_KEY=SCWAAAAAAAAAAAAAAAAA
SCW_SECRET_KEY=topsecret
SCW_DEFAULT_PROJECT_ID=11111111-1111-1111-1111-111111111111
GROQ_API_KEY=gsk_12345678
TELEGRAM_BOT_TOKEN=1:abc
TWILIO_ACCOUNT_SID=AC1
TWILIO_AUTH_TOKEN=tokentoken
TWILIO_PHONE_NUMBER=+33123456789
"""


class Town:
    """The cloud's API, the rulers and every door, at one address."""

    def __init__(self) -> None:
        self.statuses: dict[tuple[str, str], int] = {
            ("POST", "/telegram/webhook"): 403,
            ("POST", "/twilio/voice"): 403,
            ("GET", "/v1/projects"): 401,
        }
        self.api = Api(self._answer)

    def _answer(self, method: str, path: str, _: Any) -> Any:
        if path.endswith("/data-sources"):
            mine = {"origin": "custom", "url": f"{self.api.url}/ours"}
            theirs = {"origin": "scaleway", "url": f"{self.api.url}/theirs"}
            return {"data_sources": [mine, theirs]}
        return self.statuses.get((method, path), 200)

    def rules(self) -> dict[str, str]:
        return {path: body for _, path, body, _ in self.api.asked if "/config/v1/rules/" in path}


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    needing("jq", "curl")
    (tmp_path / "bin").mkdir()
    return Cloud(tmp_path / "bin")


@pytest.fixture
def town(cloud: Cloud) -> Iterator[Town]:
    made = Town()
    with made.api as api:
        outputs = {
            "registry_endpoint": "rg.fr-par.scw.cloud/front-door-dev",
            "public_url": api.url,
            "telegram_webhook_url": f"{api.url}/telegram/webhook",
            "twilio_webhook_url": f"{api.url}/twilio/voice",
            "agentops_url": api.url,
            "cockpit_urls": {"metrics": f"{api.url}/ours"},
            "dns_records": {"web.example.com": "CNAME x."},
            "bucket_name": "own-files",
            "backup_bucket_name": "own-backups",
            "database_id": "fr-par/i1",
        }
        cloud.says(outputs)
        yield made


@pytest.fixture
def env(tmp_path: Path, cloud: Cloud) -> dict[str, str]:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.tfvars").write_text('services_in_use = [\n  "groq", "telegram", "twilio",\n]\n')
    (folder / "dev.secrets").write_text(SECRETS)
    (folder / "dev.secrets").chmod(0o600)
    return {
        "PATH": str(cloud.folder),
        "ENVIRONMENTS": str(folder),
        "STATE": str(tmp_path / "state"),
        "READY_SECONDS": "0",
        "POLL_SECONDS": "0",
    }


def deploy(env: dict[str, str], town: Town, *arguments: str) -> subprocess.CompletedProcess[str]:
    at = {**env, "SCW_API_URL": town.api.url}
    return run("deploy.sh", "dev", "--tag", "t1", *arguments, env=at)


def test_everything_in_order(env: dict[str, str], cloud: Cloud, town: Town) -> None:
    done = deploy(env, town)
    assert done.returncode == 0, done.stderr
    init, provision, login, _, build, push, containers, *rest = cloud.calls
    assert "init" in init
    assert "-target=module.database" in provision
    assert "-target=module.doors" not in provision
    assert login.startswith("docker login")
    assert "topsecret" not in "".join(cloud.calls)
    assert build.startswith("docker build --platform linux/amd64")
    assert push == "docker push rg.fr-par.scw.cloud/front-door-dev/front-door:t1"
    assert "apply" in containers
    assert "-target" not in containers
    telegram, at, twilio, _, chat = rest
    assert telegram == "frontdoor connect telegram"
    assert at == f"PUBLIC_URL={town.api.url}"
    assert twilio == "frontdoor connect twilio"
    assert chat == f"frontdoor chat --url {town.api.url}"


def test_alert_rules_go_to_the_ruler_that_has_their_figures(
    env: dict[str, str], town: Town
) -> None:
    assert deploy(env, town).returncode == 0
    rules = town.rules()
    assert rules["/ours/prometheus/config/v1/rules/front-door-dev"].startswith("name: frontdoor\n")
    assert rules["/theirs/prometheus/config/v1/rules/front-door-dev"].startswith(
        "name: frontdoor-cloud\n"
    )
    assert {key for _, path, _, key in town.api.asked if "/rules/" in path} == {"topsecret"}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    env: dict[str, str], cloud: Cloud, town: Town
) -> None:
    done = deploy(env, town, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert cloud.calls == []
    assert town.api.asked == []
    for words in ("-target=module.database", "docker push", "frontdoor connect twilio"):
        assert f"{words}" in done.stderr
    assert not Path(env["STATE"]).exists()


def test_it_goes_on_where_it_stopped(env: dict[str, str], cloud: Cloud, town: Town) -> None:
    cloud.fail("containers")
    failed = deploy(env, town)
    assert failed.returncode == 1
    assert "web.example.com" in failed.stderr, "the names that have to be made first"
    assert "deploy.sh dev --tag t1 --from containers" in failed.stderr
    cloud.mend("containers")
    before = len(cloud.calls)
    done = deploy(env, town, "--from", "containers")
    assert done.returncode == 0, done.stderr
    assert not [call for call in cloud.calls[before:] if call.startswith("docker")]


def test_it_refuses_to_go_on_half_way(env: dict[str, str], cloud: Cloud, town: Town) -> None:
    cloud.fail("provision")
    assert deploy(env, town).returncode == 1
    done = deploy(env, town, "--from", "configure")
    assert done.returncode == 1
    assert "the stage provision was not done for t1" in done.stderr


def test_what_was_done_for_another_build_does_not_count(env: dict[str, str], town: Town) -> None:
    assert deploy(env, town).returncode == 0
    at = {**env, "SCW_API_URL": town.api.url}
    done = run("deploy.sh", "dev", "--tag", "t2", "--from", "check", env=at)
    assert done.returncode == 1
    assert "was not done for t2" in done.stderr


def test_a_stage_that_fails_again_is_not_done_any_more(
    env: dict[str, str], cloud: Cloud, town: Town
) -> None:
    assert deploy(env, town).returncode == 0
    cloud.fail("containers")
    assert deploy(env, town, "--from", "containers").returncode == 1
    done = deploy(env, town, "--from", "configure")
    assert "the stage containers was not done" in done.stderr


def test_everything_that_is_missing_is_named_at_once(
    env: dict[str, str], cloud: Cloud, town: Town
) -> None:
    (Path(env["ENVIRONMENTS"]) / "dev.secrets").write_text(
        "SCW_ACCESS_KEY=x\nTWILIO_AUTH_TOKEN=x\n"
    )
    done = deploy(env, town)
    assert done.returncode == 1
    assert cloud.calls == []
    missing = {"SCW_SECRET_KEY", "TF_VAR_project_id", "GROQ_API_KEY", "TELEGRAM_BOT_TOKEN"}
    for name in missing | {"TWILIO_ACCOUNT_SID", "TWILIO_PHONE_NUMBER"}:
        assert f"  - {name} " in done.stderr
    assert "  - TWILIO_AUTH_TOKEN" not in done.stderr
    assert "OPENAI" not in done.stderr


def test_secrets_that_others_may_read_are_not_read(env: dict[str, str], town: Town) -> None:
    (Path(env["ENVIRONMENTS"]) / "dev.secrets").chmod(0o644)
    done = deploy(env, town)
    assert done.returncode == 1
    assert "chmod 600" in done.stderr


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        (("GET", "/readyz"), 503, "the door web is not ready"),
        (("POST", "/twilio/voice"), 200, "the number's webhook"),
        (("GET", "/v1/projects"), 200, "must be closed to strangers"),
        (("GET", "/web/widget.js"), 404, "the widget's script"),
    ],
)
def test_it_does_not_call_done_what_is_not(
    env: dict[str, str], town: Town, asked: tuple[str, str], status: int, said: str
) -> None:
    town.statuses[asked] = status
    done = deploy(env, town)
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.usefixtures("town")
def test_nothing_is_destroyed_unless_its_name_is_typed(env: dict[str, str], cloud: Cloud) -> None:
    done = run("destroy.sh", "dev", "--without-backup", env=env, typed="yes\n")
    assert done.returncode == 1
    assert not [call for call in cloud.calls if "destroy" in call]
    done = run("destroy.sh", "dev", "--without-backup", env=env, typed="dev\n")
    assert done.returncode == 0, done.stderr
    assert "destroy -input=false -auto-approve" in cloud.calls[-1]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("bucket", ["own-files", "own-backups", ""])
def test_a_backup_that_would_be_destroyed_too_is_none(
    env: dict[str, str], cloud: Cloud, bucket: str
) -> None:
    done = run("destroy.sh", "dev", env={**env, "BACKUP_BUCKET": bucket}, typed="dev\n")
    assert done.returncode == 1
    assert "BACKUP_BUCKET" in done.stderr
    assert not [call for call in cloud.calls if "destroy" in call]


def test_a_backup_that_fails_keeps_everything(
    env: dict[str, str], cloud: Cloud, town: Town, storage_service: Storage
) -> None:
    needing("rclone", "pg_restore")
    town.statuses["POST", "/rdb/v1/regions/fr-par/backups"] = 403
    at = {**env, "SCW_API_URL": town.api.url, "AWS_ENDPOINT_URL": storage_service.url}
    at["BACKUP_BUCKET"] = storage_service.bucket().bucket
    done = run("destroy.sh", "dev", env=at, typed="dev\n")
    assert done.returncode != 0
    assert "403" in done.stderr
    assert not [call for call in cloud.calls if "destroy" in call]


def test_shellcheck_finds_nothing() -> None:
    needing("shellcheck")
    done = subprocess.run(
        ["shellcheck", "-x", "-P", "SCRIPTDIR", *map(str, sorted(SCRIPTS.glob("*.sh")))],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.anyio
async def test_a_front_door_that_runs_passes_the_check(
    env: dict[str, str], cloud: Cloud, tmp_path: Path
) -> None:
    """Real doors, and the real program that asks the agent; only Terraform is none."""
    (cloud.folder / "frontdoor").unlink()
    (Path(env["ENVIRONMENTS"]) / "dev.tfvars").write_text('services_in_use = ["groq"]\n')
    done_before = "".join(f"{stage} t1\n" for stage in STAGES[:-1])
    state = tmp_path / "state" / "dev"
    state.parent.mkdir()
    state.write_text(done_before)
    (tmp_path / "house").mkdir()
    async with house(tmp_path / "house", {"API_TOKEN": "a-token-for-the-api"}) as door:
        urls = {"telegram_webhook_url": f"{door.url}/telegram/webhook"}
        urls |= {"public_url": door.url, "agentops_url": door.url}
        cloud.says(urls | {"twilio_webhook_url": f"{door.url}/twilio/voice"})
        done = run("deploy.sh", "dev", "--tag", "t1", "--from", "check", env=env)
        assert done.returncode == 0, done.stderr
        assert f"dev runs t1: {door.url}" in done.stderr
