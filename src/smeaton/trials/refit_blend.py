"""The members of a holdout's blend fitted again, each on all rows, and put together with the weights that were found.

As many as there is time for, the weightiest first; the others stay as they were fitted, so that the mean is of the same
solutions whatever the clock says.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.compile.merge import average
from smeaton.compile.proof import adversarial, compare
from smeaton.data.dataset import Dataset
from smeaton.errors import SmeatonError
from smeaton.runtime.check import TOLERANCE
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import durable_write, open_program, save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, take
from smeaton.trials.again import home_of, job_again, run_all, seconds_again, trial_again, whole
from smeaton.trials.attempt import trial_folder
from smeaton.trials.evaluate import open_trial
from smeaton.trials.executors import Executor
from smeaton.trials.plan import Plan
from smeaton.trials.record import Trial
from smeaton.trials.results import (
    PROGRAM,
    RESULT_FILE,
    FitResult,
    calibrated,
    fold_folder,
    in_scale,
    read_calibrations,
    read_fit,
    usual_size,
)
from smeaton.trials.setup import Setup
from smeaton.trials.ship import MERGED_ROWS

PARTS = "parts"  # key under which a blend says its members' weights where others say how to fit them again


@dataclass(frozen=True, slots=True)
class Part:
    """A member with its weight, the facts of its fit, and the seconds it should take again (0: it cannot be)."""

    key: str
    weight: float
    fit: FitResult
    seconds: float


def parts_of(root: Path, said: Mapping[str, Any], plan: Plan) -> tuple[Part, ...]:
    """The members of a blend, the weightiest first.

    Raises:
        SmeatonError: one of them left no fit.
    """
    found = []
    for key, weight in sorted(said[PARTS].items(), key=lambda entry: (-entry[1], entry[0])):
        fit = read_fit(trial_folder(root, key), 0)
        found.append(Part(key, float(weight), fit, seconds_again(fit, plan) if fit.refit is not None else 0.0))
    return tuple(found)


def members_again(
    setup: Setup,
    executor: Executor,
    parent: tuple[Trial, FitResult, Sequence[Part]],
    left: float,
    chosen: Sequence[str] | None,
) -> tuple[tuple[Trial, FitResult, tuple[str, ...]] | None, str]:
    """The refit of a blend, its facts, and the members that were fitted again; or None and why not.

    `chosen` are the members that a recorded build fitted again (None: those there is time for).
    """
    blend, former, parts = parent
    wanted = _in_time(parts, left, executor.slots) if chosen is None else [part for part in parts if part.key in chosen]
    if not wanted:
        return None, f"no time to fit a member of the blend again on all rows ({max(0.0, left):.0f} s left)"
    again = {part.key: _member(setup, part) for part in wanted}
    jobs = {part.key: job_again(setup, part.fit, again[part.key], left, 1) for part in wanted}
    failed = run_all(executor, list(jobs.values()), setup.clock, left)
    folders = {part.key: fold_folder(trial_folder(setup.root, part.key), 0) / PROGRAM for part in parts}
    ended = []
    for key, trial in again.items():
        home = home_of(setup.root, trial)
        if not failed[jobs[key].id] and whole(read_fit(home.parent, 0), jobs[key]):
            folders[key] = home / PROGRAM
            ended.append(key)
    if not ended:
        return None, f"no member of the blend could be fitted again: {next(iter(failed.values())) or 'no time'}"
    trial = trial_again(blend, {"again": sorted(ended)}, f"{len(ended)} of its {len(parts)} members, on all rows")
    try:
        fit = _together(setup, trial, former, parts, folders)
    except SmeatonError as error:  # what was found before it is whole, and ships
        return None, f"the members fitted again could not be put together: {error.message}"
    return (trial, fit, tuple(sorted(ended))), ""


def _in_time(parts: Sequence[Part], left: float, slots: int) -> list[Part]:
    """The weightiest members that end in the time left, so many at a time."""
    found, seconds = list[Part](), 0.0
    for part in parts:
        if part.seconds and max(part.seconds, (seconds + part.seconds) / slots) <= left:
            found.append(part)
            seconds += part.seconds
    return found


def _member(setup: Setup, part: Part) -> Trial:
    old = open_trial(trial_folder(setup.root, part.key))
    return trial_again(old, dict(part.fit.refit or {}), "a member of the best blend, fitted again on all rows")


def _together(
    setup: Setup, trial: Trial, former: FitResult, parts: Sequence[Part], folders: Mapping[str, Path]
) -> FitResult:
    """Merge the programs, prove the sum, and leave what any fit leaves.

    Raises:
        SmeatonError: the merged program does not answer the weighted mean.
    """
    steps = {part.key: read_calibrations(trial_folder(setup.root, part.key))[0] for part in parts}
    home = home_of(setup.root, trial)
    shutil.rmtree(home, ignore_errors=True)
    out = home / PROGRAM
    out.mkdir(parents=True)
    order = [part.key for part in parts]
    weights = [part.weight for part in parts]
    program = average([folders[key] for key in order], weights, [steps[key] for key in order], out)
    save_program(program, out)
    dataset = Dataset.open(Path(former.job.data))
    some = np.unique(np.linspace(0, len(dataset) - 1, min(len(dataset), MERGED_ROWS)).astype(np.int64))
    rows = take(dataset.table, some)
    worst, count = 0.0, 0
    with Engine(program, out, types=setup.task.input_types) as engine:
        for asked in (rows, adversarial(program, out, rows, setup.task, trial.seed, MERGED_ROWS)):
            goal = _mean(setup, asked, [(folders[part.key], steps[part.key], part.weight) for part in parts])
            found = engine.run(asked)
            name = PROBABILITY if setup.task.labels else PREDICTION
            usual = usual_size(found)
            off = compare(
                in_scale({PREDICTION: found[name]}, {PREDICTION: goal}, usual),
                in_scale({PREDICTION: goal}, {PREDICTION: goal}, usual),
            )
            worst, count = max(worst, off), count + len(goal)
    if not worst <= TOLERANCE:
        raise SmeatonError(f"the refitted blend is off by {worst:.3g} from its members' mean", where=str(out))
    seconds = sum(part.fit.seconds for part in parts)
    job = msgspec.structs.replace(former.job, config=trial.candidate.config, out=str(home), all_rows=True)
    fit = FitResult(
        job=job, seconds=seconds, fit_seconds=seconds, rows=len(dataset), parity=worst, parity_rows=count,
        parity_held=len(some), effect=former.effect, mergeable=True, size=sum(p.stat().st_size for p in out.iterdir()),
    )  # fmt: skip
    durable_write(home / RESULT_FILE, msgspec.json.encode(fit))
    return fit


def _mean(setup: Setup, rows: Table, parts: Sequence[tuple[Path, Any, float]]) -> Array:
    """The weighted mean of what the programs answer, each calibrated, by numpy."""
    name = PROBABILITY if setup.task.labels else PREDICTION
    total: Array = np.zeros(1)
    mass = sum(weight for _, _, weight in parts)
    for folder, step, weight in parts:
        with Engine(open_program(folder), folder, types=setup.task.input_types) as engine:
            total = total + weight / mass * calibrated(engine.run(rows), step, setup.task)[name]
    return total
