"""What objects and lists of a column are made of: fields with types of their own, numbers, labels.

Keys of objects become fields if at least five rows have them, or one in ten, at most the hundred commonest; a mapping
with people's names as keys is no table. Labels of lists are known if at least five rows have them, at most the fifty
commonest. Whatever else comes is taken and left aside.
"""

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import DataError
from smeaton.task.forms import SEPARATORS
from smeaton.task.readers import SPACE
from smeaton.task.table import Array, object_column
from smeaton.task.types import Type

_FEWEST, _SHARE = 5, 0.1
_MOST_FIELDS, _MOST_LABELS = 100, 50
_DEEPEST = 6
_SAMPLE = 200
_FEWEST_TEXTS, _MOST_SEPARATED = 50, 200
Infer = Callable[[Array, str], Type]


def shape_of(cells: Sequence[Any], name: str, infer: Infer, depth: int = 0) -> Type | None:
    """The type of cells (none null) that are all objects, or all lists; None where they are neither or too deep."""
    if not cells or depth > _DEEPEST:
        return None
    if all(isinstance(cell, Mapping) for cell in cells):
        return _object(cells, name, infer, depth)
    if all(is_list(cell) for cell in cells):
        return _list(cells)
    return None


def text_shape(texts: Sequence[str], name: str, infer: Infer) -> Type | None:
    """The type of texts (none empty) that hold objects or lists, in JSON or as Python writes them."""
    if any(text.strip(SPACE)[:1] not in ("{", "[") for text in texts[:_SAMPLE]):
        return None
    for layout, decode in (("", _from_json), ("python", _from_python)):
        try:
            cells = [decode(text) for text in texts]
        except ValueError:
            continue
        found = shape_of(cells, name, infer)
        if found is not None and layout:
            return msgspec.structs.replace(found, form=layout)
        return found
    return None


def separated_labels(texts: Sequence[str]) -> Type | None:
    """Texts such as `red|green`, if most rows hold several labels of a few: combinations repeat less than labels do."""
    if len(texts) < _FEWEST_TEXTS:
        return None
    some = texts[:: max(1, len(texts) // _SAMPLE)]
    for layout, mark in SEPARATORS.items():
        if sum(mark in text for text in some) < 0.3 * len(some) or not _few_short(_split(some, mark)):
            continue
        if any(text.lstrip(SPACE).startswith("[") for text in texts):  # such a text is read as JSON
            return None
        lists = _split(texts, mark)
        counts = Counter(chain.from_iterable(lists))
        seen = sum(count for count in counts.values() if count >= _FEWEST)
        combinations = len(set(map(tuple, lists)))
        if _few_short(lists) and seen >= 0.95 * counts.total() and combinations > 2 * len(counts):
            return Type(type="list", form=layout, of=_labels(lists))
    return None


def _split(texts: Sequence[str], mark: str) -> list[list[str]]:
    return [[part.strip(SPACE) for part in text.split(mark)] for text in texts]


def _few_short(lists: Sequence[Sequence[str]]) -> bool:
    """Whether lists hold short labels, not too many different ones, and more than one on average."""
    labels = set(chain.from_iterable(lists))
    short = all(0 < len(label) <= 40 for label in labels)
    return short and len(labels) <= _MOST_SEPARATED and sum(map(len, lists)) >= 1.3 * len(lists)


def is_list(cell: Any) -> bool:
    """Whether a cell is a list: of Python, or a row of numpy."""
    return isinstance(cell, list | tuple) or (isinstance(cell, np.ndarray) and cell.ndim == 1)


def _from_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text.strip(SPACE))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:  # nested too deep for any reader
        raise ValueError from error


def _from_python(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip(SPACE))
    except (SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise ValueError from error


def _object(cells: Sequence[Mapping[Any, Any]], name: str, infer: Infer, depth: int) -> Type:
    counts = Counter(key for cell in cells for key in cell if isinstance(key, str))
    least = min(_FEWEST, max(1, round(_SHARE * len(cells))))
    kept = [key for key, count in counts.most_common(_MOST_FIELDS) if count >= least]
    fields: dict[str, Type] = {}
    for key in kept:
        kind = _field([cell.get(key) for cell in cells], f"{name}.{key}", infer, depth)
        if kind is not None and (kind.type != "json" or kind.fields):
            fields[key] = msgspec.structs.replace(kind, optional=True, about=None)
    return Type(type="json", fields=fields or None)


def _field(cells: Sequence[Any], name: str, infer: Infer, depth: int) -> Type | None:
    """The type of a field; None where no part of it can be a feature."""
    held = [cell for cell in cells if cell is not None and not (cell.__class__ is str and not cell)]
    if not held:
        return None
    if isinstance(held[0], Mapping):
        return shape_of(held, name, infer, depth + 1)
    try:
        return infer(object_column(cells), name)
    except DataError:  # bytes, and objects of a class
        return None


def _list(cells: Sequence[Any]) -> Type:
    items = list(chain.from_iterable(cell.tolist() if isinstance(cell, np.ndarray) else cell for cell in cells))
    kinds = {type(item) for item in items}
    optional = type(None) in kinds
    kinds.discard(type(None))
    if kinds and all(issubclass(kind, int | float | np.number) and kind is not bool for kind in kinds):
        return Type(type="list", of=Type(type="number", optional=optional))
    if kinds == {str} and not optional and "" not in items:
        return Type(type="list", of=_labels(cells))
    return Type(type="list", of=Type(type="json", optional=True))


def known_labels(lists: Sequence[Sequence[Any]]) -> tuple[Any, ...] | None:
    """The labels of lists that get a column each, sorted; None where none is in enough rows."""
    rows = Counter(label for cell in lists for label in set(cell))
    return tuple(sorted(label for label, count in rows.most_common(_MOST_LABELS) if count >= _FEWEST)) or None


def _labels(lists: Sequence[Sequence[str]]) -> Type:
    return Type(type="category", known=known_labels(lists))
