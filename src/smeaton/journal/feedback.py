"""The truth that comes later: one JSON value for one prediction, which its request id and row number name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from smeaton.errors import RowFault, RowsError
from smeaton.journal.encode import UNFIT, to_json
from smeaton.task.moments import read_iso

_KEYS = ("id", "row", "truth", "at")
_ID = 256  # characters
_ROW = 2**31


@dataclass(frozen=True, slots=True)
class Feedback:
    """One truth as the store takes it: JSON text, and when it came to be known (unix seconds, None = on arrival)."""

    id: str
    row: int
    truth: str
    at: float | None


def read_truths(items: Sequence[Mapping[str, Any]]) -> list[Feedback]:
    """Check items of `{"id", "row"?, "truth", "at"?}`: row 0 unless given, `at` in unix seconds or ISO 8601.

    Raises:
        RowsError: an item is not such.
    """
    truths: list[Feedback] = []
    faults: list[RowFault] = []
    for number, item in enumerate(items):
        try:
            truths.append(_truth(item))
        except _Unfit as error:
            faults.append(RowFault(number, error.key, error.reason))
    if faults:
        raise RowsError(faults, fix='give items such as {"id": "REQUEST ID", "row": 0, "truth": true}')
    return truths


class _Unfit(Exception):
    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


def _truth(item: Any) -> Feedback:
    if not isinstance(item, Mapping):
        raise _Unfit("", "expected an object")
    for key in item:
        if key not in _KEYS:
            raise _Unfit("", f"a key that is none of {', '.join(_KEYS)}")
    request, row = item.get("id"), item.get("row", 0)
    if not isinstance(request, str) or not 1 <= len(request) <= _ID or not request.isprintable():
        raise _Unfit("id", f"expected the id of a request, 1 to {_ID} characters")
    if type(row) is not int or not 0 <= row < _ROW:
        raise _Unfit("row", "expected the number of a row of the request, from 0")
    if "truth" not in item:
        raise _Unfit("truth", "is missing")
    try:
        return Feedback(request, row, to_json(item["truth"]), _moment(item.get("at")))
    except UNFIT:
        raise _Unfit("truth", "expected a JSON value") from None


def _moment(at: Any) -> float | None:
    if at is None:
        return None
    if isinstance(at, int | float) and not isinstance(at, bool) and isfinite(at):
        return float(at)
    try:
        return int(read_iso(at).astype("datetime64[us]").astype("int64")) / 1e6
    except (TypeError, ValueError):
        raise _Unfit("at", "expected a moment: unix seconds, or ISO 8601") from None
