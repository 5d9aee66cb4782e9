"""`Plan`: what a build will do with its budget, decided before the work and said in words."""

import math
from collections.abc import Mapping, Sequence
from statistics import median_high
from typing import Literal

import msgspec

from smeaton.families import Space
from smeaton.task.profile import Profile
from smeaton.task.task import Task
from smeaton.trials.clock import Clock
from smeaton.trials.timing import Size

#: How many candidates of the dearest family must fit into the budget for so many folds to be worth it.
_WANTED = {8: 12, 5: 4, 3: 6}
_SMALL = 1500  # below so many rows a fold costs little and eight waste fewer rows than five
_TEXT_WIDTH, _TIME_WIDTH = 100, 7  # features a text or timestamp column turns into, as work goes
_LEAST_ROWS_HELD = 10
_HOLDOUT_ROWS = 10_000  # from which on a holdout serves better than three folds


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many folds are fitted and what ships: `bag` = the fold programs averaged, `holdout` = the one-fold program.

    `made` is how many folds the rows are split into; the search may settle for the first `folds` of them when the
    probe shows that all cost too much. `reserve` seconds at the end are kept for measuring, testing and bundling.
    `rows` are training rows, `columns` features, `outputs` 1 or the number of classes. `lines` are for people.
    """

    made: int
    folds: int
    ships: Literal["bag", "holdout"]
    reserve: float
    rows: int
    columns: int
    outputs: int = 1
    slots: int = 2
    slowness: float = 1.0
    answering: float = 0.0  #: seconds of the reserve for the sealed test's answers, where one takes long
    settled: bool = False
    lines: tuple[str, ...] = ()

    @property
    def size(self) -> Size:
        """What one fit's time grows with."""
        share = (self.made - 1) / self.made if self.made > 1 else 0.8
        return Size(int(self.rows * share), self.columns, self.outputs, self.slowness)

    def renewed(self, task: Task, clock: Clock, slots: int) -> "Plan":
        """The plan of an earlier run under this run's budget: the same folds, another reserve."""
        reserve = _reserve(clock.budget, self.rows, task.test.share, self.folds, self.answering)
        plan = msgspec.structs.replace(self, reserve=reserve, slots=slots)
        return msgspec.structs.replace(plan, lines=(*self.lines[:1], _time_line(plan, clock), *self.lines[2:]))

    def settle(self, folds: int, line: str = "") -> "Plan":
        """The plan after the probe: only the first `folds` folds are fitted for every candidate."""
        return msgspec.structs.replace(
            self,
            folds=folds,
            ships="bag" if folds > 1 else "holdout",
            settled=True,
            lines=(*self.lines, line) if line else self.lines,
        )


def make_plan(
    task: Task,
    profile: Profile,
    spaces: Mapping[str, Space],
    clock: Clock,
    *,
    slots: int = 2,
    slowness: float = 1.0,
    groups: int | None = None,
) -> Plan:
    """Decide folds, what ships, and the seconds kept for finishing.

    `groups` is the number of distinct groups among the training rows, None without `rows.group`. Rows in time order
    get one holdout, the newest rows: programs fitted on older windows must not be averaged into what ships.
    """
    outputs = len(profile.shares) if len(profile.shares) > 2 else 1
    columns = width(profile)
    singles = [space for space in spaces.values() if not space.needs_pool] or [Space(starts=())]
    tested = profile.rows * task.test.share / max(1e-9, 1 - task.test.share)
    answering = tested * max(space.row_seconds for space in singles)
    chosen, reserve = 1, _reserve(clock.budget, profile.rows, task.test.share, 1, answering)
    for folds in _possible(task, profile, groups):
        kept = _reserve(clock.budget, profile.rows, task.test.share, folds, answering)
        size = Size(int(profile.rows * (folds - 1) / folds), columns, outputs, slowness)
        job = max(size.of(space) for space in singles)
        wanted = max(_wanted(singles, size, folds), *(_apart(space, size) for space in singles))
        if wanted * folds / slots <= clock.left() - kept - job:
            chosen, reserve = folds, kept
            break
    plan = Plan(
        made=chosen,
        folds=chosen,
        ships="bag" if chosen > 1 else "holdout",
        reserve=reserve,
        rows=profile.rows,
        columns=columns,
        outputs=outputs,
        slots=slots,
        slowness=slowness,
        answering=answering,
    )
    return msgspec.structs.replace(plan, lines=_lines(plan, len(profile.columns), task, clock))


def _wanted(singles: Sequence[Space], size: Size, folds: int) -> float:
    """Seconds of one fold of so many candidates as make the folds worth it. Of families for tables some are slow: what
    counts is the middle one, for the search does without those there is no time for."""
    each = [size.of(space) for space in singles if space.whole is None and space.effort]
    return _WANTED[folds] * median_high(each) if each else 0.0


def _apart(space: Space, size: Size) -> float:
    """The same for a family that says how many of its candidates are wanted."""
    return (space.whole or 0) * size.of(space)


def width(profile: Profile) -> int:
    """How many features the columns turn into, as far as work goes."""
    widths = {"text": _TEXT_WIDTH, "timestamp": _TIME_WIDTH}
    return max(1, sum(widths.get(column.type, 1) for column in profile.columns))


def _possible(task: Task, profile: Profile, groups: int | None) -> list[int]:
    """Numbers of folds the rows allow, most first."""
    if task.rows.time is not None:
        return []
    most = profile.rows // _LEAST_ROWS_HELD
    rarest = min((share for share in profile.shares if share > 0), default=1.0) * profile.rows
    if rarest >= 2:
        most = min(most, math.floor(rarest))
    if groups is not None:
        most = min(most, groups)
    return [folds for folds in _WANTED if folds <= most and worth_it(folds, profile.rows)]


def worth_it(folds: int, rows: int) -> bool:
    """Whether so many folds can be better than any other number. Eight are for few rows. Three are a makeshift: of many
    rows a fifth judges as well as all, and what won there is fitted again on all rows instead of on two thirds."""
    return rows < {8: _SMALL, 3: _HOLDOUT_ROWS}.get(folds, math.inf)


def _reserve(budget: float, rows: int, share: float, folds: int, answering: float) -> float:
    """Seconds to assemble, measure, test and bundle: a fixed part, and those that grow with the test rows to score."""
    test_rows = rows * share / max(1e-9, 1 - share)
    return min(1.4 + 0.04 * budget + 4e-5 * test_rows * math.sqrt(folds) + answering, 0.35 * budget)


def _lines(plan: Plan, columns: int, task: Task, clock: Clock) -> tuple[str, str]:
    held = "the newest 20 %" if task.rows.time else "20 %"
    how = f"{plan.folds} folds, their programs averaged" if plan.folds > 1 else f"one holdout of {held}"
    return f"{plan.rows:,} rows, {columns:,} columns: {how}", _time_line(plan, clock)


def _time_line(plan: Plan, clock: Clock) -> str:
    return (
        f"{clock.budget:g} s in all: {clock.elapsed():.1f} s are gone, {plan.reserve:.1f} s are kept for measuring, "
        f"the sealed test and the bundle, {max(0.0, clock.left() - plan.reserve):.1f} s are for trying on "
        f"{plan.slots} workers"
    )
