"""Fit the best solution of a holdout once more, on all rows it may see: a candidate of its own.

A holdout keeps rows back to stop on and to be judged on, and ships a program fitted on two thirds of what is there. The
same configuration with the number of steps found, on all rows, is nearly always better, and cannot be scored: no row is
left that it has not seen. So its score is its parent's, marked `estimated from`; the sealed test judges it like others.
Of a blend the members are fitted again (`refit_blend.py`).
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from smeaton.errors import SmeatonError
from smeaton.metrics._defaults import load_metric
from smeaton.runtime.files import durable_write
from smeaton.trials.again import home_of, job_again, run_all, seconds_again, trial_again, whole
from smeaton.trials.attempt import trial_folder
from smeaton.trials.decisions import DECISION_FILE
from smeaton.trials.executors import Executor
from smeaton.trials.intervals import INTERVAL_FILE
from smeaton.trials.plan import Plan
from smeaton.trials.proposers.tpe import best_first
from smeaton.trials.record import Trial
from smeaton.trials.refit_blend import PARTS, Part, members_again, parts_of
from smeaton.trials.reject import REJECTION_FILE
from smeaton.trials.results import CALIBRATION_FILE, TRIAL_FILE, FitResult, read_fit
from smeaton.trials.setup import Result, Setup
from smeaton.trials.thresholds import THRESHOLD_FILE

REFIT_FILE = "refit.json"  # names the parent, so that a replay makes the same refit whatever the clock says
_THREADS = 2  # nothing else runs then
_GAIN = 1.6  # times faster two threads are, or two fits side by side
_LIMITLESS = 1e6
_MOST, _MOST_EARLY = 0.45, 0.2  # of the budget, that may be kept for it
_BLEND = 2.0  # times what the best single takes, kept for the members of a blend


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a build fitted again: the trial, and of a blend those of its `parts` that ended in time."""

    parent: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parent:
    """A trial that can be fitted again, with the facts of its one fit, the seconds that should take, and of a blend its
    members."""

    trial: Trial
    fit: FitResult
    seconds: float
    parts: tuple[Part, ...] = ()


def parent_of(root: Path, trials: Sequence[Trial], sign: float, plan: Plan) -> Parent | None:
    """The best trial of a holdout, if it says how to fit it again."""
    best = best_first(trials, sign)
    if plan.folds != 1 or not best:
        return None
    try:
        fit = read_fit(trial_folder(root, best[0].key), 0)
        parts = parts_of(root, fit.refit, plan) if fit.refit and PARTS in fit.refit else ()
    except SmeatonError:
        return None  # it left no program, as a scripted trial does
    if fit.refit is None or not fit.rows or (PARTS in fit.refit and not any(part.seconds for part in parts)):
        return None
    seconds = sum(part.seconds for part in parts) if parts else seconds_again(fit, plan)
    return Parent(best[0], fit, seconds / _GAIN, parts)


def seconds_kept(parent: Parent | None, left: float, budget: float, *, early: bool, blends: bool) -> float:
    """Seconds of those `left` to keep for fitting the best again; 0 where it takes more than that, or than may be kept.

    `early`: few families have been tried, and another one may gain more than more rows do. `blends`: the last blend may
    lead, and has more to fit again.
    """
    if parent is None:
        return 0.0
    most = max(0.0, min((_MOST_EARLY if early else _MOST) * budget, left))
    if parent.parts:  # as many members as there is time for
        return min(parent.seconds, most)
    if parent.seconds > most:
        return 0.0
    return min(_BLEND * parent.seconds, most) if blends else parent.seconds


def refit(setup: Setup, result: Result, executor: Executor) -> tuple[Trial | None, str]:
    """Fit the best again if there is time; the new trial, or None and why not ('' where there is nothing to refit).

    In a replay it is made exactly if the recorded build made it. A KeyboardInterrupt ends it, and is noted in `result`.
    """
    note = setup.root / REFIT_FILE
    recorded = msgspec.json.decode(note.read_bytes(), type=Recorded) if setup.replay and note.exists() else None
    if result.plan is None or result.interrupted or (setup.replay and recorded is None):
        return None, ""
    sign = 1.0 if load_metric(setup.metric, setup.task).better == "lower" else -1.0
    parent = parent_of(setup.root, result.trials, sign, result.plan)
    if parent is None or (recorded is not None and parent.trial.key != recorded.parent):
        return None, ""
    try:
        return _refit(setup, result.plan, executor, parent, recorded)
    except KeyboardInterrupt:
        result.interrupted = True
        return None, "you stopped the refit on all rows; what was found before it ships"


def _refit(
    setup: Setup, plan: Plan, executor: Executor, parent: Parent, recorded: Recorded | None
) -> tuple[Trial | None, str]:
    left = _LIMITLESS if setup.replay else setup.clock.left() - 0.8 * plan.reserve
    if parent.parts:
        chosen = None if recorded is None else recorded.parts
        found, said = members_again(setup, executor, (parent.trial, parent.fit, parent.parts), left, chosen)
    else:
        found, said = _single(setup, executor, parent, left)
    if found is None:
        return None, said
    trial, fit, parts = found
    home, learnt = trial_folder(setup.root, trial.key), trial_folder(setup.root, parent.trial.key)
    for name in (CALIBRATION_FILE, REJECTION_FILE, THRESHOLD_FILE, DECISION_FILE, INTERVAL_FILE):
        if (learnt / name).exists():
            shutil.copyfile(learnt / name, home / name)
    trial = msgspec.structs.replace(trial, seconds=fit.seconds, parity=fit.parity)
    durable_write(home / TRIAL_FILE, msgspec.json.encode(trial))
    record = Recorded(parent=parent.trial.key, parts=parts)
    durable_write(setup.root / REFIT_FILE, msgspec.json.encode(record))
    return trial, ""


def _single(
    setup: Setup, executor: Executor, parent: Parent, left: float
) -> tuple[tuple[Trial, FitResult, tuple[str, ...]] | None, str]:
    """The best itself, on all cores."""
    if parent.seconds > left:
        wanted = f"{parent.seconds:.0f} s wanted, {max(0.0, left):.0f} s left"
        return None, f"no time to fit the best again on all rows ({wanted})"
    change: dict[str, Any] = parent.fit.refit or {}
    trial = trial_again(parent.trial, change, "the best one, fitted again on all rows")
    job = job_again(setup, parent.fit, trial, min(left, 20 * parent.seconds + 60), _THREADS)
    failed = run_all(executor, [job], setup.clock, left)[job.id]
    if failed:
        return None, f"the refit on all rows failed: {failed}"
    fit = read_fit(home_of(setup.root, trial).parent, 0)
    if not whole(fit, job):
        return None, "the refit on all rows did not end in time"
    return (trial, fit, ()), ""
