"""Settings that are kept in Scaleway's Secret Manager, fetched once at the start.

Containers there cannot be given a secret but in plain sight of whoever may read their
configuration; so they get one key, and fetch the rest with it. Nothing of this is loaded unless
`SECRETS_FROM` says so.

The API: https://www.scaleway.com/en/developers/api/secret-manager, "Access a secret's version using
the secret's name and path".
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.errors import SettingsError

if TYPE_CHECKING:
    import httpx

AT_ONCE = 8
"""Secrets fetched at the same time."""

WAITS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try. A container that gives up is only started again."""

LONGEST_WAIT = 10.0
"""Seconds; no more, whatever `Retry-After` says."""

PATIENCE_SECONDS = 5.0
"""For one answer."""

_TRY_AGAIN = frozenset({408, 425, 429})
_NOT_ALLOWED = frozenset({401, 403})
_NOT_THERE = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Where secrets are kept, and the key to them."""

    url: str
    region: str
    project: str
    key: str = field(repr=False)
    """The secret half of an IAM API key."""
    paths: Sequence[str] = ("/",)
    """Folders in the order they are looked into."""


def fetched(
    vault: Vault,
    names: Sequence[str],
    *,
    needed: bool,
    wait: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """The latest enabled version of each secret that is there.

    All of them have to be there if they are `needed`, else at least one. Raises SettingsError,
    which names the secret and never says what is in it.
    """
    import httpx  # noqa: PLC0415 - who keeps no secrets there need not load it

    if not names:
        return {}
    headers = {"X-Auth-Token": vault.key}
    with (
        httpx.Client(base_url=vault.url, headers=headers, timeout=PATIENCE_SECONDS) as client,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        tasks = [threads.submit(_look_up, client, vault, name, wait) for name in names]
        try:
            values = [task.result() for task in tasks]
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
    there = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    where = f"at {' or '.join(vault.paths)} of project {vault.project} in {vault.region}"
    if needed and (missing := [name for name in names if name not in there]):
        raise SettingsError(
            f"Secret Manager has no {', '.join(missing)} with an enabled version {where}: add it "
            "there, or take it out of SECRETS_NAMES."
        )
    if not there:
        raise SettingsError(
            f"Secret Manager has none of our secrets {where}: name them as settings are named "
            "(DATABASE_URL, say), and check SECRETS_PATH, SECRETS_PROJECT and SECRETS_REGION."
        )
    return there


def _look_up(
    client: httpx.Client, vault: Vault, name: str, wait: Callable[[float], None]
) -> str | None:
    for path in vault.paths:
        answer = _asked(client, vault, path, name, wait)
        if answer.status_code == _NOT_THERE:
            continue
        if answer.status_code in _NOT_ALLOWED:
            raise SettingsError(
                f"Secret Manager does not let us read {name} ({answer.status_code}): "
                "SECRETS_API_KEY must be the secret key of an application with the permission set "
                f"SecretManagerSecretAccess in project {vault.project}."
            )
        if not answer.is_success:
            raise SettingsError(f"Secret Manager refused to give {name} ({answer.status_code}).")
        return _content(answer.content, name)
    return None


def _asked(
    client: httpx.Client, vault: Vault, path: str, name: str, wait: Callable[[float], None]
) -> httpx.Response:
    import httpx  # noqa: PLC0415 - as above

    for delay in (*WAITS, None):
        asked_for = 0.0
        try:
            answer = client.get(
                f"/secret-manager/v1beta1/regions/{vault.region}"
                "/secrets-by-path/versions/latest_enabled/access",
                params={"project_id": vault.project, "secret_path": path, "secret_name": name},
            )
        except httpx.TransportError as error:
            trouble = type(error).__name__
        else:
            if answer.status_code not in _TRY_AGAIN and not answer.is_server_error:
                return answer
            trouble = str(answer.status_code)
            said = answer.headers.get("retry-after", "")
            asked_for = float(said) if said.isdecimal() else 0.0
        if delay is not None:
            wait(min(max(delay, asked_for), LONGEST_WAIT))
    raise SettingsError(
        f"Secret Manager at {vault.url} did not give us {name} in {len(WAITS) + 1} tries "
        f"({trouble}): check SECRETS_URL, SECRETS_REGION and the network."
    )


def _content(body: bytes, name: str) -> str:
    try:
        return base64.b64decode(json.loads(body)["data"], validate=True).decode()
    except (ValueError, KeyError, TypeError, binascii.Error):
        # The error itself may have the secret in it.
        raise SettingsError(
            f"Secret Manager's answer for {name} is not text in Base64; store the plain value, as "
            "an opaque secret."
        ) from None
