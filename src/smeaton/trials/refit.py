"""Fit the best single solution of a holdout once more, on all rows it may see: a candidate of its own.

A holdout keeps rows back to stop on and to be judged on, and ships a program fitted on two thirds of what is there. The
same configuration with the number of steps found, on all rows, is nearly always better, and cannot be scored: no row is
left that it has not seen. So its score is its parent's, marked `estimated from`; the sealed test judges it like others.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from smeaton.errors import SmeatonError
from smeaton.metrics._defaults import load_metric
from smeaton.runtime.files import durable_write
from smeaton.trials.attempt import cache_of, trial_folder
from smeaton.trials.clock import Clock
from smeaton.trials.executors import Executor, Job
from smeaton.trials.plan import Plan
from smeaton.trials.proposers.tpe import best_first
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.reject import REJECTION_FILE
from smeaton.trials.results import CALIBRATION_FILE, TRIAL_FILE, FitResult, fold_folder, read_fit
from smeaton.trials.setup import Result, Setup, trial_key
from smeaton.trials.thresholds import THRESHOLD_FILE

REFIT_FILE = "refit.json"  # names the parent, so that a replay makes the same refit whatever the clock says
ROWS = "_rows"  # config key that sets the refit apart from its parent
_SLACK = 1.3  # on the seconds expected: more rows, other processes
_THREADS = 2  # nothing else runs then
_GAIN = 1.6  # times faster two threads are
_LIMITLESS = 1e6


@dataclass(frozen=True, slots=True)
class Parent:
    """A trial that can be fitted again, with the facts of its one fit and the seconds the refit should take."""

    trial: Trial
    fit: FitResult
    seconds: float


def parent_of(root: Path, trials: Sequence[Trial], sign: float, plan: Plan) -> Parent | None:
    """The best trial of a holdout, if it says how to fit it again. A blend does not: all its parts would have to be."""
    best = best_first(trials, sign)
    if plan.folds != 1 or not best:
        return None
    try:
        fit = read_fit(trial_folder(root, best[0].key), 0)
    except SmeatonError:
        return None  # it left no program, as a scripted trial does
    if fit.refit is None or not fit.rows:
        return None
    own = max(fit.seconds - fit.shared, 0.1)  # what was shared is there already
    return Parent(best[0], fit, _SLACK * own * plan.rows / fit.rows / _GAIN)


def refit(setup: Setup, result: Result, executor: Executor) -> tuple[Trial | None, str]:
    """Fit the best again if there is time; the new trial, or None and why not ('' where there is nothing to refit).

    In a replay it is made exactly if the recorded build made it. A KeyboardInterrupt ends it, and is noted in `result`.
    """
    note = setup.root / REFIT_FILE
    recorded = msgspec.json.decode(note.read_bytes(), type=str) if setup.replay and note.exists() else None
    if result.plan is None or result.interrupted or (setup.replay and recorded is None):
        return None, ""
    sign = 1.0 if load_metric(setup.metric, setup.task).better == "lower" else -1.0
    parent = parent_of(setup.root, result.trials, sign, result.plan)
    if parent is None or (recorded is not None and parent.trial.key != recorded):
        return None, ""
    try:
        return _refit(setup, result.plan, executor, parent)
    except KeyboardInterrupt:
        result.interrupted = True
        executor.kill(_name(_trial(parent)))
        return None, "you stopped the refit on all rows; what was found before it ships"


def _refit(setup: Setup, plan: Plan, executor: Executor, parent: Parent) -> tuple[Trial | None, str]:
    left = _LIMITLESS if setup.replay else setup.clock.left() - 0.8 * plan.reserve
    if parent.seconds > left:
        wanted = f"{parent.seconds:.0f} s wanted, {max(0.0, left):.0f} s left"
        return None, f"no time to fit the best again on all rows ({wanted})"
    trial = _trial(parent)
    job = _job(setup, parent, trial, min(left, 20 * parent.seconds + 60))
    failed = _run(executor, job, setup.clock, left)
    if failed:
        return None, f"the refit on all rows failed: {failed}"
    home = trial_folder(setup.root, trial.key)
    fit = read_fit(home, 0)
    # Where the change of configuration names no step to end at, a step is only noted by a fit that the clock ended.
    end = job.config.get("_steps")
    if fit.steps < int(end) if end is not None else fit.steps > 0:
        return None, "the refit on all rows did not end in time"
    learnt = trial_folder(setup.root, parent.trial.key)
    shutil.copyfile(learnt / CALIBRATION_FILE, home / CALIBRATION_FILE)
    for name in (REJECTION_FILE, THRESHOLD_FILE):
        if (learnt / name).exists():
            shutil.copyfile(learnt / name, home / name)
    trial = msgspec.structs.replace(trial, seconds=fit.seconds, parity=fit.parity)
    durable_write(home / TRIAL_FILE, msgspec.json.encode(trial))
    durable_write(setup.root / REFIT_FILE, msgspec.json.encode(parent.trial.key))
    return trial, ""


def _trial(parent: Parent) -> Trial:
    old = parent.trial
    config = {**old.candidate.config, **(parent.fit.refit or {}), ROWS: "all"}
    candidate = Candidate(family=old.candidate.family, config=config, why="the best one, fitted again on all rows")
    key = trial_key(candidate, 1.0, old.seed)
    return msgspec.structs.replace(
        old,
        key=key,
        candidate=candidate,
        folder=f"trials/{key}",
        note="fitted on all rows",
        cost=None,
        estimated_from=old.key,
    )


def _name(trial: Trial) -> str:
    return f"{trial.key}/0"


def _job(setup: Setup, parent: Parent, trial: Trial, seconds: float) -> Job:
    return Job(
        id=_name(trial),
        family=trial.candidate.family,
        config=trial.candidate.config,
        fold=0,
        fidelity=1.0,
        seed=trial.seed,
        seconds=seconds,
        data=parent.fit.job.data,
        out=str(fold_folder(trial_folder(setup.root, trial.key), 0)),
        threads=_THREADS,
        all_rows=True,
        cache=str(cache_of(setup.root)),
    )


def _run(executor: Executor, job: Job, clock: Clock, seconds: float) -> str:
    """Run one job to its end, at most `seconds`; why it failed, or ''."""
    end = clock.elapsed() + seconds
    executor.submit(job)
    while clock.elapsed() < end:
        for event in executor.wait(min(0.5, clock.until(end) + 0.001)):
            if event.job == job.id and event.kind != "progress":
                return "" if event.kind == "done" else event.reason or event.kind
    executor.kill(job.id)
    return "it took longer than there was time"
