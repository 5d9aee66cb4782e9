"""What type a column is, from its values: guessed once, pinned in the lock, never guessed again.

What texts are is in `guesses.py`. Of other values: whole numbers are integers, numbers in float columns are numbers,
even where all are whole; eight digits that are all dates, and seconds since 1970 where the name says a time, are
timestamps; numbers and texts in one column are read as texts would be, or are a category that takes both.

`optional` is true exactly if nulls were seen.
"""

import hashlib
import itertools
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec
import numpy as np

from smeaton.errors import DataError
from smeaton.task.forms import BOOLEANS, boolean_layout, is_missing_word, join_form
from smeaton.task.guesses import counted_layout, text_type
from smeaton.task.lists import label_lists, pin_list
from smeaton.task.parts import order_of
from smeaton.task.readers import SPACE, show, value_text
from smeaton.task.scales import find_scale
from smeaton.task.sentinels import find_sentinels
from smeaton.task.shapes import known_labels, separated_labels, shape_of, text_shape
from smeaton.task.table import Array
from smeaton.task.types import Label, Type
from smeaton.task.values import parse_column


def infer_type(raw: Array, name: str) -> Type:
    """The type of an input column.

    Raises:
        DataError: the column holds something no type takes (bytes, objects of a class).
    """
    if raw.dtype.kind == "U":
        raw = raw.astype(object)
    if raw.dtype.kind != "O":
        return _dated(_typed(raw, name), raw, name)
    cells = raw.tolist()
    kinds = set(map(type, cells))
    optional = type(None) in kinds or (str in kinds and _holds_empty(cells, kinds))
    kinds.discard(type(None))
    if not kinds:
        return Type(type="category", optional=True)
    if kinds == {str}:
        return _of_texts(list(filter(None, cells)), optional, name)
    if all(issubclass(kind, str) for kind in kinds):
        return _of_texts([str(cell) for cell in cells if cell], optional, name)
    if _mixed(kinds):
        return _mixed_type(cells, name)
    found = _object_kind(kinds, [cell for cell in cells if cell is not None], name)
    found = msgspec.structs.replace(found, optional=optional or _has_nat(cells, found))
    return _dated(found, raw, name) if found.type in ("integer", "number") else found


def infer_output(raw: Array, name: str) -> Type:
    """The type of an output column. Rows without a target are dropped by the loader, so it is never optional.

    Text is a category with the user's own words (only true/false words are a boolean); numbers are a number, except
    whole numbers of exactly two values, which are a category. Lists of texts, or of whole numbers, are lists of labels.

    Raises:
        DataError: the column holds no value at all, or something that cannot be predicted.
    """
    kind = msgspec.structs.replace(infer_type(raw, name), optional=False, about=None, ordered=False, known=None)
    layout, *words = (kind.form or "").split("|")
    if kind.type == "boolean" and layout and layout.lower() != "true/false":
        return Type(type="category", form=join_form("text", frozenset(words), "text"))
    if kind.type in ("integer", "number"):
        values, _ = parse_column(raw, msgspec.structs.replace(kind, optional=True), name)
        distinct = np.unique(values[~np.isnan(values)])
        whole = len(distinct) == 2 and bool((distinct == np.floor(distinct)).all())
        if whole and (kind.type == "integer" or raw.dtype.kind == "f"):
            return Type(type="category", base="integer", form=kind.form)
        gaps = [value_text(value) for value in find_sentinels(values.astype(np.float64)).certain]
        form = join_form(layout or "plain", {*words, *gaps}, "plain")
        return Type(type="number", form=form, unit=kind.unit)
    if kind.type == "text":
        return Type(type="category")
    if kind.type in ("json", "list", "vector") and raw.dtype == object and label_lists(_held(raw)):
        return Type(type="list", of=Type(type="category"))
    if kind.type not in ("boolean", "category"):
        raise DataError(
            f"the column {name!r} holds values of type {kind.type}, which cannot be predicted yet",
            fix="choose a column of numbers, booleans, categories or lists of labels; the fields of objects and spans "
            "are stated under `output` in a task file",
        )
    return kind


def pin_type(raw: Array, spec: Type, name: str) -> Type:
    """Fill in what a stated type leaves open, from the data: the text form, and what a category is made of.

    What the user stated stays as it is; values that do not fit it are faults when the column is parsed.

    Raises:
        DataError: lists of labels in text that could be split in two ways.
    """
    if spec.answer == "many":
        return pin_list(raw, spec, name)
    if spec.form is not None:
        return spec
    if spec.type in ("number", "integer", "timestamp"):
        seen = infer_type(raw, name)
        alike = ("number", "integer") if spec.type != "timestamp" else ("timestamp",)
        return msgspec.structs.replace(spec, form=seen.form) if seen.type in alike else spec
    if spec.type == "boolean":
        return msgspec.structs.replace(spec, form=_boolean_form(raw))
    if spec.type == "category" and spec.labels is None and spec.base == "text":
        base = _base(raw, name)
        return msgspec.structs.replace(spec, base=base)
    if spec.type == "vector":
        seen = infer_type(raw, name)
        return msgspec.structs.replace(spec, form=seen.form) if seen.type == "vector" else spec
    return spec


def pin_input(raw: Array, spec: Type, name: str) -> Type:
    """As `pin_type`, and what of objects and lists is looked at: fields, known labels, the order of ordered ones.

    Raises:
        DataError: lists of labels in text that could be split in two ways.
    """
    pinned = pin_type(raw, spec, name)
    if pinned.type == "json":
        seen = infer_type(raw, name)
        if pinned.fields is None and seen.type == "json":
            return msgspec.structs.replace(pinned, fields=seen.fields, form=pinned.form or seen.form)
        return _looked_for(pinned, seen)
    lists = pinned.answer == "many" and pinned.of is not None and (pinned.of.labels or pinned.of.known) is None
    scale = pinned.type == "category" and pinned.ordered and not order_of(pinned) and pinned.base == "text"
    if not lists and not scale:
        return pinned
    column, _ = parse_column(raw, msgspec.structs.replace(pinned, optional=True), name)
    values = [value for value in column.tolist() if value]
    if pinned.of is not None:
        return msgspec.structs.replace(pinned, of=msgspec.structs.replace(pinned.of, known=known_labels(values)))
    return msgspec.structs.replace(pinned, known=find_scale(set(values)))


def _looked_for(kind: Type, seen: Type) -> Type:
    """A type with the known values that the type of the data has, at every place where it has none itself."""
    if kind.type != seen.type:
        return kind
    found: dict[str, Any] = {"known": seen.known} if kind.known is None and kind.labels is None else {}
    if kind.fields is not None and seen.fields is not None:
        known = seen.fields
        found["fields"] = {
            name: _looked_for(part, known[name]) if name in known else part for name, part in kind.fields.items()
        }
    if kind.of is not None and seen.of is not None:
        found["of"] = _looked_for(kind.of, seen.of)
    return msgspec.structs.replace(kind, **found)


def _held(raw: Array) -> list[Any]:
    return [cell for cell in raw.tolist() if cell is not None]


def pin_labels(values: Array, spec: Type) -> Type:
    """The type with its labels: those stated, else those among the parsed `values`, sorted. A boolean has both.

    Raises:
        DataError: there is no value to learn from.
    """
    if spec.labels is not None or not spec.is_class:
        return spec
    if spec.type == "boolean":
        return msgspec.structs.replace(spec, labels=(False, True))
    labels: list[Label] = sorted({value for value in values.tolist() if value is not None})
    if not labels:
        raise DataError("the output column holds no value", fix="choose another output column")
    return msgspec.structs.replace(spec, labels=tuple(labels))


def vocabulary(values: Array) -> str:
    """The hash of a category's parsed values: what the lock keeps instead of the values. 16 hex digits of sha256."""
    known = sorted({value for value in values.tolist() if value is not None})
    return hashlib.sha256(msgspec.json.encode(known)).hexdigest()[:16]


def _holds_empty(cells: list[Any], kinds: set[type]) -> bool:
    """Whether a text is empty. What stands beside texts need not compare as they do."""
    if kinds <= {str, type(None)}:
        return "" in cells
    return any(cell.__class__ is str and not cell for cell in cells)


def _of_texts(texts: list[str], optional: bool, name: str) -> Type:
    shape = text_shape(texts, name, infer_type) if texts else None
    found = text_type(texts, optional, name) if shape is None else shape
    if found.type in ("category", "text") and not found.about:
        found = separated_labels(texts) or found
    if found.type != "category":
        return msgspec.structs.replace(found, optional=optional or found.optional)
    order = find_scale({text for text in set(texts) if not is_missing_word(text.strip(SPACE))})
    return found if order is None else msgspec.structs.replace(found, ordered=True, known=order)


def _dated(kind: Type, raw: Array, name: str) -> Type:
    """A column of numbers as moments, where these are dates of eight digits, or seconds by name and range."""
    if kind.type not in ("integer", "number"):
        return kind
    numbers = raw.astype(np.float64)
    layout = counted_layout(numbers[~np.isnan(numbers)], name)
    return Type(type="timestamp", form=layout, optional=kind.optional) if layout else kind


def _mixed(kinds: set[type]) -> bool:
    """Whether texts stand beside numbers or booleans, as in columns of a spreadsheet."""
    plain = (str, bool, int, float, Decimal, np.number, np.bool_)
    return any(issubclass(kind, str) for kind in kinds) and all(issubclass(kind, plain) for kind in kinds)


def _mixed_type(cells: list[Any], name: str) -> Type:
    """The type of texts beside numbers: what it would be if the numbers were plain text, if numbers fit that too."""
    optional = any(cell is None or cell == "" for cell in cells)
    held = [cell for cell in cells if cell is not None and cell != ""]
    found = text_type([cell if isinstance(cell, str) else value_text(cell) for cell in held], optional, name)
    flags = {isinstance(cell, bool | np.bool_) for cell in held if not isinstance(cell, str)}
    if (found.type in ("number", "integer") and flags == {False}) or (found.type == "boolean" and flags == {True}):
        return found
    return Type(type="category", form="mixed", optional=optional)


def _typed(raw: Array, name: str) -> Type:
    kind = raw.dtype.kind
    if raw.ndim == 2 and kind in "iuf":
        return Type(type="vector", form=str(raw.shape[1]), optional=bool(np.isnan(raw).all(axis=1).any()))
    if raw.ndim == 1 and kind in "iu":
        return Type(type="integer")
    if raw.ndim == 1 and kind == "f":
        # Never integer, even where all are whole: a service would refuse 3.5 for a price seen only as 3.0.
        return Type(type="number", optional=bool(np.isnan(raw).any()))
    if kind == "b":
        return Type(type="boolean")
    if kind == "M":
        return Type(type="timestamp", optional=bool(np.isnat(raw).any()))
    raise DataError(f"the column {name!r} is of NumPy type {raw.dtype}, which no type takes", fix=_leave_out(name))


def _leave_out(name: str) -> str:
    return f"convert it, or leave it out: rows: {{ignore: [{name}]}}"


def _object_kind(kinds: set[type], cells: list[Any], name: str) -> Type:
    """The type of Python values that are not all text; `kinds` are their classes."""

    def only(*classes: type) -> bool:
        return all(issubclass(kind, classes) for kind in kinds)

    if only(bool, np.bool_):
        return Type(type="boolean")
    if not any(issubclass(kind, bool | np.bool_) for kind in kinds):
        if only(int, np.integer):
            return Type(type="integer")
        if only(int, float, Decimal, np.number):
            return Type(type="number")
    if only(date, np.datetime64):
        return Type(type="timestamp")
    if only(list, tuple, np.ndarray) and _vectors(cells):
        return Type(type="vector", form=str(len(cells[0])))
    if only(bool, int, float, str, list, tuple, Mapping, np.ndarray, np.generic):
        return shape_of(cells, name, infer_type) or Type(type="json")
    strange = next(cell for cell in cells if not isinstance(cell, bool | int | float | str | list | tuple | Mapping))
    raise DataError(f"the column {name!r} holds {show(strange)}, which no type takes", fix=_leave_out(name))


def _vectors(cells: list[Any]) -> bool:
    length = len(cells[0])
    flat = set(map(type, itertools.chain.from_iterable(cells)))
    numbers = all(issubclass(kind, int | float | np.number) and not issubclass(kind, bool) for kind in flat)
    return length > 0 and numbers and all(len(cell) == length for cell in cells)


def _has_nat(cells: list[Any], found: Type) -> bool:
    return found.type == "timestamp" and any(cell != cell for cell in cells)  # noqa: PLR0124


def _base(raw: Array, name: str) -> Literal["text", "integer", "boolean"]:
    """What a stated category is made of."""
    if raw.dtype.kind == "b" or _kinds(raw) == {bool}:
        return "boolean"
    if raw.dtype.kind == "f":
        values = raw[~np.isnan(raw)]
        return "integer" if bool((values == np.floor(values)).all()) else "text"
    seen = infer_type(raw, name)
    return "integer" if seen.type == "integer" and seen.form is None and _canonical(raw) else "text"


def _kinds(raw: Array) -> set[type]:
    return set(map(type, raw.tolist())) - {type(None)} if raw.dtype.kind == "O" else set()


def _boolean_form(raw: Array) -> str | None:
    """The form of a stated boolean: the known pair its texts are of, or 0/1 for whole numbers."""
    kinds = _kinds(raw)
    if raw.dtype.kind in "iuf" or (kinds and kinds <= {int, float}):
        values = raw.astype(np.float64)
        return "0/1" if set(np.unique(values[~np.isnan(values)]).tolist()) <= {0.0, 1.0} else None
    if kinds != {str} and raw.dtype.kind != "U":
        return None
    words = {cell.strip(SPACE) for cell in raw.tolist() if cell} - {""}
    gaps = frozenset(filter(is_missing_word, words))
    layout = boolean_layout(words - gaps)
    if layout is None:
        layout = next((name for name, pair in BOOLEANS.items() if words - gaps and words - gaps <= set(pair)), None)
    return None if layout is None else join_form(layout, gaps, "")


def _canonical(raw: Array) -> bool:
    """Whether whole numbers in text are written as JSON writes them (`+3` and ` 3` are not)."""
    if raw.dtype.kind not in "OU":
        return True
    cells = {cell for cell in raw.tolist() if isinstance(cell, str) and cell}
    return all(str(int(cell)) == cell for cell in cells)
