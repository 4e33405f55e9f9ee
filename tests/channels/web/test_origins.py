from __future__ import annotations

import pytest

from channels.web.origins import Origins

ORIGINS = Origins(
    ("https://door.example.com", "", "https://Shop.example.com:443", "http://a.test:81")
)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://localhost",
        "http://localhost:3000",
        "https://127.0.0.1:8443",
        "http://[::1]:8080",
        "https://door.example.com",
        "https://shop.example.com",
        "http://a.test:81",
    ],
)
def test_known_pages_and_no_browser_may(origin: str | None) -> None:
    assert ORIGINS.admit(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        "http://door.example.com",
        "https://door.example.com:8443",
        "https://door.example.com.evil.example",
        "https://localhost.evil.example",
        "https://localhost@evil.example",
        "https://evil.example#localhost",
        "http://127.0.0.1.nip.io",
        "file://localhost",
        "http://[::1",
        "http://a.test:99999",
    ],
)
def test_others_may_not(origin: str) -> None:
    assert not ORIGINS.admit(origin)
