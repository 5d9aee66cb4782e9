"""The one place where a value is read: training, files to predict and a service's requests all come through here.

What each type takes (`value_reader` one value, `parse_column` a column; they agree value for value):

| type | takes | refuses |
|---|---|---|
| number | JSON numbers; plain text (`-1.5e3`) or the pinned notation | booleans, NaN, infinities, beyond 2^53 |
| integer | the same where the value is whole (`3`, `3.0`, `"3"`) | 3.5, beyond 2^53 |
| boolean | true, false; text in the pinned form, in any case; 0 and 1 only under the form `0/1` | every other word |
| category | text; whole numbers (also as text) or booleans only if `base` says so | a value not among stated `labels` |
| text | text | everything else |
| timestamp | ISO 8601 (no zone = UTC), the pinned layout, dates and datetimes | numbers, unless the form says so |
| vector | a list of finite numbers, all lists of one length | other lengths |
| json, series | JSON of that shape | NaN, names that are not text |
| list, object | JSON of that shape, as such or as text; plain JSON in, plain JSON out | parts of other types, by path |
| list of categories | also labels in text, with the separator of the form between them | labels not among stated ones |

Null: None, an empty text (for every type, text included), blank text where text is not kept as it is (numbers,
booleans, moments), the missing-words pinned in the form (those that are numbers or moments: in whatever form they
come), and NaN or NaT in a column that is *already* float or
datetime. NaN among Python objects or in JSON is no null: it is refused. `min` and `max` are enforced, and text with the
reserved character U+FDD0 or a lone surrogate is refused.
"""

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np

from smeaton.errors import RowFault
from smeaton.task.forms import boolean_texts, form_of, missing_numbers
from smeaton.task.moments import COUNTED, iso_column, moment_of_number
from smeaton.task.readers import LARGEST_INTEGER, NULL_TEXT, Reader, missing_moments, show, value_reader
from smeaton.task.table import Array
from smeaton.task.types import Type

__all__ = ["LARGEST_INTEGER", "NULL_TEXT", "Reader", "parse_column", "show", "value_reader"]

#: A bulk path gives the column with nulls where it left cells open, and which cells the reader must see.
_Bulk = tuple[Array, Array]
_FLOAT, _INTEGER = np.dtype(np.float64), np.dtype(np.int64)
_ODD = object()  # a cell the bulk path does not take
_IN_NUMBERS = np.zeros(256, dtype=bool)
_IN_NUMBERS[np.frombuffer(b"0123456789+-.eE\n", dtype=np.uint8)] = True


def parse_column(raw: Array, spec: Type, name: str) -> tuple[Array, list[RowFault]]:
    """A column as its type stores it (see `table.py`), and why single cells were refused.

    `raw` is an object column of texts, None, numbers, booleans ..., or an already typed array; reading a column twice
    changes nothing. A refused cell becomes null; so does a null where none may be. Faults are in row order.

    Raises:
        TaskError: values of this type cannot be read by this version.
    """
    reader = value_reader(spec)
    if _reads_as_it_is(raw, spec):
        return raw.copy(), []
    raw = raw.astype(object) if raw.dtype.kind == "U" else raw
    column, open_cells = _BULK.get(spec.type, _none)(raw, spec)
    faults: list[RowFault] = []
    seen: dict[str, Any] = {}
    length = int(form_of(spec).layout or 0) if spec.type == "vector" else 0
    vectors: dict[int, Array] = {}
    for row in np.flatnonzero(open_cells).tolist():
        cell = _cell(raw, row)
        value = seen[cell] if cell.__class__ is str and cell in seen else _read(reader, cell)
        if cell.__class__ is str:
            seen[cell] = value
        if spec.type == "vector" and value.__class__ is np.ndarray:
            length = length or len(value)
            if len(value) != length:
                value = _Refused(f"expected a list of {length} numbers, got a list of {len(value)}")
        if value.__class__ is _Refused:
            faults.append(RowFault(row, name, str(value)))
        elif value.__class__ is np.ndarray:
            vectors[row] = value
        elif value is not None:
            column[row] = value
    if spec.type == "vector":
        column = _matrix(vectors, len(raw), length)
    if spec.type == "integer" and not np.isnan(column).any():
        column = column.astype(np.int64)
    return column, faults


def _reads_as_it_is(raw: Array, spec: Type) -> bool:
    """Whether a column is typed and nothing in it needs a look: what a fit, its proof and a program see of most columns
    of a wide table, over and over."""
    if raw.ndim != 1 or spec.min is not None or spec.max is not None or missing_numbers(spec):
        return False
    if spec.type == "number" and raw.dtype == _FLOAT:
        return bool(np.isfinite(raw).all()) or (spec.optional and not np.isinf(raw).any())
    if spec.type == "integer" and raw.dtype == _INTEGER and len(raw):
        return bool(raw.min() > -LARGEST_INTEGER and raw.max() < LARGEST_INTEGER)
    return False


class _Refused(str):
    """Why a cell was refused. (The exception itself would keep its frames alive, a million times.)"""

    __slots__ = ()


def _read(reader: Reader, cell: object) -> Any:
    try:
        return reader(cell)
    except ValueError as error:
        return _Refused(error)


def _cell(raw: Array, row: int) -> Any:
    """One cell for the reader: NaN in a typed column is null."""
    cell = raw[row]
    if raw.dtype.kind == "f" and (bool(np.isnan(cell).all())):
        return None
    return cell


def _none(raw: Array, spec: Type) -> _Bulk:
    """No bulk path: nulls everywhere, every cell open."""
    return np.full(len(raw), None, dtype=object), np.ones(len(raw), dtype=bool)


def _kinds(cells: list[Any]) -> set[type]:
    return set(map(type, cells)) - {None.__class__}


def _numbers(raw: Array, spec: Type) -> _Bulk:
    rows = len(raw)
    if raw.ndim == 1 and raw.dtype.kind in "iuf":
        column, unread = raw.astype(np.float64), np.zeros(rows, dtype=bool)
    elif raw.ndim == 1 and raw.dtype.kind == "O" and (form_of(spec).layout in ("", "plain") or not _has_texts(raw)):
        column, unread = object_numbers(raw.tolist())
    else:
        column, unread = np.full(rows, np.nan), np.ones(rows, dtype=bool)
    gaps = missing_numbers(spec)
    if gaps:
        column[np.isin(column, list(gaps))] = np.nan
        unread &= np.isnan(column)
    null = np.isnan(column)
    with np.errstate(invalid="ignore"):
        unread |= np.abs(column) >= LARGEST_INTEGER  # infinities too
        if spec.min is not None:
            unread |= column < spec.min
        if spec.max is not None:
            unread |= column > spec.max
        if spec.type == "integer":
            unread |= ~null & (column != np.floor(column))
    if not spec.optional:
        unread |= null
    column[unread] = np.nan
    return column, unread


def _has_texts(raw: Array) -> bool:
    return str in _kinds(raw.tolist())


def object_numbers(cells: list[Any]) -> _Bulk:
    """Numbers or texts of numbers in bulk: (float64 with NaN for nulls, cells that were not read)."""
    column = np.full(len(cells), np.nan)
    kinds = _kinds(cells)
    if not kinds:
        return column, np.zeros(len(cells), dtype=bool)
    if kinds == {str}:
        return _text_numbers(cells)
    unread = np.fromiter((cell is not None for cell in cells), bool, len(cells))
    if kinds <= {int, float}:
        try:
            column[unread] = np.array([cell for cell in cells if cell is not None], dtype=np.float64)
        except OverflowError:
            return column, unread
        unread &= ~np.isfinite(column)
    return column, unread


def _text_numbers(cells: list[str | None]) -> _Bulk:
    """Texts made of nothing but the characters of a number go through `float` in bulk; no word, underscore or digit of
    another script gets that far, so what `float` takes is what our grammar takes."""
    column = np.full(len(cells), np.nan)
    filled = np.fromiter(map(bool, cells), bool, len(cells))
    texts = [text for text in cells if text]
    unread = np.zeros(len(texts), dtype=bool)
    marks = np.frombuffer("\n".join(texts).encode("utf-8", "surrogatepass"), dtype=np.uint8)
    breaks = np.flatnonzero(marks == ord("\n"))
    strange = np.flatnonzero(~_IN_NUMBERS[marks])
    if len(breaks) != max(0, len(texts) - 1):  # line breaks inside texts: positions tell nothing
        unread[:] = True
    elif len(strange):
        unread[np.searchsorted(breaks, strange)] = True
    good = texts if not unread.any() else [text for text, odd in zip(texts, unread.tolist(), strict=True) if not odd]
    numbers = np.full(len(texts), np.nan)
    try:
        numbers[~unread] = np.fromiter(map(float, good), np.float64, len(good))
    except ValueError:
        unread[:] = True
    column[filled] = np.where(unread, np.nan, numbers)
    open_cells = np.zeros(len(cells), dtype=bool)
    open_cells[filled] = unread
    return column, open_cells


def _booleans(raw: Array, spec: Type) -> _Bulk:
    if raw.dtype.kind == "b" and raw.ndim == 1:
        return raw.astype(object), np.zeros(len(raw), dtype=bool)
    column, unread = _none(raw, spec)
    if raw.dtype.kind != "O":
        return column, unread
    cells = raw.tolist()
    kinds = _kinds(cells)
    if kinds <= {bool}:
        return raw.copy(), _missing(cells, spec)
    if kinds == {str}:
        texts = boolean_texts(spec)
        words = {cell for cell in set(cells) if cell and cell.casefold() in texts}
        known: dict[Any, Any] = {cell: texts[cell.casefold()] for cell in words}
        return _mapped(cells, known | dict.fromkeys(form_of(spec).missing) | {"": None, None: None}, spec)
    return column, unread


def _missing(cells: list[Any], spec: Type) -> Array:
    """The null cells, if none may be."""
    if spec.optional:
        return np.zeros(len(cells), dtype=bool)
    return np.fromiter((cell is None for cell in cells), bool, len(cells))


def _mapped(cells: list[Any], known: dict[Any, Any], spec: Type) -> _Bulk:
    """Cells looked up one by one; what is not known, and null where none may be, stays open."""
    column = np.empty(len(cells), dtype=object)
    column[:] = list(map(known.get, cells, repeat(_ODD)))
    skip = (_ODD,) if spec.optional else (_ODD, None)
    unread = np.fromiter((value in skip for value in column), bool, len(cells))
    column[unread] = None
    return column, unread


def _texts(raw: Array, spec: Type) -> _Bulk:
    column, unread = _none(raw, spec)
    if raw.dtype.kind != "O" or raw.ndim != 1:
        return column, unread
    cells = raw.tolist()
    filled = np.fromiter(map(bool, cells), bool, len(cells)) if _kinds(cells) <= {str} else None
    if filled is None:
        return column, unread
    joined = "".join(cell for cell in cells if cell)
    if not joined.isascii() and (NULL_TEXT in joined or not _is_unicode(joined)):
        return column, unread
    column[filled] = raw[filled]
    return column, np.zeros(len(cells), dtype=bool) if spec.optional else ~filled


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _categories(raw: Array, spec: Type) -> _Bulk:
    """Every distinct value is read once."""
    if spec.base == "text" and spec.labels is None and spec.form is None:
        return _texts(raw, spec)
    if raw.ndim != 1 or raw.dtype.kind not in "Oiub":
        return _none(raw, spec)
    cells = raw.tolist()
    if _kinds(cells) not in ({str}, {int}, {bool}):  # mixed kinds: True and 1 are one key of a dict
        return _none(raw, spec)
    reader = value_reader(spec)
    known = {cell: _read(reader, cell) for cell in set(cells)}
    return _mapped(cells, {cell: value for cell, value in known.items() if value.__class__ is not _Refused}, spec)


def _moments(raw: Array, spec: Type) -> _Bulk:
    column = np.full(len(raw), np.datetime64("NaT"), dtype="datetime64[us]")
    unread = np.ones(len(raw), dtype=bool)
    if raw.dtype.kind == "M" and raw.ndim == 1:
        column = raw.astype("datetime64[us]")
        column[_among(column, missing_moments(spec))] = np.datetime64("NaT")
        return column, np.isnat(column) & (not spec.optional)
    if raw.dtype.kind in "iuf" and raw.ndim == 1 and form_of(spec).layout in COUNTED:
        return _counted(raw, spec)
    if raw.dtype.kind != "O" or form_of(spec).layout in COUNTED:
        return column, unread
    cells = raw.tolist()
    if _kinds(cells) == {str}:
        filled = np.fromiter(map(bool, cells), bool, len(cells))
        column[filled], read = iso_column([cell for cell in cells if cell])
        unread[filled] = ~read
        unread[~filled] = not spec.optional
        gaps = missing_moments(spec)
        if gaps:
            found = _among(column, gaps)
            column[found], unread[found] = np.datetime64("NaT"), not spec.optional
    return column, unread


def _among(column: Array, gaps: frozenset[np.datetime64]) -> Array:
    """Which moments are in a set."""
    return np.isin(column, np.array(sorted(gaps), dtype=column.dtype))


def _counted(raw: Array, spec: Type) -> _Bulk:
    """A typed column of numbers as moments; every distinct number is read once."""
    values, places = np.unique(raw.astype(np.float64), return_inverse=True)
    layout, gaps = form_of(spec).layout, missing_moments(spec)
    moments = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    good = np.isnan(values) & spec.optional
    for i in np.flatnonzero(~np.isnan(values)).tolist():
        try:
            moment = moment_of_number(layout, values[i].item())
        except (ValueError, OverflowError):
            continue
        if moment not in gaps or spec.optional:
            good[i] = True
            moments[i] = np.datetime64("NaT") if moment in gaps else moment
    return moments[places], ~good[places]


_BULK: dict[str, Callable[[Array, Type], _Bulk]] = {
    "number": _numbers,
    "integer": _numbers,
    "boolean": _booleans,
    "category": _categories,
    "text": _texts,
    "timestamp": _moments,
}


def _matrix(vectors: dict[int, Array], rows: int, length: int) -> Array:
    """Vectors below one another; a null is a row of NaN."""
    matrix = np.full((rows, length), np.nan, dtype=np.float32)
    for row, vector in vectors.items():
        matrix[row] = vector
    return matrix
