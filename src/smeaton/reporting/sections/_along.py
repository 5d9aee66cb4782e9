"""How an answer moves along a column: its mean within each bar with an interval, and how much of it the column alone
explains."""

from dataclasses import dataclass

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import Array
from smeaton.task.types import label_text
from smeaton.trials.outside import TWO_SIDED, wilson

FEWEST = 5  #: rows of a bar whose mean is shown


@dataclass(frozen=True, slots=True)
class Measure:
    """What is looked at of an answer: one number of each row, (rows,). `kind` is `share` for 0 and 1. `name` says what
    its mean is."""

    values: Array
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Means:
    """The mean of each bar with its 95 % interval, (bars,) each; NaN where fewer than `FEWEST` rows are."""

    value: Array
    low: Array
    high: Array


def measure(dataset: Dataset, rows: Array) -> Measure | None:
    """The number of some rows by which their answers are compared; None for texts and structures.

    Two labels: whether it is the second. More: whether it is the commonest, of labels in order the place in it. Any
    number of labels: whether it has the commonest.
    """
    task, target = dataset.task, np.asarray(dataset.target[rows])
    if task.answer == "number":
        return Measure(target.astype(np.float64), "number", f"mean {task.target}")
    if task.answer not in ("class", "many") or not task.labels:
        return None
    texts = [label_text(label) for label in task.labels]
    if task.answer == "many":
        code = int(target.sum(axis=0).argmax()) if len(target) else 0
        return Measure(target[:, code].astype(np.float64), "share", f"share with {texts[code]}")
    if task.output_type.ordered and len(texts) > 2:
        return Measure(target + 1.0, "number", f"mean place from {texts[0]} (1) to {texts[-1]} ({len(texts)})")
    code = 1 if len(texts) == 2 else int(np.bincount(target, minlength=len(texts)).argmax())
    return Measure((target == code).astype(np.float64), "share", f"share of {task.target} = {texts[code]}")


def means(found: Measure, codes: Array, count: int, units: Units) -> Means:
    """The weighted mean in each bar (-1: none). The spread of a ratio of sums is that of its linearised rows (Cochran
    1977), rows that belong together taken as one; shares have Wilson's interval (1927) at as many independent rows."""
    used = codes >= 0
    code, value, weight = codes[used], found.values[used], units.weight[used]
    rows = np.bincount(code, minlength=count)
    mass = np.bincount(code, weights=weight, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.bincount(code, weights=weight * value, minlength=count) / mass
        off = weight * (value - mean[code])
        spread = np.bincount(code, weights=off**2, minlength=count) / mass**2
        for cluster in units.clusters:
            spread = np.fmax(spread, _clustered(cluster[used], code, off, count) / mass**2)
    mean[rows < FEWEST] = np.nan
    if found.kind == "share":
        kish = mass**2 / np.maximum(np.bincount(code, weights=weight**2, minlength=count), 1e-300)
        bounds = [_share(*one) for one in zip(mean.tolist(), spread.tolist(), kish.tolist(), strict=True)]
        low, high = np.array(bounds, dtype=np.float64).reshape(-1, 2).T
        return Means(mean, low, high)
    reach = TWO_SIDED * np.sqrt(spread)
    return Means(mean, mean - reach, mean + reach)


def explained(target: Array, labels: int, codes: Array, count: int) -> float:
    """The share of an answer's variation that knowing the bar takes away, from 0 to 1, corrected for the number of bars
    (Kelley 1935, epsilon squared); of labels the variation is that of Gini, so that this is the tau of Goodman and
    Kruskal (1954).

    Args:
        target: numbers or codes of labels (rows,), or 0 and 1 for each label (rows, labels).
        labels: how many labels there are, 0 for numbers.
        codes: the bar of each row; -1, missing, is a bar of its own.
        count: how many bars there are besides that.
    """
    code = np.where(codes < 0, count, codes)
    held = np.bincount(code, minlength=count + 1).astype(np.float64)
    kept = held > 0
    rows, bars = float(held.sum()), int(kept.sum())
    if rows <= bars or bars < 2:
        return 0.0
    if target.ndim == 2:
        sums = np.stack([np.bincount(code, weights=one, minlength=count + 1) for one in target.T.astype(np.float64)])
        squares = sums.sum()
    elif labels:
        cells = np.bincount(code * labels + target, minlength=(count + 1) * labels)
        sums, squares = cells.reshape(count + 1, labels).T.astype(np.float64), rows
    else:
        size = float(np.abs(target).max()) or 1.0
        value = target / size
        value = value - value.mean()
        sums, squares = np.bincount(code, weights=value, minlength=count + 1)[None, :], float((value**2).sum())
    whole = squares - float((sums.sum(axis=1) ** 2).sum()) / rows
    if not whole > 0:
        return 0.0
    within = squares - float((sums[:, kept] ** 2 / held[kept]).sum())
    return float(np.clip(1 - within / whole * (rows - 1) / (rows - bars), 0.0, 1.0))


def _clustered(cluster: Array, code: Array, off: Array, count: int) -> Array:
    """The sum of the squares of what each cluster adds to a bar."""
    if not len(cluster):
        return np.zeros(count)
    _, place = np.unique(cluster, return_inverse=True)
    groups = int(place.max()) + 1
    sums = np.bincount(place * count + code, weights=off, minlength=groups * count).reshape(groups, count)
    return np.asarray((sums**2).sum(axis=0) * groups / max(1, groups - 1))


def _share(value: float, spread: float, kish: float) -> tuple[float, float]:
    if not np.isfinite(value):
        return np.nan, np.nan
    own = value * (1 - value)
    rows = own / spread if own > 1e-12 and spread > 0 else kish
    return wilson(min(1.0, max(0.0, value)), max(rows, 1e-9), TWO_SIDED)
