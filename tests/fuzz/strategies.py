"""What is drawn: text and JSON as they come when somebody is careless, or is not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ODD = [
    "",
    " ",
    "\0",
    "\ud800",
    "\udfff",
    "\ufeff",
    "\u202e",
    "\u200d",
    "é",
    "ß",
    "😀",
    "👩‍👩‍👧",
    "\r\n",
    "\x7f",
    "\x1b[2J",
    "%00",
    "%s",
    "{0}",
    "../../etc/passwd",
    "<script>",
    "]]>",
    "&amp;",
    "'",
    '"',
    "\\",
    "1e999",
    "NaN",
    "null",
    "+",
    "@",
    "/",
    "#",
    "=",
    ":",
    "http://[",
    "٣",
    "²",
    "1" * 30,
    "9" * 5000,
    "a" * 5000,
    "＜",
    "\u2028",
]

texts = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=40),
    st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=8)), max_size=6).map("".join),
    st.text(st.characters(categories=["Cs", "Cc", "Lu", "Nd", "Po"]), max_size=20),
)
"""Lone surrogates included: JSON can write them."""

utf8 = texts.map(lambda text: text.encode("utf-8", "replace").decode())
"""As above, without them."""

numbers: st.SearchStrategy[Any] = st.one_of(
    st.integers(),
    st.integers(-3, 70),
    st.floats(),
    st.sampled_from([True, 2**31, 2**53, 2**63, -(2**63), 10**400, -1]),
)

scalars: st.SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), numbers, texts)

values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
"""Any JSON value."""


def either(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there."""
    return st.one_of(good, good, good, values)


def table(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of its fields, most of them as they should be."""
    return st.fixed_dictionaries({}, optional={k: either(v) for k, v in fields.items()})
