"""One field of a form for each input, by its type. An empty field is null, as everywhere (see `task.values`)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from smeaton.task.forms import form_of
from smeaton.task.profile import ColumnProfile
from smeaton.task.structure import words
from smeaton.task.types import Label, Type

_SHOWN_VALUES = 5  # as many as the card shows


@dataclass(frozen=True, slots=True)
class Field:
    """An input with the value it begins with. `seen` is what may be shown of its training values; `id` is unique on
    the page."""

    id: str
    name: str
    kind: Type
    value: Any
    seen: ColumnProfile | None = None

    @property
    def form(self) -> str:
        """How the script reads and fills the field."""
        kind = self.kind
        if kind.type == "boolean" or (kind.type == "category" and kind.base == "boolean"):
            return "boolean"
        if kind.type == "category":
            return "label" if kind.labels else "number" if kind.base == "integer" else "text"
        return {"number": "number", "integer": "number", "text": "text", "timestamp": "moment"}.get(kind.type, "json")

    def html(self) -> str:
        """The control with its label, what is known of its values, and an empty place for what is wrong with it."""
        wide = " wide" if self.form == "json" or self.kind.type == "text" else ""
        data = f'data-name="{escape(self.name)}" data-form="{self.form}"'
        title = (
            f'<span class="name" dir="auto">{escape(self.name)}</span> <span class="type">{escape(self._type())}</span>'
        )
        below = f'<p class="hint" id="{self.id}-hint">{escape(self._hint())}</p>' if self._hint() else ""
        below += f'<p class="fault" id="{self.id}-fault"></p>'
        if self.form == "boolean":
            return (
                f'<fieldset class="field" {data} aria-describedby="{self._about()}"><legend>{title}</legend>'
                f"{self._choice()}{below}</fieldset>"
            )
        return f'<div class="field{wide}" {data}><label for="{self.id}">{title}</label>{self._control()}{below}</div>'

    def _type(self) -> str:
        unit = f", {self.kind.unit}" if self.kind.unit else ""
        return words(self.kind) + unit + (" or null" if self.kind.optional else "")

    def _about(self) -> str:
        return f"{self.id}-hint {self.id}-fault" if self._hint() else f"{self.id}-fault"

    def _hint(self) -> str:
        kind, length = self.kind, form_of(self.kind).layout
        form = {"json": "as JSON", "moment": "in UTC"}.get(self.form, "")
        if kind.type == "vector" and length:
            form = f"{length} numbers, as JSON"
        return " · ".join(part for part in (kind.about, _bounds(kind), form, self._usual()) if part)

    def _usual(self) -> str:
        """Where most training values lay, as the card says it."""
        levels = self.seen.quantiles if self.seen is not None else ()
        if self.kind.type not in ("number", "integer") or len(levels) < 3:
            return ""
        return f"mostly {_number(levels[1])} to {_number(levels[-2])}"

    def _control(self) -> str:
        shared = f'id="{self.id}" aria-describedby="{self._about()}"' + ("" if self.kind.optional else " required")
        if self.form == "label":
            return f"<select {shared}>{self._options()}</select>"
        hint = ' placeholder="null"' if self.kind.optional else ""
        if self.form == "json" or self.kind.type == "text":
            lines = (
                2 if self.form == "json" else min(8, max(2, round((self.seen.mean_length if self.seen else 0) / 60)))
            )
            text = _json(self.value) if self.form == "json" else _text(self.value)
            checks = ' spellcheck="false"' if self.form == "json" else ""
            return f'<textarea {shared} rows="{lines}" dir="auto"{checks}{hint}>\n{escape(text)}</textarea>'
        kinds = {
            "number": f'type="number" {_limits(self.kind)}',
            "moment": 'type="datetime-local" step="1"',
            "text": 'type="text" dir="auto" spellcheck="false"',
        }
        text = _text(self.value)[:19] if self.form == "moment" else _text(self.value)
        known = self._known()
        chosen = f' list="{self.id}-known"' if known else ""
        return f'<input {shared} {kinds[self.form]} value="{escape(text)}"{hint}{chosen}>{known}'

    def _options(self) -> str:
        first = "null" if self.kind.optional else "choose one"
        options = [f'<option value="">{first}</option>']
        for label in self.kind.labels or ():
            chosen = " selected" if _same(label, self.value) else ""
            options.append(f'<option value="{escape(_json(label))}"{chosen}>{escape(_text(label))}</option>')
        return "".join(options)

    def _choice(self) -> str:
        values: Sequence[Any] = [label for label in (True, False) if not self.kind.labels or label in self.kind.labels]
        choices = []
        for value in (*values, *((None,) if self.kind.optional else ())):
            chosen = " checked" if _same(value, self.value) else ""
            text = _json(value)
            button = f'<input type="radio" name="{self.id}" value="{text}"{chosen}>'
            choices.append(f"<label>{button} {text}</label>")
        return f'<div class="choice">{"".join(choices)}</div>'

    def _known(self) -> str:
        if self.seen is None or self.kind.type != "category":
            return ""
        options = "".join(f'<option value="{escape(value)}"></option>' for value, _ in self.seen.values[:_SHOWN_VALUES])
        return f'<datalist id="{self.id}-known">{options}</datalist>' if options else ""


def _number(value: float, digits: int = 4) -> str:
    """A number for people: 35,060 and not 3.506e+04."""
    return f"{float(f'{value:.{digits}g}'):,.15g}"


def _bounds(kind: Type) -> str:
    low, high = (None if bound is None else _number(bound, 15) for bound in (kind.min, kind.max))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{low} or more" if low is not None else f"{high} or less" if high is not None else ""


def _limits(kind: Type) -> str:
    step = "any" if kind.type == "number" else "1"
    bounds = (("min", kind.min), ("max", kind.max))
    return " ".join([f'step="{step}"', *(f'{name}="{bound:.15g}"' for name, bound in bounds if bound is not None)])


def _same(label: Label | None, value: Any) -> bool:
    return type(label) is type(value) and label == value


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
