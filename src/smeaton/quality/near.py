"""Near-copies across the split: rows of different parts that agree in (nearly) all that they say.

Two rows are near-copies if the columns in which they agree (`_matrix.py`) hold at least 90 % of the information of a
row, where a column weighs what agreeing in it by chance is worth in bits: the logarithm of one over the chance. So one
corrected telephone number hides no copy, and ten flags that are nearly always 0 make none.

Candidates come from buckets (locality-sensitive hashing in the manner of Indyk and Motwani 1998): a bucket is a grid
cell in a few randomly chosen columns, just enough that strangers hardly meet; each of a dozen bands has its own columns
and grid, so a value at the border of a cell in one is inside in others. Rows next to each other in a bucket are then
compared in all columns.
"""

from dataclasses import dataclass

import numpy as np

from smeaton.quality._matrix import TOLERANCE, matrix
from smeaton.task.table import Array, Table

SHARE = 0.9
_BANDS = 12
_CELL = 4 * TOLERANCE
_NEIGHBOURS = 4
_MOST_COLUMNS = 64
_CELLS = 64_000_000
_PAIRS = 100_000
_SAMPLE = 4_000
_CHANCE_PAIRS = 200_000
_REPEATED = 3
#: Characters of long texts compared by MinHash: about a second for each million.
CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Near-copies: positions of rows of different parts (`first` before `second`), the share of the information they
    agree in, and the columns of the table in which they differ. `chance` is how likely a row has a near-copy by chance
    alone."""

    first: Array
    second: Array
    likeness: Array
    differing: tuple[tuple[str, ...], ...]
    chance: float
    notes: tuple[str, ...] = ()


def near_pairs(table: Table, rows: Array, parts: Array, characters: int = CHARACTERS, shown: int = 50) -> Pairs:
    """Near-copies of rows in different parts.

    Args:
        table: typed inputs.
        rows: positions to look at.
        parts: the part of each of them (codes).
        characters: how much long text to compare by what it has in common.
        shown: for how many pairs to say in which columns they differ.
    """
    most = max(4, min(_MOST_COLUMNS, _CELLS // max(1, len(rows))))
    cells, names, notes = matrix(table, rows, most, characters)
    empty = np.empty(0, dtype=np.int64)
    if not len(names) or len(rows) < 2 or len(np.unique(parts)) < 2:
        return Pairs(empty, empty, np.empty(0), (), 0.0, tuple(notes))
    meets = _meeting(cells)
    bits = -np.log2(np.clip(meets, 1e-9, 1.0))
    found, likeness = _found(cells, meets, bits)
    chance = _chance(cells, np.setdiff1d(np.arange(len(cells)), found[:, 1]), bits, SHARE)
    apart = np.flatnonzero(parts[found[:, 0]] != parts[found[:, 1]])
    order = apart[np.argsort(-likeness[apart], kind="stable")]
    found, likeness = found[order], likeness[order]
    differing = []
    for one, two in found[:shown]:
        off = np.abs(cells[one] - cells[two]) > TOLERANCE
        differing.append(tuple(dict.fromkeys(name for name, differs in zip(names, off, strict=True) if differs)))
    first, second = (rows[found[:, 0]], rows[found[:, 1]]) if len(found) else (empty, empty)
    return Pairs(first, second, likeness, tuple(differing), chance, tuple(notes))


def copies_by_chance(table: Table, rows: Array, different: Array) -> float:
    """How likely a row has an exact copy by chance; `different` are the places in `rows` of one of each copies."""
    cells, names, _ = matrix(table, rows, max(4, min(_MOST_COLUMNS, _CELLS // max(1, len(rows)))), 0)
    if not len(names) or len(rows) < 2:
        return 1.0
    return _chance(cells, different, -np.log2(np.clip(_meeting(cells), 1e-9, 1.0)), 1.0)


def _meeting(cells: Array) -> Array:
    """The chance that two rows agree in a column, for each column; among n rows never taken below 1 / n."""
    some = cells[np.random.default_rng(0).permutation(len(cells))[:_SAMPLE]]
    found = np.empty(cells.shape[1])
    for place in range(cells.shape[1]):
        ordered = np.sort(some[:, place])
        reach = np.searchsorted(ordered, ordered + TOLERANCE, "right") - np.arange(len(ordered)) - 1
        found[place] = 2 * reach.sum() / max(1, len(ordered) * (len(ordered) - 1))
    return np.maximum(found, 1 / len(some))


def _found(cells: Array, meets: Array, bits: Array) -> tuple[Array, Array]:
    """Pairs of rows that agree, (n, 2), the lower first, each once, and how much they agree in."""
    draw = np.random.default_rng(1)
    whole = float(bits.sum())
    kept: dict[str, list[Array]] = {"pairs": [], "likeness": []}
    for _ in range(_BANDS):
        chosen = _band(meets, len(cells), draw)
        key = np.zeros(len(cells), dtype=np.uint64)
        for place in chosen:
            cell = np.floor(cells[:, place] / _CELL + draw.random()).astype(np.int64).view(np.uint64)
            key = (key ^ cell) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        order = draw.permutation(len(key))
        order = order[np.argsort(key[order], kind="stable")]
        ordered = key[order]
        for step in range(1, _NEIGHBOURS + 1):
            same = np.flatnonzero(ordered[:-step] == ordered[step:])
            one, two = order[same], order[same + step]
            pairs, likeness = _agreed(cells, np.stack([one, two], axis=1), bits, whole)
            kept["pairs"].append(pairs)
            kept["likeness"].append(likeness)
    pairs = np.sort(np.concatenate(kept["pairs"]), axis=1)
    _, once = np.unique(pairs[:, 0] * len(cells) + pairs[:, 1], return_index=True)
    return pairs[once], np.concatenate(kept["likeness"])[once]


def _band(meets: Array, rows: int, draw: np.random.Generator) -> list[int]:
    """Columns of a band: drawn until strangers among so many rows hardly meet, those that tell rows apart rather."""
    weights = -np.log(np.clip(meets, 1e-9, 1 - 1e-9)) + 1e-6
    order = draw.choice(len(meets), len(meets), replace=False, p=weights / weights.sum())
    strangers, chosen = float(rows), []
    for place in order.tolist():
        chosen.append(place)
        strangers *= float(meets[place])
        if strangers < 0.2:
            break
    return chosen


def _agreed(cells: Array, pairs: Array, bits: Array, whole: float) -> tuple[Array, Array]:
    """The pairs that agree in at least SHARE of the information, and in how much of it."""
    kept, values = [np.empty((0, 2), dtype=np.int64)], [np.empty(0)]
    for start in range(0, len(pairs), _PAIRS):
        some = pairs[start : start + _PAIRS]
        agree = np.abs(cells[some[:, 0]] - cells[some[:, 1]]) <= TOLERANCE
        likeness = (agree @ bits) / whole if whole > 0 else agree.mean(axis=1)
        passes = likeness >= SHARE - 1e-9
        kept.append(some[passes])
        values.append(likeness[passes])
    return np.concatenate(kept), np.concatenate(values)


def _chance(cells: Array, alone: Array, bits: Array, share: float) -> float:
    """How likely a row has a near-copy by chance: the number of rows times the chance that two agree in a share of what
    they say. Columns that go together are counted once: each by its chance to agree where the column agrees that it
    goes with most (a tree, as Chow and Liu 1968). Of rows that are copies one is `alone`, so that they do not vouch for
    themselves."""
    if len(alone) < 20 or len(cells) > _REPEATED * len(alone):  # few kinds of rows, each many times
        return 1.0
    draw = np.random.default_rng(2)
    one, two = draw.choice(alone, _CHANCE_PAIRS), draw.choice(alone, _CHANCE_PAIRS)
    apart = one != two
    agree = (np.abs(cells[one[apart]] - cells[two[apart]]) <= TOLERANCE).astype(np.float32)
    together = (agree.T @ agree + 0.5) / len(agree)
    single = np.maximum(np.diag(together), 2.0**-bits)
    given = np.minimum(together / single[None, :], 1.0)  # row agrees, given that column does
    order = np.argsort(single, kind="stable")
    total = float(np.log2(single[order[0]]))
    for rank in range(1, len(order)):
        before = order[:rank]
        total += float(np.log2(max(single[order[rank]], float(given[order[rank], before].max()))))
    return float(min(1.0, len(cells) * 2.0 ** (share * total)))
