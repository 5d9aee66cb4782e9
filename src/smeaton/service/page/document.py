"""The page as HTML: whole and readable without its script, every value escaped."""

import json
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from smeaton.service.hosted import Hosted
from smeaton.service.page.assets import SCRIPT, STYLE
from smeaton.service.page.examples import example_rows
from smeaton.service.page.fields import Field
from smeaton.service.page.lines import KEY_VARIABLE, curl_lines, python_lines
from smeaton.task.structure import END, START, is_spans, words
from smeaton.task.types import Type

_ACTIONS = (
    '<div class="actions live"><button type="submit">Ask <kbd>Ctrl Enter</kbd></button>'
    '<button type="button" data-act="example">Fill an example</button>'
    '<button type="button" data-act="clear">Clear</button><p class="fault"></p></div>'
)


def index_page(models: Mapping[str, Hosted], base: str, needs_key: bool = False) -> str:
    """The page; `base` is the address it was asked at, with a slash at its end.

    `needs_key`: predictions ask for an API key, which the page itself did not. It then shows what the tasks state and
    nothing that stems from their data: no samples, no values seen.

    Raises:
        BundleError: the samples of a bundle are damaged.
    """
    sections = "".join(_section(number, model, base, needs_key) for number, model in enumerate(models.values()))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(', '.join(models) or 'no model')} - Smeaton</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{STYLE}</style></head><body>'
        f'<header class="top"><h1>Smeaton <span>try a model</span></h1>{_choice(models)}{_key(needs_key)}</header>'
        f"<main>{sections or '<p>No model is loaded.</p>'}</main>{_elsewhere(needs_key)}"
        f'<p id="live" class="unseen" role="status"></p><script>{SCRIPT}</script></body></html>'
    )


def _choice(models: Mapping[str, Hosted]) -> str:
    """A list to choose from; without the script its links lead down the page."""
    if len(models) < 2:
        return ""
    links = "".join(f'<li><a href="#{quote(_anchor(name))}">{escape(name)}</a></li>' for name in models)
    return f'<nav aria-label="Models"><ul>{links}</ul></nav>'


def _key(needs_key: bool) -> str:
    if not needs_key:
        return ""
    return (
        '<form class="key live" id="key-form" autocomplete="off"><label for="key">API key</label>'
        '<input id="key" type="password" autocomplete="off" spellcheck="false" aria-describedby="key-hint key-fault">'
        f'<p class="hint" id="key-hint">kept until this page is closed; the lines take it from ${KEY_VARIABLE}</p>'
        '<p class="fault" id="key-fault"></p></form>'
    )


def _elsewhere(needs_key: bool) -> str:
    rest, oip = ("<code>/openapi.json</code>", "<code>/v2</code>") if needs_key else (
        '<a href="openapi.json">/openapi.json</a>', '<a href="v2">/v2</a>'
    )  # fmt: skip
    return f"<footer><p>For machines: OpenAPI at {rest}, the Open Inference Protocol at {oip}.</p></footer>"


def _anchor(name: str) -> str:
    return f"model-{name}"


def _section(number: int, model: Hosted, base: str, needs_key: bool) -> str:
    """One model: what it is, its form, its answer, its lines."""
    types = {name: model.task.input_types[name] for name in model.engine.program.inputs}
    rows = example_rows(model, types, from_data=not needs_key)
    path = f"models/{quote(model.name, safe='')}/predict"
    columns = {} if needs_key else {column.name: column for column in model.bundle.manifest.profile.columns}
    fields = "".join(
        Field(f"m{number}-f{place}", name, kind, rows[0][name], columns.get(name)).html()
        for place, (name, kind) in enumerate(types.items())
    )
    title = f"m{number}"
    return (
        f'<section class="model" id="{escape(_anchor(model.name))}" aria-labelledby="{title}">'
        f'<header>{_heading(model, title)}</header><div class="desk">'
        f'<form novalidate autocomplete="off" aria-label="Inputs" {_data(model, path, types, rows)}>'
        f'<h3>Inputs</h3><div class="fields">{fields}</div>{_ACTIONS}</form><div class="side">'
        f'<section class="answer live" aria-labelledby="{title}-answer"><h3 id="{title}-answer">Answer</h3>'
        '<div class="said" tabindex="-1"><p class="quiet">Ask, and it is shown here.</p></div></section>'
        f'<section class="lines" aria-labelledby="{title}-lines"><h3 id="{title}-lines">The same from elsewhere</h3>'
        f"{_figure('curl', curl_lines(base + path, rows[0], needs_key))}"
        f"{_figure('Python', python_lines(base + path, rows[0], needs_key))}</section></div></div></section>"
    )


def _heading(model: Hosted, title: str) -> str:
    task, outcome = model.task, model.bundle.manifest.outcome
    facts = [f"answers <b>{escape(task.target)}</b> ({escape(words(task.output_type))})"]
    facts.append(f"bundle <code>{escape(model.version)}</code>")
    if outcome != "ready":
        facts.append(f"outcome of its build: <b>{escape(outcome)}</b>")
    goal = f'<p class="goal" dir="auto">{escape(task.goal)}</p>' if task.goal else ""
    why = f": {escape(model.why)}" if model.why else ""
    notice = "" if model.ready else f'<p class="notice" dir="auto">This model is not ready{why}</p>'
    return (
        f'<h2 id="{title}" tabindex="-1">{escape(model.name)}</h2>{goal}'
        f'<p class="facts">{" <i>·</i> ".join(facts)}</p>{notice}'
    )


def _data(model: Hosted, path: str, types: Mapping[str, Type], rows: list[dict[str, object]]) -> str:
    """What the script must know of a model beside its fields."""
    kind, texts = model.task.output_type, [name for name, kind in types.items() if kind.type == "text"]
    found = {"path": path, "examples": json.dumps(rows, ensure_ascii=False), "unit": kind.unit or ""}
    if is_spans(kind) and len(texts) == 1 and kind.of is not None and kind.of.fields is not None:
        fields = kind.of.fields
        labels = [name for name, part in fields.items() if part.type == "category" and name not in (START, END)]
        found |= {"spans": texts[0], "label": labels[0] if labels else ""}
    return " ".join(f'data-{name}="{escape(value)}"' for name, value in found.items())


def _figure(name: str, lines: str) -> str:
    button = f'<button type="button" class="copy live" aria-label="Copy the {name} lines">Copy</button>'
    shown = f'<pre tabindex="0" role="region" aria-label="{name} lines"><code>{lines}</code></pre>'
    return f"<figure><figcaption>{name}</figcaption>{button}{shown}</figure>"
