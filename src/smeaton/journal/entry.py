"""`Entry`: one request as the journal keeps it, what it weighs in memory, and which requests are kept."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_RANGE = 2**32
_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: ids that count upwards are spread over the whole range
_WEIGHED = 8  # rows of a request that are looked at to estimate the others


@dataclass(slots=True)
class Entry:
    """One answered request.

    `at` is in unix seconds, `seconds` what the request took; `bundle` the first 12 digits of the hash. `rows` hold
    typed cells in the order of the model's input columns, `answers` one mapping a row. `size` are the bytes it holds in
    memory (the length of the body will do); 0 = to be estimated.
    """

    at: float
    id: str
    model: str
    bundle: str
    wire: str
    caller: str
    trace: str
    seconds: float
    rows: Sequence[Sequence[Any]]
    answers: Sequence[Mapping[str, Any]]
    size: int = 0


def threshold(share: float) -> int:
    """What `sampled` compares with, for a share of requests between 0 and 1.

    Raises:
        ValueError: it is no such share.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"expected a share between 0 and 1, got {share}")
    return round(share * _RANGE)


def sampled(request: str, below: int) -> bool:
    """Whether the request of this id is kept: the same wherever and whenever it is asked."""
    return zlib.crc32(request.encode(errors="replace")) * _SPREAD % _RANGE < below


def weight(entry: Entry) -> int:
    """Bytes an entry holds in memory, roughly: from its `size`, or estimated from some of its rows."""
    rows = entry.rows
    if entry.size:
        return entry.size + 512
    looked = rows if len(rows) <= _WEIGHED else rows[:: len(rows) // _WEIGHED + 1]
    found = 0
    for row in looked:
        found += 32 * len(row)
        for cell in row:
            if type(cell) is not float:
                found += _cell(cell)
    return 512 + (found * len(rows) // len(looked) if looked else 0)


def _cell(cell: Any) -> int:
    if isinstance(cell, str | bytes):
        return len(cell)
    if isinstance(cell, list | dict):
        return 64 * len(cell)
    return int(getattr(cell, "nbytes", 0))
