"""`X` as typed columns: read as a build reads a table, with the types of the fit kept for later rows.

Arrays of numbers are columns of numbers, whatever their dtype; of frames each column has the type its values say, and
those of a categorical dtype are categories. A value may be missing in any column, be it that none was when fitting: a
part of the rows, as cross-validation takes it, may have none. Only beside models of the user's own, which may not know
what to do then, a column may be null where it was.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data._screen import screen
from smeaton.data._typed import infer_and_parse
from smeaton.data.read import read
from smeaton.errors import DataError
from smeaton.task.infer import infer_type, pin_type
from smeaton.task.parts import parts_of
from smeaton.task.table import Array
from smeaton.task.types import Type
from smeaton.task.values import parse_column

_FRAMES = ("pandas", "polars", "pyarrow")
#: What a task file would say to keep a column; here X says what there is.
_ADVICE = re.compile(r" \(name (it|them) under `inputs`.*\)$")
_NESTED = ("json", "object", "list", "series", "vector")


@dataclass(frozen=True, slots=True)
class Learnt:
    """Columns to learn from: their types and typed values. `left` says in words what was left out, and why."""

    types: dict[str, Type]
    table: dict[str, Array]
    left: tuple[str, ...] = ()


def is_frame(x: object) -> bool:
    """Whether it is a table of pandas, polars or Arrow."""
    named = hasattr(x, "columns") or hasattr(x, "column_names") or hasattr(x, "schema")
    return named and type(x).__module__.split(".")[0] in _FRAMES


def settled(x: Any) -> Any:
    """`X` as what can be counted: a lazy frame is collected, masked values are NaN."""
    if type(x).__module__.split(".")[0] == "polars" and hasattr(x, "collect"):
        return x.collect()
    if not isinstance(x, np.ma.MaskedArray):
        return x
    plain = np.array(x.data, dtype=np.float64)
    plain[np.ma.getmaskarray(x)] = np.nan
    return plain


def frame_columns(x: Any) -> dict[str, Array]:
    """The columns of a frame as they are read.

    Raises:
        DataError: a column that cannot be read.
    """
    return dict(read(x, Path(".")).table)


def array_columns(x: Array) -> dict[str, Array]:
    """The columns of a 2-D array, `x0`, `x1`, ...: numbers and booleans as float64, others each by its own values.

    Raises:
        DataError: a column that cannot be read.
    """
    names = [f"x{place}" for place in range(x.shape[1])]
    if x.dtype.kind in "biuf":
        whole = np.asfortranarray(x, dtype=np.float64)
        return {name: whole[:, place] for place, name in enumerate(names)}
    return dict(read({name: x[:, place] for place, name in enumerate(names)}, Path(".")).table)


def learn_columns(x: Any, raw: Mapping[str, Array], lenient: bool = True) -> Learnt:
    """Type the columns that were read of `x`. Of a frame those that carry nothing (no value, one value) and ids are
    left out, as a build leaves them out; of an array no. Lists and mappings of no one shape are in neither.
    `lenient`: any value may be missing later.

    Raises:
        DataError: a column holds what no type takes, or a frame has nothing to learn from.
        RowsError: a value does not fit the type of its column.
    """
    frame = is_frame(x)
    grouped = _categorical(x) if frame else frozenset()
    found = {name: _type_of(column, name, name in grouped) for name, column in raw.items()}
    shapeless = [name for name, kind in found.items() if kind.type in _NESTED and not parts_of(name, kind)]
    dropped = screen(raw if frame else {name: raw[name] for name in shapeless}, found)
    left = tuple(_ADVICE.sub("", note) for note in dropped.notes)
    usable = [name for name in raw if name not in shapeless]
    if not usable:
        raise DataError(f"no column is left to learn from; {' '.join(left)}", fix="give columns of values")
    # A part of the rows, as cross-validation takes it, may vary in nothing: a constant answer can be learnt from it.
    kept = [name for name in usable if name not in dropped.names] or usable
    types = {name: _loose(found[name], lenient) for name in kept}
    return Learnt(types, parse(raw, types), left)


def parse(raw: Mapping[str, Array], types: Mapping[str, Type]) -> dict[str, Array]:
    """The columns as the types say.

    Raises:
        RowsError: a value does not fit.
    """
    table = {}
    for name, kind in types.items():
        column, faults = parse_column(raw[name], kind, name)
        if faults:
            from smeaton.errors import RowsError

            raise RowsError(faults, fix=f"give values of type {kind.type}, as in the rows it was fitted on")
        table[name] = column
    return table


def _type_of(column: Array, name: str, grouped: bool) -> Type:
    if grouped:
        return pin_type(column, Type(type="category"), name)
    if column.dtype == object:
        return infer_and_parse(column, name)[0]
    return infer_type(column, name)


def _loose(kind: Type, lenient: bool) -> Type:
    """Whole numbers today may have fractions tomorrow."""
    optional = kind.optional or lenient
    if kind.type in ("number", "integer") and kind.form is None:
        return Type(type="number", optional=optional)
    return msgspec.structs.replace(kind, optional=optional, about=None)


def _categorical(frame: Any) -> frozenset[str]:
    """Names of the columns whose dtype says that they are categories."""
    whole = hasattr(frame, "dtypes") and hasattr(frame, "columns")
    named = zip(frame.columns, frame.dtypes, strict=True) if whole else ((one.name, one.type) for one in frame.schema)
    words = ("category", "categorical", "enum", "dictionary")
    return frozenset(str(name) for name, kind in named if str(kind).lower().startswith(words))
