"""Whether a classifier can tell rows of two parts apart (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests",
2017): what no column shows alone.

Small boosted trees are fitted on half of the units and asked about the other half, both ways round. The AUC has the
spread of its placement values (DeLong, DeLong and Clarke-Pearson 1988), summed over what belongs together.
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from smeaton.extras import needs
from smeaton.quality._matrix import matrix
from smeaton.task.table import Array, Table

_ROWS = 4_000
_MOST_COLUMNS = 200
_FEWEST = 20
_SHOWN = 5
_TREES = 60
_PARAMS = {
    "objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20, "num_threads": 1,
    "verbosity": -1, "deterministic": True, "force_col_wise": True, "feature_fraction": 0.7, "seed": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """The AUC with its 95 % interval, the chance of so high a one between like parts, and the columns used most."""

    auc: float
    low: float
    high: float
    p: float
    columns: tuple[str, ...]


def told_apart(table: Table, first: Array, second: Array, units: Array | None, seed: int = 0) -> Told | None:
    """How well rows at `first` and `second` are told apart; None where there are too few to tell.

    `units` are codes of what belongs together, for all rows of the table; None: each row for itself.
    """
    draw = np.random.default_rng([seed, 4])
    parts = [np.sort(draw.permutation(part)[:_ROWS]) for part in (first, second)]
    if min(map(len, parts)) < _FEWEST or not table:
        return None
    # Codes of texts are given as they come: in the order of the parts they would tell them.
    order = draw.permutation(len(parts[0]) + len(parts[1]))
    rows = np.concatenate(parts)[order]
    y = np.repeat([0.0, 1.0], [len(parts[0]), len(parts[1])])[order]
    cells, names, _ = matrix(table, rows, _MOST_COLUMNS, 0)
    codes = np.unique(rows if units is None else units[rows], return_inverse=True)[1]
    half = _halves(codes, y, draw)
    if half is None:
        return None
    with needs("build"):
        import lightgbm
    score, gain = np.empty(len(rows)), np.zeros(len(names))
    for side in (half, ~half):
        data = lightgbm.Dataset(cells[side], y[side], free_raw_data=False)
        model = lightgbm.train(_PARAMS, data, _TREES)
        score[~side] = model.predict(cells[~side])
        gain += model.feature_importance("gain")
    auc, error = _auc(score, y, half, codes)
    p = 0.5 * erfc((auc - 0.5) / (max(error, 1e-9) * sqrt(2)))
    best = [names[place] for place in np.argsort(-gain, kind="stable") if gain[place] > 0.05 * gain.sum()]
    low, high = max(0.0, auc - 1.96 * error), min(1.0, auc + 1.96 * error)
    return Told(auc, low, high, p, tuple(dict.fromkeys(best))[:_SHOWN])


def _halves(codes: Array, y: Array, draw: np.random.Generator) -> Array | None:
    """A mask of half of the units of each part; None where a half lacks a part."""
    share = np.bincount(codes, weights=y) / np.bincount(codes)
    chosen = np.zeros(len(share), dtype=bool)
    for part in (share < 0.5, share >= 0.5):
        units = draw.permutation(np.flatnonzero(part))
        chosen[units[: len(units) // 2]] = True
    half: Array = chosen[codes]
    parts = [y[side] for side in (half, ~half)]
    return half if all(0 < part.sum() < len(part) for part in parts) else None


def _auc(score: Array, y: Array, half: Array, codes: Array) -> tuple[float, float]:
    """The mean AUC of the two halves and its standard error over units."""
    off = np.zeros(len(y))
    values = []
    for side in (half, ~half):
        place = np.flatnonzero(side)
        low, high = (np.sort(score[side & (y == part)]) for part in (0.0, 1.0))
        placed = np.empty(len(place))
        ones = y[place] == 1
        placed[ones] = _below(low, score[place[ones]])
        placed[~ones] = 1 - _below(high, score[place[~ones]])
        auc = float(placed[ones].mean())
        values.append(auc)
        weight = np.where(ones, 1 / max(1, ones.sum()), 1 / max(1, (~ones).sum())) / 2
        off[place] = (placed - auc) * weight
    sums = np.bincount(codes, weights=off)
    return float(np.mean(values)), float(np.sqrt((sums**2).sum()))


def _below(ordered: Array, values: Array) -> Array:
    """The share of `ordered` below each value, equals counting half."""
    under = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    found: Array = under / (2 * len(ordered))
    return found
