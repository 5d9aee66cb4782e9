"""The small page at `/`: what answers here, and the lines that ask it. Static, every value escaped, no script."""

import base64
import hashlib
import json
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

from smeaton.service.hosted import Hosted
from smeaton.task.types import Type

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;"
    "background:#fff}pre{background:#f3f4f6;padding:.8rem;overflow:auto;border-radius:6px}"
    "td,th{text-align:left;padding:.2rem 1rem .2rem 0}"
    "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#14171a}pre{background:#22272e}a{color:#8ab4f8}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Nothing but this one style may be used.
PAGE_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}


def index_page(models: Mapping[str, Hosted], base: str, needs_key: bool = False) -> str:
    """The page as HTML; `base` is the address it was asked at, with a slash at its end."""
    parts = "".join(_section(model, base) for model in models.values())
    names = escape(", ".join(models))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{names} - Smeaton</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{parts}'
        '<p>The machine-readable description is at <a href="/openapi.json">/openapi.json</a>; '
        'the Open Inference Protocol at <a href="/v2">/v2</a>.</p></body></html>'
    )


def _section(model: Hosted, base: str, needs_key: bool = False) -> str:
    task = model.task
    types = {name: task.input_types[name] for name in model.engine.program.inputs}
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(_words(kind))}</td></tr>" for name, kind in types.items())
    body = json.dumps({"rows": [{name: example_value(kind) for name, kind in types.items()}]})
    address = shlex.quote(f"{base}models/{model.name}/predict")
    curl = f"curl -s {address} -H 'content-type: application/json' -d {shlex.quote(body)}"
    goal = escape(task.goal or f"Predicts {task.target}.")
    which = escape(f"Bundle {model.version}, {model.bundle.manifest.outcome}.")
    return (
        f"<h1>{escape(model.name)}</h1><p>{goal} {which}</p>"
        f"<table><tr><th>input</th><th>type</th></tr>{rows}</table><pre>{escape(curl)}</pre>"
    )


def _words(kind: Type) -> str:
    return kind.type + (" or null" if kind.optional else "")


def example_value(kind: Type) -> Any:
    """A plain value of a type, to show what a request looks like."""
    if kind.type == "category":
        if kind.labels:
            return kind.labels[0]
        return {"text": "a", "integer": 1, "boolean": True}[kind.base]
    if kind.type in ("number", "integer"):
        inside = min(max(1.0, kind.min if kind.min is not None else 1.0), kind.max if kind.max is not None else 1.0)
        return int(inside) if kind.type == "integer" else inside
    values = {"boolean": True, "timestamp": "2026-01-31T12:00:00Z", "vector": [0.0], "list": [], "object": {}}
    return values.get(kind.type, "some text")
