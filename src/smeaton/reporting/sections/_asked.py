"""The winner's fold programs, asked again: each about rows that it was not fitted on, and about changed copies of them.

What follows a program in a build follows it here: the fold's calibration, thresholds, a rejection, the rule that says
the label. What reads a prediction interval, a judge or code of the user's is not asked for again: another metric then
stands in for it, and says so.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from smeaton import plugins
from smeaton.compile.calibrate import Calibration
from smeaton.data.dataset import Dataset
from smeaton.errors import SmeatonError
from smeaton.metrics import Metric
from smeaton.metrics._bands import no_level
from smeaton.metrics._defaults import default_on_targets, load_metric, needs_verdicts
from smeaton.metrics._of_task import TaskMetric
from smeaton.reporting.build import Build
from smeaton.reporting.sections._patience import Patience
from smeaton.runtime.check import effect_of
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, take
from smeaton.task.task import Task
from smeaton.trials.decisions import Decisions, decided, read_decisions
from smeaton.trials.outside import Rejection
from smeaton.trials.reject import rejected
from smeaton.trials.reject import ships as rejection_of
from smeaton.trials.results import PROGRAM, calibrated, fold_folder, read_calibrations
from smeaton.trials.thresholds import Thresholds, applied, read_thresholds

_MOST_BYTES = 300_000_000  # of the files of one program: more take too long to open
_PROBES = (8, 64, 256)  # rows, until asking them takes long enough to be measured
_MEASURABLE = 0.02
_SLOW = 0.25

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """One fold's program, open. `rows` are positions in the dataset, `places` those rows' places in the evidence; in
    an order drawn once, so that any first rows are a fair sample."""

    number: int
    engine: Engine
    rows: Array
    places: Array


@dataclass(slots=True)
class Asked:
    """The programs with all that follows them. `folds` is how many folds have one, open or not; `pace` the seconds a
    row takes."""

    dataset: Dataset
    parts: list[Part]
    folds: int
    steps: Sequence[Calibration | None]
    thresholds: Thresholds | None
    rejection: Rejection | None
    decisions: Decisions | None
    pace: float = 0.0
    asked: int = field(default=0)

    @property
    def task(self) -> Task:
        """The pinned task."""
        return self.dataset.task

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that some program reads, in the order of the task."""
        read = {name for part in self.parts for name in part.engine.program.inputs}
        return tuple(name for name in self.task.input_types if name in read)

    def table(self, part: Part, rows: Array) -> dict[str, Array]:
        """What the program of a fold reads of some rows."""
        return take({name: self.dataset.table[name] for name in part.engine.program.inputs}, rows)

    def answers(self, part: Part, table: Table) -> dict[str, Array]:
        """The settled answers to a table."""
        found = part.engine.run(table)
        self.asked += len(found[PREDICTION])
        step = self.steps[part.number] if part.number < len(self.steps) else None
        after = calibrated(found, step, self.task)
        after = rejected(after, self.rejection, self.task)
        if self.thresholds is not None:
            after = applied(after, self.thresholds.judges[part.number], self.task)
        return after if self.decisions is None else decided(after, self.decisions.ships, self.task)

    def numbers(self, part: Part, table: Table) -> Array:
        """The same as numbers, (rows, k): probabilities, or the number answered; 0 columns where there are none."""
        found = self.answers(part, table)
        if PROBABILITY in found:
            return np.asarray(found[PROBABILITY], dtype=np.float64)
        said = found[PREDICTION]
        return said.astype(np.float64)[:, None] if said.dtype.kind in "fiu" else np.zeros((len(said), 0))


def kept(build: Build, name: str, make: Callable[[], T]) -> T:
    """What one section works out and others read: it is kept with the build, as the build's own properties are."""
    if name not in build.kept:
        build.kept[name] = make()
    found: T = build.kept[name]
    return found


def cannot_ask(build: Build) -> str:
    """Why the winner's fold programs cannot be asked again, '' if they can."""
    try:
        folders = _folders(build)
        if not folders:
            return "the programs of its folds are not kept: only they can be asked about rows they were not fitted on"
        program = open_program(folders[0])
        if effect_of(program) != "pure":
            return "the solution asks other machines or keeps a state: asked again it would cost, or answer otherwise"
    except SmeatonError as error:
        return error.message
    if any(step.op == "code" for step in program.steps):
        return "the solution runs code of your own, and a report runs none"
    size = sum((folders[0] / name).stat().st_size for name in program.files())
    if size > _MOST_BYTES:
        return f"a program of {size / 1e6:,.0f} MB takes too long to open and to ask"
    return ""


def asked(build: Build, patience: Patience) -> Asked:
    """The fold programs, opened once a build; as many as a third of the patience allows, at least one.

    Raises:
        SmeatonError: a program is gone or damaged.
    """
    return kept(build, "asked", lambda: _opened(build, patience.some(1 / 3)))


def metric_of(build: Build) -> tuple[str, Metric, str]:
    """The metric that answers asked for again are judged by, and why it is not the board's ('' if it is)."""
    name, task = build.board.metric, build.task
    why = ""
    if needs_verdicts(name):
        why = "asks a judge or checks"
    elif ":" in name:
        why = "is code of your own, which a report does not run"
    elif getattr(_plain(name), "lacks", None) is no_level:
        why = "judges intervals, which single folds do not give"
    if not why:
        return name, load_metric(name, task), ""
    other = default_on_targets(task)
    return other, load_metric(other, task), f"measured in {other}: {name} {why}"


def _plain(name: str) -> Metric | TaskMetric:
    found: Metric | TaskMetric = plugins.load("metrics", name)
    return found


def _folders(build: Build) -> list[Path]:
    """Folders of the fold programs that there are, in the order of the folds."""
    trial = build.root / "trials" / build.evidence.trial
    found = [fold_folder(trial, number) / PROGRAM for number in range(len(build.folds))]
    return [folder for folder in found if folder.is_dir()]


def _opened(build: Build, patience: Patience) -> Asked:
    evidence, trial = build.evidence, build.root / "trials" / build.evidence.trial
    work = Asked(
        dataset=evidence.dataset,
        parts=[],
        folds=len(_folders(build)),
        steps=read_calibrations(trial),
        thresholds=read_thresholds(trial),
        rejection=rejection_of(trial),
        decisions=read_decisions(trial),
    )
    longest = 0.0
    for number, fold in enumerate(build.folds):
        folder, before = fold_folder(trial, number) / PROGRAM, patience.left()
        places = np.flatnonzero(np.isin(evidence.rows, fold.held))
        if not folder.is_dir() or not len(places):
            continue
        if work.parts and longest > before:
            break
        places = np.random.default_rng(number).permutation(places)
        engine = Engine(open_program(folder), folder)
        work.parts.append(Part(number, engine, evidence.rows[places], places))
        longest = max(longest, before - patience.left())
    if not work.parts:
        raise SmeatonError("no fold has a program and rows to ask it about", where=str(trial), fix="build again")
    work.pace = _pace(work)
    return work


def _pace(work: Asked) -> float:
    """Seconds that asking about a row takes. The first rows warm the program up; more are asked about until that takes
    long enough to be measured."""
    part, pace = work.parts[0], float("inf")
    for rows in _PROBES:
        table = work.table(part, part.rows[:rows])
        start = time.thread_time()
        work.answers(part, table)
        took = time.thread_time() - start
        pace = min(pace, took / max(1, min(rows, len(part.rows))))
        if took > (_MEASURABLE if rows > _PROBES[0] else _SLOW):
            break
    return pace
