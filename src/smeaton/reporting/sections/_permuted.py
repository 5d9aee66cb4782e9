"""Permutation importance of input columns: how much worse the answers are when a column's values are dealt out anew
among the rows (Breiman 2001; "model reliance" in Fisher, Rudin and Dominici 2019).

Each fold's program is asked about rows it was not fitted on. What time allows is done: rows are thinned first, then
repeats, then columns, of which those are tried first whose values the answers differ by most.
"""

from dataclasses import dataclass, field

import numpy as np

from smeaton.metrics import Metric
from smeaton.reporting.sections._asked import Asked, Part
from smeaton.reporting.sections._jackknife import difference
from smeaton.reporting.sections._parts import parts_of
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._shares import Units, units_of
from smeaton.task.table import Array

_ROWS = (4_000, 2_000, 1_000, 500, 250, 100)
_FEWER_REPEATS = 500  # rows from which on repeats are given up before rows
_REPEATS = (5, 3, 2, 1)
_SCREENED = 500  # rows that columns are screened on
_SHARE = 0.2  # of the time for the screen


@dataclass(frozen=True, slots=True)
class Piece:
    """One column: how much worse the metric gets without it (positive = worse), with its 95 % interval; how often it
    was dealt out."""

    column: str
    value: float
    low: float
    high: float
    repeats: int


@dataclass(frozen=True, slots=True)
class Permuted:
    """All that was tried, the most important first. `unread` are columns that no program reads, `untried` those there
    was no time for; `rows` were asked about in `folds` programs; `score` is the metric on them as they are."""

    pieces: tuple[Piece, ...]
    unread: tuple[str, ...]
    untried: tuple[str, ...]
    rows: int
    folds: int
    score: float
    screened: int = 0


@dataclass(slots=True)
class _Trial:
    """One program with the rows it is asked about, and its answers to them as statistics of the metric."""

    part: Part
    rows: Array
    table: dict[str, Array]
    before: Array
    after: dict[str, list[Array]] = field(default_factory=dict)


def permuted(work: Asked, metric: Metric, patience: Patience) -> Permuted:
    """Try the columns while there is patience; without time for one, nothing is tried."""
    every, read = tuple(work.task.input_types), work.inputs
    unread = tuple(name for name in every if name not in set(read))
    known = sum(len(part.rows) for part in work.parts)
    columns, screened = _screened(work, read, patience.some(_SHARE))
    rows, repeats, count = plan(0.8 * patience.left() / max(work.pace, 1e-9), len(columns), known)
    tried = columns[:count]
    sizes = [max(2, rows * len(part.rows) // known) for part in work.parts] if tried else []
    trials = [_trial(work, metric, part, size) for part, size in zip(work.parts, sizes, strict=False)]
    for repeat in range(repeats):
        for name in tried:
            if patience.over():
                break
            for trial in trials:
                _deal(work, metric, trial, name, repeat)
    done = [name for name in tried if all(trial.after.get(name) for trial in trials)]
    units = units_of(work.dataset, np.concatenate([trial.rows for trial in trials])) if trials else None
    pieces = [_piece(metric, trials, units, name) for name in done] if units is not None else []
    before = np.concatenate([trial.before for trial in trials]) if trials else np.zeros((0, 1))
    return Permuted(
        pieces=tuple(sorted((piece for piece in pieces if np.isfinite(piece.value)), key=lambda piece: -piece.value)),
        unread=unread,
        untried=tuple(name for name in read if name not in set(done)),
        rows=len(before),
        folds=len(trials),
        score=_score(metric, before, units) if units is not None else float("nan"),
        screened=screened,
    )


def plan(affordable: float, columns: int, rows: int) -> tuple[int, int, int]:
    """How many rows, repeats and columns `affordable` answers are spent on; 0 columns where they do not do for one."""
    sizes = sorted({min(rows, size) for size in _ROWS}, reverse=True)
    most = [size for size in sizes if size >= _FEWER_REPEATS] or sizes[:1]
    for size in most:
        if size * _REPEATS[0] * columns <= affordable:
            return size, _REPEATS[0], columns
    for repeats in _REPEATS[1:]:
        if most[-1] * repeats * columns <= affordable:
            return most[-1], repeats, columns
    for size in sizes[len(most) - 1 :]:
        if size * columns <= affordable:
            return size, 1, columns
    least = most[-1] if most[-1] <= affordable else sizes[-1]
    return least, 1, int(affordable // least)


def _screened(work: Asked, names: tuple[str, ...], patience: Patience) -> tuple[list[str], int]:
    """The columns, those first whose values the answers differ by most; how many of them were looked at."""
    part = work.parts[0]
    rows = part.rows[:_SCREENED]
    numbers = work.numbers(part, work.table(part, rows[: min(len(rows), max(50, int(0.1 / max(work.pace, 1e-9))))]))
    rows = rows[: len(numbers)]
    strength: dict[str, float] = {}
    for name in names:
        if patience.over():
            break
        strength[name] = _differs(work, name, rows, numbers)
    return sorted(names, key=lambda name: -strength.get(name, -1.0)), len(strength)


def _differs(work: Asked, name: str, rows: Array, numbers: Array) -> float:
    """The share of the answers' variance between parts of a column (the correlation ratio: Pearson 1905); infinite for
    a column without parts, which is always tried."""
    parts = parts_of(name, work.task.input_types[name], work.dataset.table[name][rows])
    off = numbers - numbers.mean(axis=0) if numbers.size else numbers
    whole = float(np.square(off).sum())
    if work.task.input_types[name].type == "text" or work.dataset.table[name].ndim > 1:
        return float("inf")
    if parts is None or not whole > 0:
        return 0.0
    counts = np.maximum(parts.counts, 1)
    between = sum(
        float((np.bincount(parts.codes, weights=column, minlength=len(counts)) ** 2 / counts).sum()) for column in off.T
    )
    return (between / whole - (len(counts) - 1) / len(rows)) if np.isfinite(between) else 0.0


def _trial(work: Asked, metric: Metric, part: Part, rows: int) -> _Trial:
    some = part.rows[:rows]
    table = work.table(part, some)
    return _Trial(part, some, table, _stats(work, metric, part, some, table))


def _stats(work: Asked, metric: Metric, part: Part, rows: Array, table: dict[str, Array]) -> Array:
    dataset = work.dataset
    weight = None if dataset.weight is None else dataset.weight[rows]
    group = None if dataset.group is None else dataset.group[rows]
    found = metric.rows(work.answers(part, table), dataset.target[rows], dataset.task.labels, weight, group)
    return np.asarray(found, dtype=np.float64)


def _deal(work: Asked, metric: Metric, trial: _Trial, name: str, repeat: int) -> None:
    """Answers with one column dealt out anew among the rows; without change where this program does not read it."""
    if name not in trial.table:
        trial.after.setdefault(name, []).append(trial.before)
        return
    draw = np.random.default_rng([trial.part.number, repeat, list(work.task.input_types).index(name)])
    changed = {**trial.table, name: trial.table[name][draw.permutation(len(trial.rows))]}
    trial.after.setdefault(name, []).append(_stats(work, metric, trial.part, trial.rows, changed))


def _piece(metric: Metric, trials: list[_Trial], units: Units, name: str) -> Piece:
    after = np.concatenate([np.mean(trial.after[name], axis=0) for trial in trials])
    before = np.concatenate([trial.before for trial in trials])
    value, low, high = difference(metric, after, before, units)
    if metric.better == "higher":
        value, low, high = -value, -high, -low
    return Piece(name, value, low, high, min(len(trial.after[name]) for trial in trials))


def _score(metric: Metric, stats: Array, units: Units) -> float:
    return float(metric.value(np.average(stats, axis=0, weights=units.weight)))
