"""Stand-ins for missing in typed columns: what is certain is read as missing from then on, what is doubtful is said."""

from dataclasses import dataclass, field

import msgspec
import numpy as np

from smeaton.data._typed import infer_and_parse
from smeaton.task.forms import form_of, join_form
from smeaton.task.readers import value_text
from smeaton.task.sentinels import KNOWN_MOMENTS, find_sentinels
from smeaton.task.table import Array
from smeaton.task.types import Type
from smeaton.task.values import parse_column

#: Types whose columns may hold stand-ins.
GAPPED = ("number", "integer", "timestamp")


@dataclass(frozen=True, slots=True)
class Gaps:
    """A column with its stand-ins as nulls, the type that pins them, and the values as they are written -> rows."""

    type: Type
    column: Array
    certain: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, int] = field(default_factory=dict)


def find_gaps(kind: Type, column: Array, *, keep: bool = False) -> Gaps:
    """Find the stand-ins of a parsed column of numbers or moments. `keep` leaves all values as they are."""
    if kind.type not in GAPPED or not len(column):
        return Gaps(kind, column)
    moments = kind.type == "timestamp"
    values = np.where(np.isnat(column), np.nan, column.astype(np.int64)) if moments else column.astype(np.float64)
    known = KNOWN_MOMENTS.astype(np.int64).astype(np.float64) if moments else None
    found = find_sentinels(values) if known is None else find_sentinels(values, known)
    certain = {_written(value, moments): rows for value, rows in found.certain.items()}
    doubtful = {_written(value, moments): rows for value, rows in found.doubtful.items()}
    if keep or not certain:
        return Gaps(kind, column, {}, {} if keep else doubtful)
    form = form_of(kind)
    layout = form.layout or ("iso" if moments else "plain")
    pinned = join_form(layout, form.missing | set(certain), "")
    gone = np.isin(values, list(found.certain))
    if moments:
        cleared = np.where(gone, np.datetime64("NaT"), column)
    else:
        cleared = np.where(gone, np.nan, values)
    return Gaps(msgspec.structs.replace(kind, form=pinned, optional=True), cleared, certain, doubtful)


def infer_column(column: Array, name: str) -> tuple[Type, Array]:
    """The type of a column as read, stand-ins for missing pinned in it; the column parsed as far as that took.

    Raises:
        DataError: the column holds something no type takes.
    """
    kind, parsed = infer_and_parse(column, name)
    if kind.type in GAPPED:
        found = find_gaps(kind, parse_column(column, kind, name)[0] if parsed is None else parsed)
        return found.type, found.column
    return kind, column if parsed is None else parsed


def _written(value: float, moment: bool) -> str:
    """A value as it is pinned in a form."""
    if moment:
        return str(np.datetime64(int(value), "us").astype("datetime64[D]"))
    return value_text(value)
