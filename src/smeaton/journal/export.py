"""Predictions as a flat table: one row each, the same columns in every row."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smeaton.journal.read import Prediction

#: Kinds of columns: all cells are of it or null. `text` also holds what is of several kinds; `json` is text as well.
KINDS = ("boolean", "integer", "number", "text", "numbers", "json")
_HEAD = {
    "at": "moment", "id": "text", "row": "integer", "model": "text", "bundle": "text", "wire": "text", "caller": "text",
    "trace": "text",
}  # fmt: skip
_TAIL = {"seconds": "number", "truth": "text", "truth_at": "moment"}
_INT64 = 2**63


@dataclass
class Shape:
    """The columns of an export, found by looking at every prediction once.

    With `wide` each input is a column; else all are one, `inputs`, as JSON. An input whose name is taken (letters alone
    do not tell names apart: `At` is `at`) is called `input_NAME`.
    """

    wide: bool
    inputs: dict[str, str] = field(default_factory=dict)  # name -> kind, empty while all were null
    answers: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    truth: str = ""

    def look(self, prediction: Prediction) -> None:
        """Take a prediction into account."""
        if self.wide:
            _widen(self.inputs, prediction.inputs)
        answer = dict(prediction.answer)
        shares = answer.pop("probability", None)
        if isinstance(shares, dict):
            _widen(self.labels, shares)
        elif shares is not None:
            answer["probability"] = shares
        _widen(self.answers, answer)
        if prediction.truth is not None:
            self.truth = _joined(self.truth, prediction.truth.value)

    def columns(self) -> dict[str, str]:
        """Kind of each column by name, in order; a moment is text in ISO 8601, UTC."""
        middle = [
            *(self.inputs.items() if self.wide else [("inputs", "json")]),
            *self.answers.items(),
            *((f"probability_{label}", kind) for label, kind in self.labels.items()),
        ]
        tail = _TAIL | {"truth": self.truth or "text"}
        names = self._names([name for name, _ in middle])
        return _HEAD | {name: kind or "text" for name, (_, kind) in zip(names, middle, strict=True)} | tail

    def rows(self, predictions: Iterable[Prediction]) -> Iterator[list[Any]]:
        """One list of cells a prediction, in the order of `columns`."""
        for prediction in predictions:
            answer, truth = prediction.answer, prediction.truth
            shares = answer.get("probability")
            shares = shares if isinstance(shares, dict) else {}
            yield [
                moment(prediction.at), prediction.id, prediction.row, prediction.model, prediction.bundle,
                prediction.wire, prediction.caller, prediction.trace,
                *(
                    [_cell(prediction.inputs.get(name), kind) for name, kind in self.inputs.items()]
                    if self.wide
                    else [json.dumps(prediction.inputs, ensure_ascii=False)]
                ),
                *(_cell(answer.get(name), kind) for name, kind in self.answers.items()),
                *(_cell(shares.get(label), kind) for label, kind in self.labels.items()),
                prediction.seconds,
                None if truth is None else _cell(truth.value, self.truth),
                None if truth is None else moment(truth.at),
            ]  # fmt: skip

    def _names(self, wanted: list[str]) -> list[str]:
        taken = {name.casefold() for name in (*_HEAD, *_TAIL, *self.answers)}
        taken |= {f"probability_{label}".casefold() for label in self.labels}
        names = wanted[:]
        for place in range(len(self.inputs) if self.wide else 0):
            name = wanted[place]
            while name.casefold() in taken:
                name = f"input_{name}"
            taken.add(name.casefold())
            names[place] = name
        return names


def moment(at: float) -> str:
    """Unix seconds as ISO 8601 with microseconds and Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _widen(kinds: dict[str, str], values: dict[str, Any]) -> None:
    for name, value in values.items():
        kinds[name] = _joined(kinds.get(name, ""), value)


def _joined(kind: str, value: Any) -> str:
    """The kind of a column that was of `kind` until this value."""
    if value is None:
        return kind
    new = _kind(value)
    if kind in ("", new):
        return new
    both = {kind, new}
    if both == {"integer", "number"}:
        return "number"
    return "json" if both == {"numbers", "json"} else "text"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -_INT64 <= value < _INT64 else "text"
    if isinstance(value, float):
        return "number"
    if isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
        return "numbers"
    return "text" if isinstance(value, str) else "json"


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "number":
        return float(value)
    if kind == "json" or (kind == "text" and not isinstance(value, str)):
        return json.dumps(value, ensure_ascii=False)
    return value
