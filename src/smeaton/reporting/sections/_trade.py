"""What quality costs: the axes a solution is paid on, and what nothing else beats in quality and on one of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smeaton.errors import SmeatonError
from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.ties import oriented
from smeaton.task.units import show_bytes, show_dollars, show_seconds
from smeaton.trials.record import Cost
from smeaton.trials.results import RESULT_FILE, read_fit

_VARIES = 1.02  # the largest over the smallest value from which on there is something to see
_WIDE = 8.0  # the same from which on a logarithmic scale shows more
_ALIKE = 1.5  # two axes whose ratio varies by no more than this factor show the same picture


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing quality is paid with. `value` reads it from a measured cost (None = unknown), `show` writes it for
    people; `short` is what less of it is called, `measured` how it was measured."""

    id: str
    title: str
    short: str
    measured: str
    value: Callable[[Cost], float | None]
    show: Callable[[float], str]


SPEED = Axis(
    "speed",
    "Is more quality slower?",
    "fastest",
    "95 of 100 single calls answered within this, after a warm-up, with one caller and one thread",
    lambda cost: cost.p95,
    show_seconds,
)
SIZE = Axis(
    "size",
    "Is more quality larger?",
    "smallest",
    "the files of the program that would ship",
    lambda cost: float(cost.size),
    show_bytes,
)
MONEY = Axis(
    "cost",
    "Is more quality dearer?",
    "cheapest",
    "dollars for 1,000 calls: computing time at a stated price, and what language models ask",
    lambda cost: cost.cost_per_1k,
    show_dollars,
)
AXES = (SPEED, MONEY, SIZE)


@dataclass(frozen=True, slots=True)
class Point:
    """A solution with what it costs on one axis."""

    row: Row
    x: float


def points(rows: Sequence[Row], axis: Axis) -> list[Point]:
    """The measured ones among some rows with a score."""
    found = []
    for row in rows:
        x = None if row.cost is None else axis.value(row.cost)
        if x is not None and np.isfinite(x):
            found.append(Point(row, float(x)))
    return found


def fitted_sizes(root: Path, rows: Sequence[Row]) -> list[Point]:
    """The mean size of the fold programs of rows that were never measured. A refit repeats its parent, and is none."""
    found = []
    for row in rows:
        home = root / "trials" / row.key
        folds = len(list(home.glob(f"fold*/{RESULT_FILE}")))
        try:
            sizes = [read_fit(home, fold).size for fold in range(folds)]
        except SmeatonError:  # not all of its fits are left: there is nothing to draw of it
            continue
        if sizes and min(sizes) > 0 and not row.estimated_from:
            found.append(Point(row, float(np.mean(sizes))))
    return found


def varies(found: Sequence[Point]) -> bool:
    """Whether there are points that differ in quality and in what they cost: else there is nothing to weigh."""
    xs = [point.x for point in found]
    ys = {point.row.score.value for point in found if point.row.score is not None}
    return len(ys) > 1 and max(xs) > _VARIES * min(xs)


def is_wide(found: Sequence[Point]) -> bool:
    """Whether a logarithmic scale shows more."""
    xs = [point.x for point in found]
    return min(xs) > 0 and max(xs) >= _WIDE * min(xs)


def alike(one: Sequence[Point], other: Sequence[Point]) -> bool:
    """Whether two axes show the same picture: the same solutions, in the same proportions."""
    xs = {point.row.key: point.x for point in one}
    if xs.keys() != {point.row.key for point in other} or not all(x > 0 for x in xs.values()):
        return False
    ratios = [point.x / xs[point.row.key] for point in other]
    return min(ratios) > 0 and max(ratios) <= _ALIKE * min(ratios)


def front(found: Sequence[Point], board: Board) -> list[bool]:
    """Which points no other beats: at least as good and as cheap, and better in one."""
    best, flags = -np.inf, [False] * len(found)
    ordered = sorted(range(len(found)), key=lambda place: (found[place].x, -quality(found[place].row, board)))
    for place in ordered:
        worth = quality(found[place].row, board)
        if worth > best:
            best, flags[place] = worth, True
    return flags


def quality(row: Row, board: Board) -> float:
    """A row's score, higher = better."""
    return oriented(row.score.value if row.score else -np.inf, board.better)
