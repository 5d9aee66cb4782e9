"""How often each label occurs in the whole pool, told from the rows that were drawn at random only."""

import math
from dataclasses import dataclass
from typing import Any

import msgspec

from smeaton.labelling.rows import keys
from smeaton.labelling.work import Work
from smeaton.task.table import Array
from smeaton.task.types import label_text
from smeaton.task.values import parse_column

_Z = 1.959964  # 95 %
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A label's share of the pool, with its 95 % interval (Wilson 1927)."""

    label: str
    share: float
    low: float
    high: float
    rows: int


def shares(work: Work) -> tuple[Share, ...]:
    """The share of each label; nothing for numbers, or with fewer than 10 random rows."""
    counts = dict.fromkeys(work.labels, 0)
    total = 0
    for table in work.labelled:
        found = keys(table, work.names)
        for key, value in zip(found, _parsed(work, table[work.task.target]), strict=True):
            if value is None or work.marks.picked(key) != "random":
                continue
            total += 1
            for label in value if isinstance(value, list) else [value]:
                counts[label] = counts.get(label, 0) + 1
    if work.kind.answer == "number" or total < _FEWEST:
        return ()
    return tuple(
        Share(label_text(label), count / total, *wilson(count, total), total) for label, count in counts.items()
    )


def wilson(count: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    share, square = count / total, _Z * _Z / total
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _parsed(work: Work, column: Array) -> list[Any]:
    parsed, _ = parse_column(column, msgspec.structs.replace(work.kind, optional=True), work.task.target)
    return list(parsed.tolist())
