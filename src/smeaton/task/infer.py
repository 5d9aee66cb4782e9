"""What type a column is, from its values: guessed once, pinned in the lock, never guessed again.

Rules, in order, for text columns (CSV, or text in JSON). Empty text is missing everywhere.

1. `MISSING_WORDS` (`NA`, `null`, `?` ...) are missing where all other values are booleans, numbers or moments; so are
   up to three other words that make up at most 1 % of an otherwise numeric column. They are pinned in the form
   (`plain|NA`). In a category or text column every word is a value: `NA` may be Namibia.
2. boolean: exactly the two words of a known form (`yes/no`, `T/F`; one of `true/false` is enough). `0/1` are numbers.
3. integer, number: plain or scientific text. Codes with leading zeros (`007`) and whole numbers beyond 2^53 are not.
4. timestamp: ISO 8601, or one of the layouts of `moments.py` if exactly one reads every value. Where both m/d and d/m
   would, the column is left as it is, and `about` says which form to state.
5. text: mostly distinct values of several words, or over 40 characters on average, or over 1,000 distinct values
   that make up over half of the rows. Else category.

`optional` is true exactly if nulls were seen.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec
import numpy as np

from smeaton.errors import DataError
from smeaton.task.forms import BOOLEANS, MISSING_WORDS, join_form
from smeaton.task.lists import label_lists, pin_list
from smeaton.task.moments import LAYOUTS, iso_column, moment_reader
from smeaton.task.readers import LARGEST_INTEGER, NUMBER, SPACE, show
from smeaton.task.table import Array
from smeaton.task.types import Label, Type
from smeaton.task.values import object_numbers, parse_column

_ODD_WORDS = 3
_ODD_SHARE = 0.01
_SAMPLE = 200  # distinct values a layout must read before all are tried


def infer_type(raw: Array, name: str) -> Type:
    """The type of an input column.

    Raises:
        DataError: the column holds something no type takes (bytes, objects of a class).
    """
    if raw.dtype.kind == "U":
        raw = raw.astype(object)
    if raw.dtype.kind != "O":
        return _typed(raw, name)
    cells = raw.tolist()
    kinds = set(map(type, cells))
    optional = type(None) in kinds or "" in (cells if kinds <= {str, type(None)} else ())
    kinds.discard(type(None))
    if not kinds:
        return Type(type="category", optional=True)
    if all(issubclass(kind, str) for kind in kinds):
        return _text_type([str(cell) for cell in cells if cell], optional)
    found = _object_kind(kinds, [cell for cell in cells if cell is not None], name)
    return msgspec.structs.replace(found, optional=optional or _has_nat(cells, found))


def infer_output(raw: Array, name: str) -> Type:
    """The type of an output column. Rows without a target are dropped by the loader, so it is never optional.

    Text is a category with the user's own words (only true/false words are a boolean); numbers are a number, except
    whole numbers of exactly two values, which are a category. Lists of texts, or of whole numbers, are lists of labels.

    Raises:
        DataError: the column holds no value at all, or something that cannot be predicted.
    """
    kind = msgspec.structs.replace(infer_type(raw, name), optional=False, about=None)
    layout, *words = (kind.form or "").split("|")
    if kind.type == "boolean" and layout and layout.lower() != "true/false":
        return Type(type="category", form=join_form("text", frozenset(words), "text"))
    if kind.type in ("integer", "number"):
        values = _distinct(raw, kind)
        whole = len(values) == 2 and bool((values == np.floor(values)).all())
        if whole and (kind.type == "integer" or raw.dtype.kind == "f"):
            return Type(type="category", base="integer", form=kind.form)
        return Type(type="number", form=kind.form)
    if kind.type == "text":
        return Type(type="category")
    if kind.type in ("json", "vector") and raw.dtype == object and label_lists(_held(raw)):
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
        return Type(type="json")
    strange = next(cell for cell in cells if not isinstance(cell, bool | int | float | str | list | tuple | Mapping))
    raise DataError(f"the column {name!r} holds {show(strange)}, which no type takes", fix=_leave_out(name))


def _vectors(cells: list[Any]) -> bool:
    length = len(cells[0])
    flat = set(map(type, itertools.chain.from_iterable(cells)))
    numbers = all(issubclass(kind, int | float | np.number) and not issubclass(kind, bool) for kind in flat)
    return length > 0 and numbers and all(len(cell) == length for cell in cells)


def _has_nat(cells: list[Any], found: Type) -> bool:
    return found.type == "timestamp" and any(cell != cell for cell in cells)  # noqa: PLR0124


def _text_type(texts: list[str], optional: bool) -> Type:
    if not texts:
        return Type(type="category", optional=True)
    counts = Counter(texts)
    words: Counter[str] = Counter()
    for text, number in counts.items():
        words[text.strip(SPACE)] += number
    rest = [word for word in words if word and word not in MISSING_WORDS]
    gaps = frozenset(word for word in words if word in MISSING_WORDS)
    about = None
    for guess in (_boolean, _number, _moment) if rest else ():
        found = guess(words, rest, gaps)
        if found is not None and found.type != "category":
            return msgspec.structs.replace(found, optional=optional or found.optional or len(rest) < len(words))
        about = found.about if found is not None else None
    return msgspec.structs.replace(_words(texts, counts, optional), about=about)


def _boolean(words: Counter[str], rest: list[str], gaps: frozenset[str]) -> Type | None:
    if len(rest) > 2:
        return None
    for layout, pair in BOOLEANS.items():
        if layout != "0/1" and (set(rest) == set(pair) or (len(pair[0]) == 4 and set(rest) < set(pair))):
            return Type(type="boolean", form=join_form(layout, gaps, ""))
    return None


def _number(words: Counter[str], rest: list[str], gaps: frozenset[str]) -> Type | None:
    if object_numbers(list(rest[:: max(1, len(rest) // _SAMPLE)]))[1].mean() > 0.5:
        return None
    good = list(filter(NUMBER.fullmatch, rest))
    odd = set(rest).difference(good) if len(good) < len(rest) else set()
    if not good or not _few(odd, words) or any(_is_code(text) for text in good):
        return None
    digits = np.array([text.lstrip("+-").isdigit() for text in good])
    values = np.abs(np.array(good, dtype=np.float64))
    if np.isinf(values).any() or (values[digits] >= LARGEST_INTEGER).any():
        return None
    form = join_form("plain", gaps | odd, "plain")
    return Type(type="integer" if digits.all() else "number", form=form, optional=bool(odd))


def _few(odd: set[str], words: Counter[str]) -> bool:
    rows = sum(words[text] for text in odd)
    plain = all(len(text) <= 20 and "|" not in text and "\n" not in text for text in odd)
    return plain and len(odd) <= _ODD_WORDS and rows <= _ODD_SHARE * words.total()


def _is_code(text: str) -> bool:
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits.isdigit()


def _moment(words: Counter[str], rest: list[str], gaps: frozenset[str]) -> Type | None:
    if not any(mark.isdigit() for mark in rest[0]):
        return None
    fits = [layout for layout in ("iso", *LAYOUTS) if _reads(layout, rest)]
    if not fits:
        return None
    if "iso" in fits:
        fits = ["iso"]
    if len(fits) > 1:
        return Type(type="category", about=f"looks like dates; if so, state the form: {' or '.join(fits)}")
    return Type(type="timestamp", form=join_form(fits[0], gaps, "iso"))


def _reads(layout: str, texts: list[str]) -> bool:
    reader = moment_reader(layout, strict=True)

    def good(part: list[str]) -> bool:
        try:
            for text in part:
                reader(text)
        except ValueError:
            return False
        return True

    if not good(texts[:: max(1, len(texts) // _SAMPLE)]):
        return False
    if layout == "iso":
        read = iso_column(texts)[1]
        texts = [text for text, done in zip(texts, read.tolist(), strict=True) if not done]
    return good(texts)


def _words(texts: list[str], counts: Counter[str], optional: bool) -> Type:
    rows, distinct = len(texts), len(counts)
    length = sum(map(len, texts)) / rows
    spaces = sum(text.count(" ") * number for text, number in counts.items()) / rows
    sentences = distinct > 0.5 * rows and spaces >= 2
    many = distinct > 1_000 and distinct > 0.5 * rows
    return Type(type="text" if sentences or length > 40 or many else "category", optional=optional)


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


def _distinct(raw: Array, kind: Type) -> Array:
    """The distinct values of a column inferred as numbers."""
    values, _ = parse_column(raw, msgspec.structs.replace(kind, optional=True), "")
    return np.unique(values[~np.isnan(values)])


def _boolean_form(raw: Array) -> str | None:
    """The form of a stated boolean: the known pair its texts are of, or 0/1 for whole numbers."""
    kinds = _kinds(raw)
    if raw.dtype.kind in "iuf" or (kinds and kinds <= {int, float}):
        values = raw.astype(np.float64)
        return "0/1" if set(np.unique(values[~np.isnan(values)]).tolist()) <= {0.0, 1.0} else None
    if kinds != {str} and raw.dtype.kind != "U":
        return None
    words = {cell.strip(SPACE) for cell in raw.tolist() if cell} - {""}
    gaps = frozenset(words & MISSING_WORDS)
    for layout, pair in BOOLEANS.items():
        if words - gaps and words - gaps <= set(pair):
            return join_form(layout, gaps, "")
    return None


def _canonical(raw: Array) -> bool:
    """Whether whole numbers in text are written as JSON writes them (`+3` and ` 3` are not)."""
    if raw.dtype.kind not in "OU":
        return True
    cells = {cell for cell in raw.tolist() if isinstance(cell, str) and cell}
    return all(str(int(cell)) == cell for cell in cells)
