"""Columns that go together: dealt out anew one at a time, each leaves the other to tell the same."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.reporting.sections._parts import parts_of
from smeaton.task.table import Array

LEAST = 0.7
_ROWS = 2_000
_BINS = 10


def together(dataset: Dataset, rows: Array, names: Sequence[str]) -> list[tuple[list[str], float]]:
    """Sets of columns joined by pairs that go together by at least `LEAST`, with the strongest of them: the size of the
    rank correlation of numbers (Spearman 1904), Cramér's V (1946) of all others. The strongest set first."""
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _ROWS)).astype(np.int64)] if len(rows) else rows
    ranks, codes = dict[str, Array](), dict[str, Array]()
    for name in names:
        column = dataset.table[name][some]
        if column.ndim == 1 and column.dtype != object:
            ranks[name] = _ranks(column)
        parts = parts_of(name, dataset.task.input_types[name], column, bins=_BINS)
        if parts is not None and dataset.task.input_types[name].type != "text":
            codes[name] = parts.codes
    owner, strongest = {name: name for name in names}, dict[str, float]()
    for one, other in combinations(names, 2):
        if one in ranks and other in ranks:
            strength = abs(float(ranks[one] @ ranks[other]))
        elif one in codes and other in codes:
            strength = _cramer(codes[one], codes[other])
        else:
            continue
        if strength < LEAST:
            continue
        kept, given = owner[one], owner[other]
        strongest[kept] = max(strength, strongest.get(kept, 0.0), strongest.get(given, 0.0))
        owner = {name: kept if held == given else held for name, held in owner.items()}
    sets = [
        ([name for name in names if owner[name] == first], strongest[first])
        for first in set(owner.values()) & set(strongest)
    ]
    return sorted(sets, key=lambda one: (-one[1], one[0]))


def _ranks(column: Array) -> Array:
    """Ranks with mean 0 and length 1; ties share the mean of theirs, missing values stand in the middle."""
    plain = column.astype(np.int64).astype(np.float64) if column.dtype.kind == "M" else column.astype(np.float64)
    known = ~np.isnat(column) if column.dtype.kind == "M" else np.isfinite(plain)
    found = np.zeros(len(column))
    _, place, counts = np.unique(plain[known], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]
    found[known] = ranks - (ranks.mean() if len(ranks) else 0.0)
    length = float(np.sqrt(np.square(found).sum()))
    return found / length if length > 0 else found


def _cramer(one: Array, other: Array) -> float:
    """Cramér's V less what chance gives (Bergsma 2013)."""
    table = np.zeros((int(one.max()) + 1, int(other.max()) + 1))
    np.add.at(table, (one, other), 1.0)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, (wide, high) = table.sum(), table.shape
    if min(wide, high) < 2 or rows < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / rows
    phi = float((np.square(table - expected) / expected).sum()) / rows
    phi = max(0.0, phi - (wide - 1) * (high - 1) / (rows - 1))
    least = min(wide - (wide - 1) ** 2 / (rows - 1), high - (high - 1) ** 2 / (rows - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else 0.0
