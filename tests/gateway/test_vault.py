"""Secrets that are kept in a secret manager: fetched by name, and never told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.errors import SettingsError
from gateway.settings import Settings, read
from gateway.vault import LONGEST_WAIT, WAITS, Vault, fetched

NO_FILE = Path("there is no such file")
KEY = "11111111-2222-3333-4444-555555555555"
PROJECT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
URL = "postgresql://frontdoor:hunter2@10.0.0.4:5432/frontdoor"


class SecretManager(ThreadingHTTPServer):
    """The one call of Scaleway's Secret Manager that we make, as its reference describes it."""

    daemon_threads = True

    def __init__(self, secrets: dict[tuple[str, str], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secrets = secrets
        self.troubles: list[tuple[int, dict[str, str]]] = []
        """What is answered first, instead."""
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, line: str, token: str) -> tuple[int, dict[str, str], Any]:
        url = urlsplit(line)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.asked.append(query.get("secret_name", ""))
        if self.troubles:
            status, headers = self.troubles.pop(0)
            return status, headers, {"message": "busy"}
        region = "/secret-manager/v1beta1/regions/fr-par/secrets-by-path"
        if url.path != f"{region}/versions/latest_enabled/access":
            return 400, {}, {"type": "invalid_arguments"}
        if token != KEY:
            return 403, {}, {"type": "permissions_denied"}
        data = self.secrets.get((query["secret_path"], query["secret_name"]))
        if query["project_id"] != PROJECT or data is None:
            return 404, {}, {"type": "not_found", "resource": "secret"}
        return 200, {}, {"secret_id": "id", "revision": 1, "data": data.decode(), "type": "opaque"}


class _Handler(BaseHTTPRequestHandler):
    server: SecretManager
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        token = self.headers.get("X-Auth-Token", "")
        status, headers, said = self.server.answer(self.path, token)
        body = json.dumps(said).encode()
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A server that is only there for a test says nothing."""


@contextmanager
def keeping(secrets: dict[str, str], path: str = "/front-door/prod") -> Iterator[SecretManager]:
    stored = {(path, name): base64.b64encode(v.encode()) for name, v in secrets.items()}
    with SecretManager(stored) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def environment(server: SecretManager, **more: str) -> dict[str, str]:
    return {
        "SECRETS_FROM": "scaleway",
        "SECRETS_PATH": "/front-door/prod",
        "SECRETS_API_KEY": KEY,
        "SECRETS_PROJECT": PROJECT,
        "SECRETS_URL": server.url,
        **more,
    }


def vault(server: SecretManager, **other: Any) -> Vault:
    return Vault(
        **{
            "url": server.url,
            "region": "fr-par",
            "project": PROJECT,
            "key": KEY,
            "paths": ["/front-door/prod"],
            **other,
        }
    )


def test_settings_are_fetched_by_their_names() -> None:
    with keeping({"DATABASE_URL": URL, "GROQ_API_KEY": "gsk_1\n"}) as server:
        settings = read(environment(server), NO_FILE)
    assert settings.database_url == URL
    assert settings.groq_api_key == "gsk_1", "a newline at the end of a secret is no part of it"


def test_nobody_is_asked_unless_the_operator_says_so() -> None:
    with keeping({"DATABASE_URL": URL}) as server:
        given = environment(server) | {"SECRETS_FROM": ""}
        assert read(given, NO_FILE).database_url == ""
        assert server.asked == []


def test_the_environment_wins_and_what_is_set_there_is_not_asked_for() -> None:
    with keeping({"DATABASE_URL": URL, "GROQ_API_KEY": "theirs"}) as server:
        settings = read(environment(server, GROQ_API_KEY="ours"), NO_FILE)
        assert "GROQ_API_KEY" not in server.asked
    assert (settings.groq_api_key, settings.database_url) == ("ours", URL)


def test_the_file_wins_too(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("GROQ_API_KEY=ours\n")
    with keeping({"DATABASE_URL": URL, "GROQ_API_KEY": "theirs"}) as server:
        assert read(environment(server), dotenv).groq_api_key == "ours"


def test_the_first_folder_that_has_a_secret_gives_it() -> None:
    with keeping({"DATABASE_URL": URL, "API_TOKEN": "everybody's"}) as server:
        own = base64.b64encode(b"voice's")
        server.secrets["/front-door/prod/voice", "API_TOKEN"] = own
        paths = "/front-door/prod/voice, /front-door/prod"
        settings = read(environment(server, SECRETS_PATH=paths), NO_FILE)
    assert (settings.api_token, settings.database_url) == ("voice's", URL)


def test_only_what_is_named_is_fetched_secret_or_not() -> None:
    kept = {"DATABASE_URL": URL, "TWILIO_ACCOUNT_SID": "AC1", "GROQ_API_KEY": "gsk_1"}
    with keeping(kept) as server:
        names = "DATABASE_URL,TWILIO_ACCOUNT_SID"
        settings = read(environment(server, SECRETS_NAMES=names), NO_FILE)
        assert sorted(server.asked) == ["DATABASE_URL", "TWILIO_ACCOUNT_SID"]
    assert (settings.twilio_account_sid, settings.groq_api_key) == ("AC1", "")


def test_what_is_named_has_to_be_there() -> None:
    with keeping({"DATABASE_URL": URL}) as server:
        given = environment(server, SECRETS_NAMES="DATABASE_URL,REDIS_URL")
        with pytest.raises(SettingsError, match=r"has no REDIS_URL .*/front-door/prod"):
            read(given, NO_FILE)


def test_a_folder_without_any_of_our_secrets_is_the_wrong_one() -> None:
    with (
        keeping({"database-url": URL}) as server,
        pytest.raises(SettingsError, match="SECRETS_PATH"),
    ):
        read(environment(server), NO_FILE)


def test_the_vendors_own_names_are_understood() -> None:
    with keeping({"DATABASE_URL": URL}) as server:
        given = {
            "SECRETS_FROM": "scaleway",
            "SECRETS_PATH": "/front-door/prod",
            "SCW_SECRET_KEY": KEY,
            "SCW_DEFAULT_PROJECT_ID": PROJECT,
            "SCW_DEFAULT_REGION": "fr-par",
            "SCW_API_URL": server.url,
        }
        assert read(given, NO_FILE).database_url == URL


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRETS_FROM", "vault"),
        ("SECRETS_PATH", "front-door/prod"),
        ("SECRETS_NAMES", "DATABASE_URL,DATENBANK"),
        ("SECRETS_NAMES", "SECRETS_API_KEY"),
        ("SECRETS_API_KEY", ""),
        ("SECRETS_PROJECT", ""),
        ("SECRETS_REGION", "../../fr-par"),
        ("SECRETS_URL", "api.scaleway.com"),
    ],
)
def test_a_wrong_value_is_refused_before_anybody_is_asked(variable: str, value: str) -> None:
    with keeping({"DATABASE_URL": URL}) as server:
        with pytest.raises(SettingsError, match=variable):
            read(environment(server) | {variable: value}, NO_FILE)
        assert server.asked == []


def test_a_key_that_may_not_is_told_which_permission_it_lacks() -> None:
    with (
        keeping({"DATABASE_URL": URL}) as server,
        pytest.raises(
            SettingsError, match=r"read DATABASE_URL .*SecretManagerSecretAccess"
        ) as told,
    ):
        fetched(vault(server, key="stolen"), ["DATABASE_URL"], needed=True)
    assert "stolen" not in str(told.value)


def test_a_busy_secret_manager_is_asked_again_after_a_while() -> None:
    waits: list[float] = []
    with keeping({"DATABASE_URL": URL}) as server:
        server.troubles = [(503, {}), (429, {"Retry-After": "3"}), (429, {"Retry-After": "3600"})]
        got = fetched(vault(server), ["DATABASE_URL"], needed=True, wait=waits.append)
    assert got == {"DATABASE_URL": URL}
    assert waits == [WAITS[0], 3.0, LONGEST_WAIT]


def test_a_secret_manager_that_is_away_is_named_together_with_the_secret() -> None:
    waits: list[float] = []
    with keeping({}) as server:
        gone = vault(server)
    with pytest.raises(SettingsError, match=r"did not give us DATABASE_URL .*ConnectError"):
        fetched(gone, ["DATABASE_URL"], needed=True, wait=waits.append)
    assert waits == list(WAITS)


@pytest.mark.parametrize("data", [b"hunter2!", b"/w=="])
def test_what_is_no_text_is_refused_without_being_shown(data: bytes) -> None:
    with keeping({}) as server:
        server.secrets["/front-door/prod", "DATABASE_URL"] = data
        with pytest.raises(SettingsError, match="DATABASE_URL") as told:
            fetched(vault(server), ["DATABASE_URL"], needed=True)
    assert "hunter2" not in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


def test_what_was_fetched_is_struck_out_of_the_log_like_any_secret() -> None:
    with keeping({"DATABASE_URL": URL}) as server:
        settings = read(environment(server), NO_FILE)
    assert {URL, KEY} <= set(settings.secrets)


def test_the_key_does_not_show() -> None:
    made = Vault(url="", region="", project="", key=KEY)
    assert KEY not in repr(made)
    assert Settings().secrets_from == ""
