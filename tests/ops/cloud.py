"""Stand-ins for terraform, docker and frontdoor: they note how they were called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROGRAM = """#!/usr/bin/env bash
printf '%s\\n' "$(basename "$0") $*" >>"{log}"
{body}
"""

_TERRAFORM = """
case "$*" in
  *" output -json") cat "{outputs}" ;;
  *" apply "*-target=*) [ ! -e "{folder}/fail-provision" ] ;;
  *" apply "*) [ ! -e "{folder}/fail-containers" ] ;;
esac
"""

_FRONTDOOR = (
    'if [ "$1" = connect ]; then echo "PUBLIC_URL=$PUBLIC_URL" >>"{log}"; fi; cat >/dev/null'
)
_DOCKER = 'if [ "$1" = manifest ]; then exit 1; fi; cat >/dev/null'


class Cloud:
    """A folder with stand-ins, and what they were asked to do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "log"
        self._outputs = folder / "outputs.json"
        self.says({})
        self._program("terraform", _TERRAFORM)
        self._program("docker", _DOCKER)
        self._program("frontdoor", _FRONTDOOR)

    def says(self, outputs: Mapping[str, Any]) -> None:
        """What `terraform output` yields from now on."""
        told = {name: {"value": value} for name, value in outputs.items()}
        self._outputs.write_text(json.dumps(told), "utf-8")

    def fail(self, stage: str) -> None:
        """Let `terraform apply` fail in a stage."""
        (self.folder / f"fail-{stage}").touch()

    def mend(self, stage: str) -> None:
        (self.folder / f"fail-{stage}").unlink()

    @property
    def calls(self) -> list[str]:
        """What was run, but for looks at what there is."""
        lines = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        return [line for line in lines if "output -json" not in line]

    def _program(self, name: str, body: str) -> None:
        filled = body.format(log=self._log, outputs=self._outputs, folder=self.folder)
        path = self.folder / name
        path.write_text(_PROGRAM.format(log=self._log, body=filled), "utf-8")
        path.chmod(0o755)
