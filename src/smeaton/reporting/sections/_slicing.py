"""Slices: rows with the same value (or bin) in one or two columns, tested for answers that are worse than elsewhere.

Every slice of enough rows is tested, mean loss inside against outside, one-sided, rows that belong together taken
together; then the false discovery rate is held at 5 % over all that were tested (Benjamini and Hochberg 1995). The
intervals of those shown are as wide as having chosen them asks for (Benjamini and Yekutieli 2005).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from smeaton.metrics._intervals import student
from smeaton.reporting.sections._jackknife import mean
from smeaton.reporting.sections._parts import Parts
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._shares import Units
from smeaton.task.table import Array

RATE = 0.05
LEAST = 20  # rows of a slice, inside and outside
_SHARE = 0.01  # of the rows that a slice must hold
_PAIRED = 6  # columns whose pairs are looked at, those with the clearest slices
_SAME = 0.6  # overlap (Jaccard 1912) from which on two slices are the same finding
_NORMAL = 1.959964


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows (a mask over the evidence) with what they have in common. `value` is their mean loss, `elsewhere` that of
    the other rows, `chance` how likely such a difference is where there is none; `low` and `high` once shown."""

    names: tuple[tuple[str, str], ...]
    rows: Array
    value: float
    elsewhere: float
    chance: float
    low: float = math.nan
    high: float = math.nan
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Sliced:
    """The worst slices, the worst first. `tested` were looked at, `clear` are worse beyond chance; `late` columns were
    not looked at for want of time."""

    shown: tuple[Slice, ...]
    tested: int
    clear: int
    late: int
    least: int


@dataclass(frozen=True, slots=True)
class _Tested:
    parts: tuple[Parts, ...]
    code: int
    value: float
    elsewhere: float
    chance: float
    least: float  # the lower end of the difference, added to the loss elsewhere: what slices are ranked by


def sliced(columns: Iterator[Parts], total: int, losses: Array, units: Units, most: int, patience: Patience) -> Sliced:
    """Look for the worst slices of columns in parts; of `total` columns as many as there is patience for."""
    least = max(LEAST, math.ceil(_SHARE * len(losses)))
    single: list[tuple[Parts, list[_Tested]]] = []
    looked = 0
    for parts in columns:
        looked += 1
        single.append((parts, _tests((parts,), parts.codes, losses, units, least)))
        if patience.over():
            break
    tested = [one for _, found in single for one in found]
    single.sort(key=lambda one: min((found.chance for found in one[1]), default=1.0))
    for one, other in combinations([parts for parts, found in single if found][:_PAIRED], 2):
        if patience.over():
            break
        width = len(other.names)
        both = np.where((one.codes >= 0) & (other.codes >= 0), one.codes * width + other.codes, -1)
        tested += _tests((one, other), both, losses, units, least)
    clear = _discovered([one.chance for one in tested])
    pool = [one for one, sure in zip(tested, clear, strict=True) if sure] or tested
    shown = _worst(pool, most)
    level = 1 - RATE * max(1, len(shown) if any(clear) else 1) / max(1, len(tested))
    return Sliced(
        shown=tuple(_shown(one, losses, units, level, any(clear)) for one in shown),
        tested=len(tested),
        clear=int(sum(clear)),
        late=total - looked,
        least=least,
    )


def _tests(parts: tuple[Parts, ...], codes: Array, losses: Array, units: Units, least: int) -> list[_Tested]:
    """A test for each part that holds enough rows, inside and outside."""
    some = codes >= 0
    count = int(codes.max(initial=-1)) + 1
    if not count:
        return []
    rows = np.bincount(codes[some], minlength=count)
    inside = np.bincount(codes[some], units.weight[some], count)
    total = np.bincount(codes[some], (units.weight * losses)[some], count)
    whole, every = float(units.weight.sum()), float(units.weight @ losses)
    usable = (rows >= least) & (len(losses) - rows >= least) & (inside > 0) & (whole - inside > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, elsewhere = total / inside, (every - total) / (whole - inside)
    found = []
    for code in np.flatnonzero(usable).tolist():
        mask = codes == code
        pull = np.where(
            mask, (losses - value[code]) / inside[code], -(losses - elsewhere[code]) / (whole - inside[code])
        )
        error = _error(units.weight * pull, units)
        apart = (value[code] - elsewhere[code]) / error if error > 0 else 0.0
        chance = 0.5 * math.erfc(apart / math.sqrt(2))
        bound = float(value[code]) - _NORMAL * error
        found.append(_Tested(parts, code, float(value[code]), float(elsewhere[code]), chance, bound))
    return found


def _error(pull: Array, units: Units) -> float:
    """The standard error of a sum of independent rows or clusters; larger where clusters are few."""
    found = math.sqrt(float(pull @ pull))
    for code in units.clusters:
        sums = np.bincount(code, weights=pull)
        few = len(sums)
        if few < 2:
            return math.inf
        found = max(found, math.sqrt(float(sums @ sums) * few / (few - 1)) * student(few - 1) / _NORMAL)
    return found


def _discovered(chances: Sequence[float]) -> list[bool]:
    """Which of many tests hold at a false discovery rate of `RATE`."""
    if not chances:
        return []
    order = np.argsort(chances, kind="stable")
    ranked = np.asarray(chances)[order]
    holds = np.flatnonzero(ranked <= RATE * np.arange(1, len(ranked) + 1) / len(ranked))
    found = np.zeros(len(ranked), dtype=bool)
    if len(holds):
        found[order[: holds[-1] + 1]] = True
    return [bool(one) for one in found]


def _worst(pool: Sequence[_Tested], most: int) -> list[_Tested]:
    """The slices whose loss is highest at the lower end of its interval; none that is about the same rows as one before
    it, and no pair of columns that is not clearly worse than either alone."""
    alone = {(one.parts[0].column, one.code): one.value for one in pool if len(one.parts) == 1}
    chosen: list[_Tested] = []
    masks: list[Array] = []
    for one in sorted(pool, key=lambda one: (-one.least, -one.value)):
        if len(chosen) == most:
            break
        places = _places(one)
        parents = [alone.get((part.column, place), 0.0) for part, place in zip(one.parts, places, strict=True)]
        if len(one.parts) > 1 and one.least < max(parents):
            continue
        mask = _mask(one)
        if any((mask & other).sum() > _SAME * (mask | other).sum() for other in masks):
            continue
        chosen.append(one)
        masks.append(mask)
    return chosen


def _places(one: _Tested) -> tuple[int, ...]:
    """The part of each column."""
    return (one.code,) if len(one.parts) == 1 else divmod(one.code, len(one.parts[1].names))


def _mask(one: _Tested) -> Array:
    masks = [part.codes == place for part, place in zip(one.parts, _places(one), strict=True)]
    return np.asarray(np.logical_and.reduce(masks))


def _shown(one: _Tested, losses: Array, units: Units, level: float, clear: bool) -> Slice:
    mask = _mask(one)
    value, low, high = mean(losses[mask], units.take(mask), level)
    names = tuple((part.column, part.names[place]) for part, place in zip(one.parts, _places(one), strict=True))
    return Slice(names, mask, value, one.elsewhere, one.chance, max(0.0, low), high, clear)
