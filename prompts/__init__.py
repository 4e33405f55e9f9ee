"""Every prompt and every sentence we say of our own accord, by language.

A sentence lives in `prompts/<language>/<book>.toml` under a key and may hold
`{placeholders}`; a prompt is `prompts/<language>/<name>.md`. What a language lacks is
said in English.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

FALLBACK = "en"


def language_of(locale: str) -> str:
    """The language of a BCP 47 tag that we have a folder for, else English."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in languages() else FALLBACK


@cache
def languages() -> tuple[str, ...]:
    """The languages we have, as ISO 639-1 codes."""
    return tuple(
        sorted(f.name for f in files(__name__).iterdir() if f.is_dir() and f.name.isalpha())
    )


@cache
def _book(name: str, language: str) -> dict[str, str]:
    path = files(__name__) / language / f"{name}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def sentence(book: str, key: str, locale: str = "", **values: object) -> str:
    """The sentence under `key` of `book` in the person's language, filled in.

    Raises KeyError when even English lacks it.
    """
    words = _book(book, language_of(locale)).get(key) or _book(book, FALLBACK)[key]
    return words.format(**values)


@cache
def prompt(name: str, locale: str = "") -> str:
    """A whole prompt, for a model."""
    path = files(__name__) / language_of(locale) / f"{name}.md"
    if not path.is_file():
        path = files(__name__) / FALLBACK / f"{name}.md"
    return path.read_text("utf-8").strip()
