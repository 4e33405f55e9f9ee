from __future__ import annotations

from types import SimpleNamespace

import pytest

from channels.telegram.config import ALLOWED_UPDATES, TelegramConfig
from channels.telegram.intake import webhook_stands

OURS = "https://door.example/telegram/webhook"


@pytest.mark.parametrize(
    ("url", "updates", "error", "stands"),
    [
        (OURS, ALLOWED_UPDATES, None, True),
        (OURS, tuple(reversed(ALLOWED_UPDATES)), "Connection timed out", True),
        ("https://elsewhere.example/", ALLOWED_UPDATES, None, False),
        (OURS, ("message",), None, False),
        # The secret cannot be read back, so a refusal tells that it differs.
        (OURS, ALLOWED_UPDATES, "Wrong response from the webhook: 403 Forbidden", False),
    ],
)
def test_a_webhook_is_set_again_when_it_differs(
    *, url: str, updates: tuple[str, ...], error: str | None, stands: bool
) -> None:
    info = SimpleNamespace(url=url, allowed_updates=updates, last_error_message=error)
    assert webhook_stands(info, OURS) is stands


def test_the_secret_is_derived_from_the_token_and_fits_the_header() -> None:
    first, second = TelegramConfig("42:A"), TelegramConfig("42:B")
    assert first.webhook_secret == TelegramConfig("42:A").webhook_secret
    assert first.webhook_secret != second.webhook_secret
    assert first.webhook_secret.isalnum()
    assert TelegramConfig("42:A", secret="mine").webhook_secret == "mine"


def test_a_config_does_not_show_its_secrets() -> None:
    assert "hidden" not in repr(TelegramConfig("42:hidden", secret="hidden"))


def test_a_token_without_a_number_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="BotFather"):
        TelegramConfig("nonsense")
