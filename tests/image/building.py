"""The image, built without an engine: by buildah, on a Debian of our own making.

There may be no registry within reach, so the base is made as Debian makes its slim images: a
minimal system from the archive, without documentation (https://github.com/debuerreotype/debuerreotype).
Everything else is the Dockerfile, carried out as it stands.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.image.dockerfile import ROOT

SUITE = "trixie"
BASE = f"docker.io/library/debian:{SUITE}-slim"
TAG = "localhost/frontdoor:test"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

# What Debian's slim images leave out.
_SLIM = """
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/info/*
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
"""


class CannotBuild(Exception):
    """Says what is missing on this machine."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, as a registry keeps it."""

    made_by: str
    packed: int
    """Bytes, compressed."""


class Builder:
    """Buildah with a storage of its own, which is kept between builds."""

    def __init__(self, folder: Path) -> None:
        """Raises CannotBuild."""
        if missing := [p for p in ("buildah", "mmdebstrap", "unshare") if not shutil.which(p)]:
            raise CannotBuild(
                f"{' and '.join(missing)} must be installed (Debian: apt-get install "
                "--no-install-recommends buildah mmdebstrap)."
            )
        if os.geteuid() != 0:
            raise CannotBuild("Only root can mount what was built and run it as somebody else.")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def build(self) -> None:
        """Carry out the Dockerfile; steps that are known are not repeated."""
        if not self._has(BASE):
            self._make_base()
        self._buildah("bud", "--isolation", "chroot", "--format", "docker", "--layers",
                      "--pull-never", "--tag", TAG, *self._certificates(), str(ROOT))  # fmt: skip

    @property
    def config(self) -> dict[str, Any]:
        """What an engine is told of how to run it."""
        told: dict[str, Any] = json.loads(self._output("inspect", "--type", "image", TAG))["Docker"]
        return {**told["config"], "architecture": told["architecture"]}

    @property
    def unpacked(self) -> int:
        """Bytes of all layers."""
        listed = json.loads(self._output("images", "--json", TAG))
        return sum(_bytes_of(image["size"]) for image in listed)

    def layers(self) -> list[Layer]:
        """From the base up, as they would be pushed."""
        shelf = self.folder / "pushed"
        shutil.rmtree(shelf, ignore_errors=True)
        self._buildah("push", "--quiet", "--format", "oci", TAG, f"dir:{shelf}")
        manifest = json.loads((shelf / "manifest.json").read_text())
        config = json.loads((shelf / manifest["config"]["digest"].split(":")[1]).read_text())
        steps = [step for step in config["history"] if not step.get("empty_layer")]
        sizes = [layer["size"] for layer in manifest["layers"]]
        shutil.rmtree(shelf)
        return [Layer(s["created_by"], n) for s, n in zip(steps, sizes, strict=True)]

    def mounted(self) -> tuple[str, Path]:
        """A container of it and its root; to be given back to `remove`."""
        container = self._output("from", "--pull-never", TAG).strip()
        return container, Path(self._output("mount", container).strip())

    def remove(self, container: str) -> None:
        self._buildah("rm", container)

    def _make_base(self) -> None:
        tar = self.folder / "base.tar"
        slim = [f"--dpkgopt={line}" for line in _SLIM.split()]
        make = ["mmdebstrap", "--quiet", "--variant=minbase", *slim, SUITE, str(tar)]
        subprocess.run(make, check=True)
        container = self._output("from", "scratch").strip()
        self._buildah("add", "--quiet", container, str(tar), "/")
        self._buildah("config", "--cmd", "bash", container)
        self._buildah("commit", "--quiet", "--rm", "--format", "docker", container, BASE)
        tar.unlink()

    def _certificates(self) -> list[str]:
        """Have pip and npm trust whom this machine trusts: it may sit behind a proxy."""
        if not CERTIFICATES.exists():
            return []
        pip, npm = self.folder / "pip.conf", self.folder / "npmrc"
        pip.write_text("[global]\ncert = /run/machine.pem\n")
        npm.write_text("cafile=/run/machine.pem\n")
        shared = {CERTIFICATES: "/run/machine.pem", pip: "/etc/pip.conf", npm: "/root/.npmrc"}
        return [f"--volume={here.resolve()}:{there}:ro" for here, there in shared.items()]

    def _has(self, image: str) -> bool:
        return not self._run(["images", "--quiet", image], quiet=True).returncode

    def _buildah(self, *arguments: str) -> None:
        done = self._run(arguments)
        if done.returncode:
            raise CannotBuild(f"buildah {arguments[0]} failed:\n{done.stdout[-4000:]}")

    def _output(self, *arguments: str) -> str:
        return self._run(arguments, quiet=True, check=True).stdout

    def _run(
        self, arguments: Sequence[str], *, quiet: bool = False, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        places = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run")]
        return subprocess.run(
            ["buildah", *places, *arguments],  # noqa: S607 - found above
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
            text=True,
            check=check,
        )


def _bytes_of(size: str) -> int:
    number, unit = size.split()
    return round(float(number) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit.upper()])
