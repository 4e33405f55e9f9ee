"""The page at `/v1/docs`: the OpenAPI schema as plain HTML, from nowhere but here."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0 }
tr + tr td { border-top: 1px solid #8884 }
h2 { margin-top: 2.5rem } code, .method { font-family: ui-monospace, monospace }
:root { color-scheme: light dark }
"""


def page(schema: Mapping[str, Any]) -> str:
    """The whole page."""
    info, base = schema["info"], schema["servers"][0]["url"]
    operations = "".join(
        _operation(base + path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    )
    models = "".join(
        _model(name, model)
        for name, model in schema["components"]["schemas"].items()
        if "properties" in model
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(info['title'])}</title>"
        f'<meta name="viewport" content="width=device-width">'
        f'<link rel="stylesheet" href="docs.css"></head><body>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])} The schema for machines is at "
        f'<a href="openapi.json">openapi.json</a>.</p>'
        f"<h2>Operations</h2>{operations}<h2>Models</h2>{models}</body></html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    taken = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    good: Mapping[str, Any] = next(
        (r for code, r in operation["responses"].items() if code.startswith("2")), {}
    )
    given = good.get("content", {}).get("application/json", {})
    rows = "".join(
        _row(p["name"], p["schema"], required=p.get("required", False))
        for p in operation.get("parameters", ())
    )
    about = " ".join(
        f"{word} <code>{escape(_kind(content['schema']))}</code>."
        for word, content in (("Takes", taken), ("Gives", given))
        if content.get("schema")
    )
    return (
        f'<h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>'
        f"<p>{escape(operation['summary'])}. {about}</p><table>{rows}</table>"
    )


def _model(name: str, model: Mapping[str, Any]) -> str:
    required = model.get("required", ())
    rows = "".join(
        _row(field, schema, required=field in required)
        for field, schema in model["properties"].items()
    )
    described = escape(model.get("description", ""))
    return f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{described}</p><table>{rows}</table>'


def _row(name: str, schema: Mapping[str, Any], *, required: bool) -> str:
    return (
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_kind(schema))}</td>"
        f"<td>{'required' if required else ''}</td></tr>"
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "anything")
