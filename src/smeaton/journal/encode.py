"""Cells to JSON text, without the masked ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np

from smeaton.journal.entry import Entry

Row = Sequence[Any]
Encoded = tuple[float, str, str, str, str, float, int, str, str]

#: What encoding an entry may raise: its values are not such as JSON holds.
UNFIT = (TypeError, ValueError, OverflowError, msgspec.MsgspecError, RecursionError)


def _plain(value: Any) -> Any:
    """What JSON has no form for, as something it has one for."""
    if isinstance(value, np.datetime64):
        return _moment(value)
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value] if value.dtype.kind == "M" else value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a value of type {type(value).__name__} has no form in JSON")


def _moment(value: np.datetime64) -> str | None:
    if np.isnat(value):
        return None
    moment = value.astype("datetime64[us]").item()
    # A year that Python's calendar does not reach comes as a number.
    return (moment.isoformat() if isinstance(moment, datetime) else str(value)) + "Z"


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def to_json(value: Any) -> str:
    """Any JSON value or cell as text: a moment in ISO 8601 with Z, a vector as a list, what is not finite as null.

    Raises:
        one of UNFIT: there is no such text.
    """
    return _encode(value).decode()


@dataclass(frozen=True)
class Form:
    """How the entries of one model are written: its input columns in order, and those never written."""

    model: str
    bundle: str
    columns: tuple[str, ...]
    masked: frozenset[str]
    written: tuple[str, ...] = field(init=False)
    _pick: Callable[[Row], Row] | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        kept = [place for place, name in enumerate(self.columns) if name not in self.masked]
        object.__setattr__(self, "written", tuple(self.columns[place] for place in kept))
        object.__setattr__(self, "_pick", None if len(kept) == len(self.columns) else _picker(kept))

    def encode(self, entry: Entry) -> Encoded:
        """An entry as the store takes it, masked cells left out before anything is made of them.

        Raises:
            one of UNFIT: rows are not as wide as declared, there is not one answer a row, or a value has no JSON form.
        """
        rows = entry.rows
        if any(len(row) != len(self.columns) for row in rows):
            raise ValueError(f"expected rows of {len(self.columns)} cells")
        if len(entry.answers) != len(rows):
            raise ValueError(f"expected {len(rows)} answers, got {len(entry.answers)}")
        kept = rows if self._pick is None else [self._pick(row) for row in rows]
        return (
            entry.at,
            entry.id,
            entry.wire,
            entry.caller,
            entry.trace,
            entry.seconds,
            len(rows),
            to_json(kept),
            to_json(entry.answers),
        )


def _picker(places: list[int]) -> Callable[[Row], Row]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: [row[place] for place in places]  # itemgetter gives no tuple of one or none
