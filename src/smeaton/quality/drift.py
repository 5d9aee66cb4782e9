"""How two parts of the rows differ: column by column, against parts dealt at random, and all columns together.

Each column is put into bins; the chi-square distance of the two histograms is compared with that of 400 parts of the
same size dealt at random. What belongs together is dealt together: groups, or runs of moments as long as the root of
their number (as the intervals of scores have it), for rows of one week are alike without any drift. Small chances come
from a gamma distribution with the mean and variance of the dealt distances (Larson and Owen 2015). Of all that is
looked at, missing values and values never seen before among it, those are named that keep the share of false findings
at 5 % (Benjamini and Hochberg 1995), if they are large enough to matter: a stability index of 0.02, or a share of 1 %.
"""

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np

from smeaton.extras import needs
from smeaton.quality._bins import Binned, binned
from smeaton.quality.forms import Shift
from smeaton.task.table import Array, Table

ROWS = 20_000
FALSE = 0.05
_DEALT = 400
_LEAST_PSI = 0.02
_LEAST_SHARE = 0.01
_FEWEST_UNITS = 4


def bins_of(table: Table, rows: Array) -> list[Binned]:
    """The columns of some rows as bins, to be compared in any parts of them."""
    return [binned(name, np.asarray(column[rows])) for name, column in table.items()]


def shifts(
    columns: Sequence[Binned], second: Array, units: Array | None, seed: int = 0
) -> tuple[list[Shift], int, int]:
    """What differs between the rows that are not and those that are `second` (a mask).

    Args:
        columns: bins of the rows of both parts.
        second: which rows are of the second part.
        units: codes of what is dealt together, or None for rows by themselves.
        seed: of what is dealt.

    Returns:
        the shifts, largest first; how many comparisons were made; how many stand out and are too small to matter.
    """
    draw = np.random.default_rng([seed, 3])
    deal = _Deal(second, units)
    found: list[Shift] = []
    if not deal.possible:
        return [], 0, 0
    for column in columns:
        there = column.codes >= 0
        if column.count > 1 and there[second].any() and there[~second].any():
            found.append(_values(column, second, deal, draw))
        if not there.all() and there.any():
            found.append(_missing(column.name, ~there, second, deal, draw))
        if column.values is not None:
            unseen = _unseen(column.name, column.values, second, deal)
            found += [unseen] if unseen is not None else []
    named = [one for one, keep in zip(found, discoveries([one.p for one in found]), strict=True) if keep]
    large = [one for one in named if (one.psi >= _LEAST_PSI if one.what == "values" else one.distance >= _LEAST_SHARE)]
    return sorted(large, key=lambda one: -one.distance), len(found), len(named) - len(large)


def discoveries(chances: Sequence[float], false: float = FALSE) -> Array:
    """Which of the findings stand out so that the expected share of false ones among them is at most `false`."""
    p = np.asarray(chances, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    passing = np.flatnonzero(p[order] <= false * np.arange(1, len(p) + 1) / max(1, len(p)))
    mask = np.zeros(len(p), dtype=bool)
    if len(passing):
        mask[order[: passing[-1] + 1]] = True
    return mask


class _Deal:
    """Parts of the same size dealt at random: histograms of the second part."""

    def __init__(self, second: Array, units: Array | None) -> None:
        self.second = second
        self.codes = None if units is None else np.unique(units, return_inverse=True)[1]
        if self.codes is None:
            self.taken = int(second.sum())
            self.units = len(second)
        else:
            self.units = int(self.codes.max()) + 1
            share = np.bincount(self.codes, weights=second) / np.bincount(self.codes)
            self.taken = int(np.rint(share.sum()))

    @property
    def possible(self) -> bool:
        """Whether there are units enough to deal."""
        return min(self.taken, self.units - self.taken) >= min(_FEWEST_UNITS, 1 + (self.codes is None) * 3)

    def histograms(self, codes: Array, count: int, there: Array, draw: np.random.Generator) -> Array:
        """Histograms (_DEALT, count) of the bins in dealt second parts."""
        if self.codes is None:
            whole = np.bincount(codes[there], minlength=count)
            size = int((there & self.second).sum())
            return draw.multivariate_hypergeometric(whole, size, size=_DEALT, method="marginals").astype(np.float64)
        cells = np.bincount(self.codes[there] * count + codes[there], minlength=self.units * count)
        ranks = draw.random((_DEALT, self.units)).argsort(axis=1).argsort(axis=1)
        return (ranks < self.taken).astype(np.float64) @ cells.reshape(self.units, count).astype(np.float64)


def _values(column: Binned, second: Array, deal: _Deal, draw: np.random.Generator) -> Shift:
    there = column.codes >= 0
    whole = np.bincount(column.codes[there], minlength=column.count).astype(np.float64)
    mine = np.bincount(column.codes[there & second], minlength=column.count).astype(np.float64)
    dealt = deal.histograms(column.codes, column.count, there, draw)
    p = _chance(float(_apart(mine[None, :], whole)[0]), _apart(dealt, whole))
    shares = [(counts + 0.5) / (counts.sum() + 0.5 * column.count) for counts in (whole - mine, mine)]
    plain = [counts / counts.sum() for counts in (whole - mine, mine)]
    psi = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    off = plain[1] - plain[0]
    distance = float(np.abs(np.cumsum(off)).max()) if column.ordered else float(np.abs(off).sum() / 2)
    return Shift(column=column.name, what="values", distance=distance, psi=psi, p=p)


def _missing(name: str, null: Array, second: Array, deal: _Deal, draw: np.random.Generator) -> Shift:
    codes = null.astype(np.int64)
    whole = np.bincount(codes, minlength=2).astype(np.float64)
    mine = np.bincount(codes[second], minlength=2).astype(np.float64)
    dealt = deal.histograms(codes, 2, np.ones(len(codes), dtype=bool), draw)
    p = _chance(float(_apart(mine[None, :], whole)[0]), _apart(dealt, whole))
    first, after = float(null[~second].mean()), float(null[second].mean())
    return Shift(column=name, what="missing", distance=abs(after - first), p=p, first=first, second=after)


def _unseen(name: str, values: Array, second: Array, deal: _Deal) -> Shift | None:
    """Values of the second part that the first has not. By chance a value held by u units is one with the chance that
    all of them are dealt there."""
    there = values >= 0
    size = int((there & second).sum())
    if not size:
        return None
    count = np.bincount(values[there])
    unseen = np.bincount(values[there & ~second], minlength=len(count)) == 0
    rows = float(count[unseen].sum())
    if rows == 0:
        return None
    if deal.codes is None:
        held = count
    else:
        pairs = np.unique(np.stack([values[there], deal.codes[there]]), axis=1)
        held = np.bincount(pairs[0], minlength=len(count))
    alone = (deal.taken / deal.units) ** held
    expected, spread = float((count * alone).sum()), sqrt(float((count**2 * alone * (1 - alone)).sum()))
    p = 0.5 * erfc((rows - 0.5 - expected) / (max(spread, 1e-9) * sqrt(2)))
    excess = max(0.0, rows - expected) / size
    return Shift(column=name, what="unseen", distance=excess, p=p, first=0.0, second=rows / size)


def _apart(mine: Array, whole: Array) -> Array:
    """Chi-square distances of histograms (n, bins) of the second part from the rest, whatever their size."""
    held = whole > 0
    mine, whole = mine[:, held], whole[held]
    size = mine.sum(axis=1, keepdims=True)
    share = whole / whole.sum()
    rest = whole.sum() - size
    usable = (size > 0) & (rest > 0)
    off = mine / np.where(size > 0, size, 1) - share
    distance = (off**2 / share).sum(axis=1, keepdims=True) * size * whole.sum() / np.where(rest > 0, rest, 1)
    return np.where(usable, distance, 0.0)[:, 0]


def _chance(seen: float, dealt: Array) -> float:
    """How likely a distance at least as large as the one seen is."""
    above = int((dealt >= seen * (1 - 1e-12)).sum())
    if above >= 10:
        return (above + 1) / (len(dealt) + 1)
    mean, spread = float(dealt.mean()), float(dealt.var())
    if mean <= 0 or spread <= 0:
        return 1.0 if seen <= mean else 1 / (len(dealt) + 1)
    with needs("build"):
        from scipy.special import gammaincc
    return float(gammaincc(mean**2 / spread, seen * mean / spread))
