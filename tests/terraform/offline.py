"""Real Terraform with providers of our own, without network and without an account.

    python -m tests.terraform.offline terraform plan -var-file=environments/dev.tfvars

runs one command on a copy of terraform/, as the tests do.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STACK = Path(__file__).parents[2] / "terraform"
STUB = Path(__file__).parent / "stub"
PATIENCE_SECONDS = 110.0

CREDENTIALS = {
    "groq_api_key": "gsk-credential-of-groq",
    "openai_api_key": "sk-credential-of-openai",
    "cartesia_api_key": "credential-of-cartesia",
    "twilio_auth_token": "credential-of-twilio",
    "telegram_bot_token": "123456:credential-of-telegram",
    "github_token": "credential-of-github",
    "grafana_secret_key": "credential-of-grafana",
}
VARIABLES = {
    "project_id": "11111111-1111-4111-8111-111111111111",
    "domain": "door.example.com",
    "dns_zone": "example.com",
    "image_tag": "1.0.0",
    "alert_emails": '["ops@example.com"]',
    "twilio_account_sid": "AC" + "0" * 32,
    "twilio_phone_number": "+33123456789",
}


@dataclass(frozen=True)
class Ended:
    """How a command of Terraform ended."""

    code: int
    said: str

    @property
    def words(self) -> str:
        """What it said in one line, for Terraform folds and frames its messages."""
        return " ".join(self.said.replace("│", " ").split())


@dataclass(frozen=True)
class Workspace:
    """A copy of the stack, with a state of its own."""

    folder: Path
    providers: Path

    def terraform(self, *arguments: str, without: str = "") -> Ended:
        """Run one command, given all variables in the environment but `without`."""
        ended = subprocess.run(
            ["terraform", *arguments],  # noqa: S607 - the one on the PATH, as an operator has it
            cwd=self.folder,
            env=self._environment(without),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout)

    @contextmanager
    def begun(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on, and is asked things; it is ended with the block."""
        with subprocess.Popen(
            ["terraform", *arguments],  # noqa: S607 - as above
            cwd=self.folder,
            env=self._environment(""),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            try:
                yield running
            finally:
                running.terminate()

    def _environment(self, without: str) -> dict[str, str]:
        given = VARIABLES | CREDENTIALS
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TF_", "SCW_"))},
            **{f"TF_VAR_{name}": value for name, value in given.items() if name != without},
            "TF_CLI_CONFIG_FILE": str(self.providers / "terraformrc"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def plan(self, environment: str, *options: str, without: str = "") -> Ended:
        """Plan one of the environments, and keep the plan for `planned`."""
        file = f"-var-file=environments/{environment}.tfvars"
        plan = ("plan", "-input=false", "-no-color", "-out=plan.bin", file)
        return self.terraform(*plan, *options, without=without)

    def apply(self) -> Ended:
        """Apply the last plan."""
        return self.terraform("apply", "-input=false", "-no-color", "plan.bin")

    def planned(self) -> dict[str, Any]:
        """The last plan."""
        shown = self.terraform("show", "-json", "plan.bin")
        assert shown.code == 0, shown.said
        plan: dict[str, Any] = json.loads(shown.said)
        return plan

    def replace(self, path: str, old: str, new: str) -> None:
        """Write something else into a file of the copy."""
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new, 1))


def missing() -> str:
    """Why nothing can be run here; empty if it can."""
    if not shutil.which("terraform"):
        return "there is no terraform on the PATH; 1.11 or later proves terraform/"
    return ""


def provide(folder: Path) -> None:
    """Put launchers of the stand-ins where Terraform looks for providers."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    for schema in sorted((STUB / "schemas").glob("*.json")):
        known = json.loads(schema.read_text())
        name = f"terraform-provider-{known['address'].rsplit('/', 1)[1]}_v{known['version']}"
        home = folder / "mirror" / known["address"] / known["version"]
        launcher = home / f"{platform.system().lower()}_{machine}" / name
        launcher.parent.mkdir(parents=True)
        launcher.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -B "{STUB / "provider.py"}" {schema.stem}\n'
        )
        launcher.chmod(0o755)
    (folder / "terraformrc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder / "mirror"}"\n'
        "  }\n}\ndisable_checkpoint = true\n"
    )


def copy(folder: Path, providers: Path, initialised: Path | None = None) -> Workspace:
    """A copy of the stack in `folder`, with a local state in place of the remote one."""
    ignored = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "*.bin")
    shutil.copytree(STACK, folder, ignore=ignored)
    (folder / "local_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    workspace = Workspace(folder, providers)
    if initialised is None:
        ended = workspace.terraform("init", "-input=false", "-no-color")
        assert ended.code == 0, ended.said
    else:
        shutil.copytree(initialised / ".terraform", folder / ".terraform", symlinks=True)
        shutil.copy(initialised / ".terraform.lock.hcl", folder)
    return workspace


@contextmanager
def workspace() -> Iterator[Workspace]:
    """A copy that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="frontdoor-terraform-") as folder:
        provide(Path(folder))
        yield copy(Path(folder) / "stack", Path(folder))


def main() -> int:
    """One command on a copy."""
    if why := missing():
        sys.exit(why)
    with workspace() as here:
        ended = here.terraform(*sys.argv[2:])
        sys.stdout.write(ended.said)
        return ended.code


if __name__ == "__main__":
    sys.exit(main())
