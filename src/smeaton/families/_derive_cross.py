"""Crossings: what the target was like where two category values were seen together. Only those pairs of columns are
crossed that say more of rows they were not learnt from than the two columns do one by one."""

from itertools import combinations

import numpy as np

from smeaton.families._derive_means import Targets, learn_means, targets_of
from smeaton.families._derive_seen import Made, Seen, remembered
from smeaton.task.table import Array

_MOST_ROWS = 10_000  # that pairs are chosen on
_MOST_SINGLE = 60  # columns that are looked at
_MOST_COLUMNS = 12  # that are tried with one another
_MOST_PAIRS = 4
_LEAST_CELLS = 9  # fewer are what two or three splits of a tree tell apart
_MOST_MEANS = 12  # columns of the matrix, over all pairs
_LABELS = 3  # commonest, that pairs are chosen by
#: What a pair must add: the share of variance it explains beyond the single columns, times the rows. Chance alone
#: passes once in about 1,500 pairs.
_GAIN = 10.0


def cross(seen: Seen) -> list[Made]:
    """The chosen crossings, as one part."""
    from smeaton.compile.derived import Crossed

    pairs = remembered(choose_pairs, seen.sample(_MOST_ROWS))
    if not pairs:
        return []
    found = [_cells(seen, pair) for pair in pairs]
    codes = np.column_stack([codes for codes, _ in found])
    cells = tuple(cells for _, cells in found)
    targets = targets_of(seen.rows, seen.ending, max(1, _MOST_MEANS // len(pairs)))
    means = learn_means(codes, [len(own) for own in cells], targets, seen.splits)
    return [(Crossed(seen.vocabulary, tuple(pairs), cells, means.tables), means.apart)]


def choose_pairs(seen: Seen) -> list[tuple[int, int]]:
    """The pairs of category columns worth crossing, at most `_MOST_PAIRS`, those that add most first."""
    targets = targets_of(seen.rows, seen.ending, _LABELS)
    single = _single(seen, targets)
    gains = dict[tuple[int, int], float]()
    for pair in combinations(sorted(single), 2):
        codes, cells = _cells(seen, pair)
        if len(cells) >= _LEAST_CELLS:
            apart = learn_means(codes[:, None], [len(cells)], targets, seen.splits).apart
            gains[pair] = _gain(targets, np.hstack([single[pair[0]], single[pair[1]]]), apart)
    good = [pair for pair, gain in gains.items() if gain > _GAIN]
    return sorted(good, key=lambda pair: (-gains[pair], pair))[:_MOST_PAIRS]


def _single(seen: Seen, targets: Targets) -> dict[int, Array]:
    """The means of the columns to try, of other rows: those that tell most on their own, where there are many."""
    usable = [i for i, size in enumerate(seen.sizes) if size >= 2][:_MOST_SINGLE]
    means = {i: learn_means(seen.codes[:, [i]], [seen.sizes[i]], targets, seen.splits).apart for i in usable}
    nothing = np.empty((len(seen.rows), 0))
    gains = {i: _gain(targets, nothing, apart) for i, apart in means.items()}
    return {i: means[i] for i in sorted(usable, key=lambda i: (-gains[i], i))[:_MOST_COLUMNS]}


def _cells(seen: Seen, pair: tuple[int, int]) -> tuple[Array, Array]:
    """The code of each row's cell (-1: seen in too few rows to be kept), and the codes of the two values of each."""
    from smeaton.compile.derived import cell_keys, cell_places
    from smeaton.compile.encode import LEAST_ROWS

    size = max(1, seen.sizes[pair[1]])
    keys = cell_keys(seen.codes[:, pair[0]], seen.codes[:, pair[1]], size)
    found, counts = np.unique(keys, return_counts=True)
    known = found[(counts >= LEAST_ROWS) & (found >= 0)]
    return cell_places(known, keys), np.column_stack([known // size, known % size])


def _gain(targets: Targets, single: Array, both: Array) -> float:
    """How much of the targets' variance the means of the pair explain that those of its columns do not, times the
    rows; the best of the targets. A pair that says the contrary of what it should adds nothing."""
    base = np.column_stack([np.ones(len(single)), single])
    stacked = np.hstack([targets.values, both])
    fitted, *_ = np.linalg.lstsq(base, stacked, rcond=None)
    left = stacked - base @ fitted
    own, other = left[:, : targets.width], left[:, targets.width :]
    scale = np.sqrt((own**2).sum(axis=0) * (other**2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        like = np.where(scale > 1e-9 * len(single), (own * other).sum(axis=0) / scale, 0.0)
    return float(len(single) * np.square(np.maximum(like, 0.0)).max())
