"""A build in this process: the same search, folds, board and bundle as `smeaton.build`, without workers.

Nothing is sealed as a test, whoever fits an estimator has a test of their own, and rows may be few. What a program
costs is measured here too, in this process and only for a moment: its memory stays unknown.

With a budget under `FIXED_BELOW` seconds and a small table the search is a *fixed* one: the first start of a few quick
families, all of them, whatever the clock says. It takes some tenths of a second, and equal rows give equal models. So
it is with fewer than 20 rows at any budget: they cannot tell the one of many tries that is better from a lucky one.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from smeaton import plugins
from smeaton.data.dataset import Dataset
from smeaton.data.profile import profile
from smeaton.data.split import make_folds, save_folds
from smeaton.estimator.folds import FEW, few_folds
from smeaton.families import Space
from smeaton.flow._finishing import MOST_SHOWN, Terms
from smeaton.flow.finish import finish
from smeaton.flow.outcome import Built
from smeaton.flow.prepare import Prepared, spaces
from smeaton.metrics._defaults import check_metric, default_metric
from smeaton.quality.probe import probe
from smeaton.trials.clock import Clock
from smeaton.trials.executors import Executor
from smeaton.trials.measure import measure_here
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.plan import Plan, make_plan, width
from smeaton.trials.refit import refit
from smeaton.trials.search import search
from smeaton.trials.setup import Setup
from smeaton.trials.store import Store
from smeaton.trials.timing import slowness

#: Seconds of budget under which a small table gets the fixed search.
FIXED_BELOW = 2.0
#: What it tries, if the families are not chosen: those that take hundredths of a second.
FIXED_FAMILIES = ("baseline", "linear", "boosting")
_MOST_CELLS = 50_000  # rows times columns of a table that is small
_FEWEST_FOR_TREES = 100  # rows
_FIXED_FOLDS = 3
_ENDLESS = 1e6  # seconds


@dataclass(frozen=True, slots=True)
class Wish:
    """What a fit asks for besides its rows. `folder` is where trials and bundle go."""

    folder: Path
    budget: float
    seed: int
    threads: int = 1


def search_here(dataset: Dataset, wish: Wish, listen: Listener) -> Built:
    """Find and bundle the best solution for a dataset, all of whose rows are for learning.

    Raises:
        TaskError: the metric does not fit the output, or a family does not exist.
        NoSolution: nothing could be scored.
    """
    start = time.monotonic()
    small = len(dataset) * len(dataset.table) <= _MOST_CELLS
    fixed = len(dataset) < FEW or (small and wish.budget < FIXED_BELOW)
    prepared = _prepared(dataset, wish, listen, probed=not fixed)
    clock = Clock(_ENDLESS, start, lambda: start) if fixed else Clock(wish.budget, start)
    found, refused = _fixed_spaces(prepared) if fixed else spaces(prepared)
    executor: Executor = plugins.load("executors", "inline")(wish.threads)
    executor.start(prepared.root / "log", lambda line: listen(Notice("note", line)))
    try:
        with Store(prepared.root) as store:
            former = store.plan()
            if former is not None:  # an equal fit was begun here: its folds are on disk, its trials are kept
                plan = former.renewed(prepared.task, clock, executor.slots)
            else:
                plan = _fixed_plan(prepared, len(found)) if fixed else _plan(prepared, found, clock)
                plan = _save_rows(prepared, plan)
            for line in plan.lines:
                listen(Notice("plan", line, {"plan": plan}))
            setup = _setup(prepared, found, refused, clock)
            result = search(setup, plan, executor, store, listen)
            again, _ = refit(setup, result, executor)
            if again is not None:
                result.trials.append(again)
            told = replace(clock, now=time.monotonic) if fixed else clock
            most = 1 if fixed else MOST_SHOWN
            return finish(prepared, result, store, told, listen, Terms(fixed, measure_here, most, insist=True))
    finally:
        executor.close()


def _setup(prepared: Prepared, found: Mapping[str, Space], refused: Mapping[str, str], clock: Clock) -> Setup:
    return Setup(
        task=prepared.task,
        profile=prepared.profile,
        dataset=prepared.dataset,
        root=prepared.root,
        spaces=found,
        refusals=refused,
        seed=prepared.seed,
        clock=clock,
        metric=prepared.metric,
    )


def _prepared(dataset: Dataset, wish: Wish, listen: Listener, probed: bool) -> Prepared:
    """All rows for learning; `probed` for leaks, which say little of very few rows."""
    metric = dataset.task.metric or default_metric(dataset.task)
    check_metric(metric, dataset.task)
    rows = np.arange(len(dataset))
    root = wish.folder / ".smeaton" / "fit"
    root.mkdir(parents=True, exist_ok=True)
    known = profile(dataset, rows)
    if probed:
        suspects, notes = probe(dataset, rows, rows[:0])
        known = msgspec.structs.replace(known, suspects=tuple(suspects), notes=(*known.notes, *notes))
        for line in (*notes, *(f"{suspect.kind}: {suspect.why}" for suspect in suspects)):
            listen(Notice("note", line))
    return Prepared(dataset.task, dataset, rows, rows[:0], known, metric, wish.seed, wish.folder, root)


def _fixed_spaces(prepared: Prepared) -> tuple[dict[str, Space], dict[str, str]]:
    """The first start of each of a few families, or of those the user chose; nothing of them is tuned."""
    task = prepared.task
    if task.solutions.only is None:
        names = [name for name in FIXED_FAMILIES if name not in task.solutions.never]
        if len(prepared.train) < _FEWEST_FOR_TREES:
            names = [name for name in names if name != "boosting"]
        task = task.with_(solutions=msgspec.structs.replace(task.solutions, only=tuple(names)))
    found, refused = spaces(replace(prepared, task=task))
    return {name: replace(space, starts=space.starts[:1], params={}, smaller={}) for name, space in found.items()}, (
        refused
    )


def _plan(prepared: Prepared, found: Mapping[str, Space], clock: Clock) -> Plan:
    group = prepared.dataset.group
    groups = None if group is None else len(np.unique(group))
    return make_plan(prepared.task, prepared.profile, found, clock, slots=1, slowness=slowness(), groups=groups)


def _fixed_plan(prepared: Prepared, families: int) -> Plan:
    return Plan(
        made=_FIXED_FOLDS,
        folds=_FIXED_FOLDS,
        ships="bag",
        reserve=0.0,
        rows=len(prepared.train),
        columns=width(prepared.profile),
        outputs=len(prepared.task.labels) or 1,
        slots=1,
        settled=True,
        lines=(f"{len(prepared.train):,} rows: a fixed search over the first starts of {families} families",),
    )


def _save_rows(prepared: Prepared, plan: Plan) -> Plan:
    """Put rows and folds where fits open them; the plan with as many folds as there came to be."""
    data, dataset = prepared.root / "data", prepared.dataset
    shutil.rmtree(data, ignore_errors=True)
    dataset.save(data)
    if len(dataset) < FEW and dataset.group is None:
        classes = dataset.target if dataset.task.is_class else np.zeros(len(dataset), dtype=np.int64)
        folds = few_folds(classes, prepared.seed)
    else:
        folds = make_folds(dataset, prepared.train, plan.made, prepared.seed)
    save_folds(folds, data)
    if len(folds) == plan.made:
        return plan
    return msgspec.structs.replace(plan, made=len(folds)).settle(len(folds))
