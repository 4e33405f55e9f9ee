"""Settings are read once, and a wrong one is named together with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import Settings, read

NO_FILE = Path("there is no such file")


def test_nothing_needs_to_be_set() -> None:
    assert read({}, NO_FILE) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=9000\nHOST=0.0.0.0\n")
    settings = read({"PORT": "9001"}, dotenv)
    assert (settings.host, settings.port) == ("0.0.0.0", 9001)  # noqa: S104 - read, not bound


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert read({"PORT": "", "PUBLIC_URL": " "}, NO_FILE) == Settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PUBLIC_URL", "door.example.com"),
        ("PUBLIC_URL", "https://example.com/door"),
        ("AGENT_URL", "ftp://agent"),
        ("TELEGRAM_BOT_TOKEN", "my token"),
        ("TELEGRAM_WEBHOOK_SECRET", "späce"),
        ("LOG_LEVEL", "chatty"),
        ("SECRET_KEY", "short"),
        ("LEASE_SECONDS", "0.1"),
        ("DEBOUNCE_SECONDS", "-1"),
        ("WEB_ORIGINS", "https://a.example,b.example"),
        ("WEB_ORIGINS", "https://a.example/shop"),
        ("ROLE", "web,fax"),
        ("MAX_SOCKETS", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_the_variables_name(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        read({variable: value}, NO_FILE)


def test_a_replica_opens_all_doors_unless_it_has_a_role() -> None:
    everything = {"telegram", "voice", "web", "agent"}
    assert read({}, NO_FILE).roles == read({"ROLE": "web, all"}, NO_FILE).roles == everything
    given = {"ROLE": "web, voice", "AGENT_URL": "http://agent"}
    assert read(given, NO_FILE).roles == {"web", "voice"}


def test_a_role_without_the_agent_wants_to_know_where_it_is() -> None:
    with pytest.raises(SettingsError, match="AGENT_URL"):
        read({"ROLE": "web"}, NO_FILE)


def test_an_agent_is_not_served_alone_to_the_world_without_a_token() -> None:
    alone = {"ROLE": "agent", "HOST": "0.0.0.0"}  # noqa: S104 - read, not bound
    with pytest.raises(SettingsError, match="API_TOKEN"):
        read(alone, NO_FILE)
    assert read({**alone, "API_TOKEN": "tok"}, NO_FILE).roles == {"agent"}


def test_origins_are_a_list() -> None:
    settings = read({"WEB_ORIGINS": "https://a.example/, https://b.example"}, NO_FILE)
    assert settings.web_origins == ("https://a.example", "https://b.example")


def test_one_postgresql_holds_the_conversations_and_the_agents_records() -> None:
    settings = read({"DATABASE_URL": "postgresql://u:p@db/door"}, NO_FILE)
    assert settings.database == settings.agent_database == "postgresql+psycopg://u:p@db/door"
    ours = read({"DATABASE_URL": "postgresql+asyncpg://db/door"}, NO_FILE)
    assert ours.database == "postgresql+asyncpg://db/door"


def test_secrets_are_known_so_that_logs_can_leave_them_out() -> None:
    settings = read({"GROQ_API_KEY": "gsk_1", "API_TOKEN": "tok", "HOST": "::1"}, NO_FILE)
    assert set(settings.secrets) == {"gsk_1", "tok"}


@pytest.mark.parametrize("number", ["nan", "inf", "-1", "1e999"])
def test_a_number_is_a_number(number: str) -> None:
    with pytest.raises(SettingsError, match="LEASE_SECONDS"):
        read({"LEASE_SECONDS": number}, NO_FILE)


@pytest.mark.parametrize("name", ["PUBLIC_URL", "AGENT_URL", "REDIS_URL", "GROQ_BASE_URL"])
def test_what_is_no_url_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read({name: "http://["}, NO_FILE)


def test_what_is_no_file_is_named() -> None:
    with pytest.raises(SettingsError, match="REDIS_CA_FILE"):
        read({"REDIS_CA_FILE": "x" * 5000}, NO_FILE)


def test_a_certificate_may_stand_where_its_file_would() -> None:
    written = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
    assert read({"REDIS_CA_FILE": written}, NO_FILE).redis_ca_file == written
