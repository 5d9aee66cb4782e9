"""Quality against speed, cost and size: what more of one costs of the other."""

from collections.abc import Sequence
from typing import Any

from smeaton.leaderboard.board import BASELINE
from smeaton.leaderboard.forms import Board, Row
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._amounts import amount, axis, cell, count, gap, gaps, is_finite
from smeaton.reporting.sections._solutions import config_words
from smeaton.reporting.sections._trade import (
    AXES,
    MONEY,
    SIZE,
    SPEED,
    Axis,
    Point,
    alike,
    fitted_sizes,
    front,
    is_wide,
    points,
    quality,
    varies,
)  # fmt: skip

_FEW = 6  # measured solutions below which the sizes of fits tell more
_DRAWN = 60  # points of a figure
_SCALES = {
    "speed": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")),
    "size": ((1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1.0, "bytes")),
    "cost": ((1.0, "dollars per 1,000 calls"), (1e-3, "dollars per million calls")),
}
_NAMES = {"speed": "p95 of one call", "size": "size", "cost": ""}


class ParetoSection:
    """A figure for each of speed, cost and size that was measured and differs."""

    order = 30
    title = "What quality costs"

    def applies(self, build: Build) -> str:
        """See the contract."""
        rows = _scored(build.board)
        if any(varies(points(rows, one)) for one in AXES) or varies(fitted_sizes(build.root, rows)):
            return ""
        return "fewer than two solutions differ in what they cost to run, so there is nothing to weigh"

    def make(self, build: Build) -> Section:
        """See the contract."""
        board, rows = build.board, _scored(build.board)
        speed, money, size = (points(rows, one) for one in (SPEED, MONEY, SIZE))
        notes, figures = [], []
        if varies(speed):
            figures.append(_figure(SPEED, speed, board))
        if varies(money) and varies(speed) and alike(speed, money):
            said = "Cost is computing time at a stated price here, so its picture would be that of speed once more."
            notes.append(Note(text=said))
        elif varies(money):
            figures.append(_figure(MONEY, money, board))
        fitted = fitted_sizes(build.root, rows) if len(size) < _FEW else []
        if len(fitted) > len(size) and varies(fitted):
            figures.append(_figure(SIZE, fitted, board, fitted=True))
        elif varies(size):
            figures.append(_figure(SIZE, size, board))
        unmeasured = sum(row.cost is None for row in rows)
        if unmeasured:
            notes.append(Note(text=_unmeasured(unmeasured)))
        return Section(
            id="pareto",
            title=self.title,
            shows="What more quality costs in speed, money and size, one point for each solution.",
            do=_do(board, speed),
            teach=(
                "Up is better, left is cheaper. The dashed line is the Pareto front: for what stands on it, nothing "
                "else is both at least as good and as cheap. Whatever stands below and right of the line is beaten by "
                "something on it. Where the line is steep a little more cost buys much quality; where it is flat, "
                "more cost buys almost nothing."
            ),
            facts=tuple(_facts(board, speed, size)),
            notes=tuple(notes),
            figures=tuple(figures),
            grids=tuple(_grid(board, rows)),
        )


def _scored(board: Board) -> list[Row]:
    """Ranked rows; without the constant answer, which is fast and bad, where there is enough to compare."""
    ranked = [row for row in board.rows if row.rank is not None and is_finite(row.score)]
    others = [row for row in ranked if row.family != BASELINE or row.key == board.winner]
    return others if len(others) > 1 else ranked


def _unmeasured(rows: int) -> str:
    were = "was" if rows == 1 else "were"
    return (
        f"{count(rows, 'solution')} {were} not measured: what cannot win is measured only while time is left, the best "
        "of each family first (budget.time)."
    )


def _do(board: Board, speed: Sequence[Point]) -> str:
    nearly = _cheaper(board, speed)
    if nearly is None:
        return "Keep what ships unless a limit of yours says otherwise: state it under `limits`, and build again."
    return (
        f"If speed matters more to you than the last bit of quality, look at {nearly.row.name}: state the limit under "
        "`limits` (such as `p95: 5ms`), and build again."
    )


def _cheaper(board: Board, found: Sequence[Point]) -> Point | None:
    """The best of what is at least a fifth cheaper than what ships, and no constant answer."""
    chosen = next((point for point in found if point.row.key == board.winner), None)
    if chosen is None:
        return None
    able = [point for point in found if point.x < 0.8 * chosen.x and point.row.family != BASELINE and point.row.fits]
    return max(able, key=lambda point: quality(point.row, board), default=None)


def _facts(board: Board, speed: Sequence[Point], size: Sequence[Point]) -> list[Fact]:
    found = []
    for one, some in ((SPEED, speed), (SIZE, size)):
        chosen = next((point for point in some if point.row.key == board.winner), None)
        if chosen is None or not varies(some):
            continue
        cheapest = min(some, key=lambda point: (point.x, -quality(point.row, board)))
        if cheapest.row.key == board.winner:
            of = f"of the {len(some)} that were measured"
            found.append(Fact(name=f"what ships is the {one.short}", value=one.show(chosen.x), note=of, mood="good"))
            continue
        behind = cheapest.row.behind
        less = f"{chosen.x / cheapest.x:.1f} times less than what ships" if cheapest.x > 0 else "less than what ships"
        if behind is not None and is_finite(behind):
            side = "behind" if behind.value >= 0 else "ahead"
            less += f"; {gap(behind.value, board.unit)} {side} ({gaps(behind, board.unit)})"
        found.append(Fact(name=f"{one.short}: {cheapest.row.name}", value=one.show(cheapest.x), note=less))
    return found


def _figure(one: Axis, found: Sequence[Point], board: Board, fitted: bool = False) -> Figure:
    shown = list(found[:_DRAWN])
    flags = front(shown, board)
    largest = max(point.x for point in shown)
    factor, unit = next((scale for scale in _SCALES[one.id] if largest >= scale[0]), _SCALES[one.id][-1])
    factor = 1e-3 if unit == "dollars per million calls" else factor
    wide = is_wide(shown)
    name = "size of one fold's program" if fitted else _NAMES[one.id]
    x = f"{name}, {unit}" if name else unit
    kinds = [
        "chosen" if point.row.key == board.winner else "front" if flag else ""
        for point, flag in zip(shown, flags, strict=True)
    ]
    said = "the mean size of the programs of its folds, before they are put together" if fitted else one.measured
    left = f" The first {len(shown)} of {len(found):,} are drawn." if len(found) > len(shown) else ""
    options: dict[str, Any] = {"flip": board.better == "lower", "log": wide}
    if board.unit == "share":
        options["kind"] = "share"
    return Figure(
        id=one.id,
        chart="pareto",
        title=one.title,
        says=_seen(one, shown, flags, board),
        how=(
            f"Up: {board.metric} on validation; lines are where it may stand beside the best, by their differences on "
            f"the same rows (paired, 95 % intervals). Across{' (logarithmic)' if wide else ''}: "
            f"{said}. On the front: no other drawn here is both at least as good and as cheap.{left}"
        ),
        columns={
            "x": [point.x / factor for point in shown],
            "y": [point.row.score.value if point.row.score else None for point in shown],
            "name": [point.row.name for point in shown],
            "kind": kinds,
            "front": flags,
            "low": [_end(point.row, board, best=False) for point in shown],
            "high": [_end(point.row, board, best=True) for point in shown],
            "key": [point.row.key for point in shown],
            "note": [point.row.what for point in shown],
        },
        x=f"{x} (log)" if wide else x,
        y=axis(board),
        options=options,
    )


def _end(row: Row, board: Board, best: bool) -> float | None:
    """The better or the worse end of where a solution may stand beside the best."""
    if row.score is None or row.behind is None or not is_finite(row.behind):
        return None
    sign = 1 if board.better == "lower" else -1
    off = (row.behind.low if best else row.behind.high) - row.behind.value
    return row.score.value + sign * off


def _seen(one: Axis, shown: Sequence[Point], flags: Sequence[bool], board: Board) -> str:
    """What is on the front, and whether what ships is."""
    on = [point for point, flag in zip(shown, flags, strict=True) if flag]
    ends = "" if len(on) < 2 else f", from {on_name(min(on, key=_x), one)} to {on_name(max(on, key=_x), one)}"
    said = f"{len(on)} of {len(shown)} stand on the front{ends}"
    chosen = next((place for place, point in enumerate(shown) if point.row.key == board.winner), None)
    if chosen is None:
        return f"{said}."
    point = shown[chosen]
    assert point.row.score is not None
    where = "on the front" if flags[chosen] else "below it"
    score = amount(point.row.score.value, board.unit)
    return f"{said}; what ships ({point.row.name}, {one.show(point.x)}, {board.metric} {score}) stands {where}."


def on_name(point: Point, one: Axis) -> str:
    """A point in words: `linear (0.2 ms)`."""
    return f"{point.row.name} ({one.show(point.x)})"


def _x(point: Point) -> float:
    return point.x


def _grid(board: Board, rows: Sequence[Row]) -> list[Grid]:
    """What every measured solution is, for whom a point has caught the eye."""
    shown = [row for row in rows if row.cost is not None][:_DRAWN]
    if not shown:
        return []
    heads = (
        Head(name="solution"),
        Head(name=board.metric, kind="interval", note=f"on validation, {board.better} is better"),
        Head(name="p50", kind="seconds", note="half of the single calls answer within this"),
        Head(name="p95", kind="seconds", note="95 of 100 single calls answer within this"),
        Head(name="1,000 calls", kind="dollars"),
        Head(name="size", kind="bytes", note="of the files that ship"),
        Head(name="memory", kind="bytes", note="at its peak, of the whole process"),
        Head(name="nothing beats it", kind="mark", note="in quality, speed, cost and size at once"),
        Head(name="what it is"),
        Head(name="candidate", note="its key; leads to its card"),
    )
    cells = []
    for row in shown:
        cost = row.cost
        assert cost is not None
        measured = (cost.p50, cost.p95, cost.cost_per_1k, cost.size, cost.memory)
        mark = "ok" if row.pareto else ""
        cells.append((row.name, cell(row.score), *measured, mark, config_words(row.config), row.key))
    return [
        Grid(
            id="measured",
            title="Everything that was measured",
            heads=heads,
            rows=tuple(cells),
            how=(
                "Each program that would ship, in a process of its own: single calls of rows in turn after a warm-up, "
                "one caller, one thread; dollars are computing time at a stated price and what language models ask."
            ),
            strong=tuple(place for place, row in enumerate(shown) if row.key == board.winner),
        )
    ]


part = ParetoSection()
