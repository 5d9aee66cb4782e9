"""Which columns of a table may be what is to be predicted, the likeliest first, each with the reason."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from smeaton.data._screen import is_id_name, null_mask
from smeaton.errors import DataError
from smeaton.task.infer import infer_output
from smeaton.task.table import Array
from smeaton.task.types import Type
from smeaton.task.values import parse_column

_NAMES = (
    "target", "label", "class", "y", "outcome", "result", "churn", "churned", "price", "status", "score", "default",
    "survived", "response", "diagnosis", "rating", "amount", "quality", "category", "type",
)  # fmt: skip
#: Rows looked at, evenly spaced.
_ROWS = 5_000
_FEW = 20
_MOST_CLASSES = 0.2  # of the rows: a category with more values is a name


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column, the type it would be as output, and what speaks for it."""

    name: str
    type: Type
    why: str
    score: float


def candidates(table: Mapping[str, Array]) -> list[Candidate]:
    """Columns that can be predicted, the likeliest first: by name, by place (targets stand last), by few values."""
    names = list(table)
    found = []
    for place, name in enumerate(names):
        column = table[name]
        one = _candidate(name, column[:: max(1, len(column) // _ROWS)], place == len(names) - 1)
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda one: -one.score)


def quoted(name: str) -> str:
    """A word as a shell takes it."""
    return shlex.quote(name)


def _candidate(name: str, column: Array, last: bool) -> Candidate | None:
    held = column[~null_mask(column)]
    if column.ndim > 1 or not len(held):
        return None
    try:
        kind = infer_output(held, name)
    except DataError:
        return None
    values = _different(held, kind)
    if values < 2 or (kind.is_class and values > max(_FEW, _MOST_CLASSES * len(held))):
        return None
    if is_id_name(name) and values == len(held):
        return None
    said = [_words(kind, values)]
    score = {True: 1.0, False: 0.5}[kind.is_class or kind.type == "list"]
    if values == 2:
        score += 0.5
    plain = name.lower().strip()
    if plain in _NAMES:
        score += 3.0
        said.append("named as one")
    elif any(word in plain for word in _NAMES if len(word) > 4):
        score += 1.5
        said.append("named like one")
    if is_id_name(name):
        score -= 3.0
    if last:
        score += 1.2
        said.append("the last column")
    return Candidate(name, kind, ", ".join(said), score)


def _different(held: Array, kind: Type) -> int:
    parsed, _ = parse_column(held, msgspec.structs.replace(kind, optional=True), "")
    if parsed.dtype == object:
        return len({value if isinstance(value, str | int) else repr(value) for value in parsed.tolist()} - {None})
    return len(np.unique(parsed.astype(np.float64)[~np.isnan(parsed.astype(np.float64))]))


def _words(kind: Type, values: int) -> str:
    if kind.type == "list":
        return "lists of labels"
    return f"{values:,} classes" if kind.is_class else "numbers"
