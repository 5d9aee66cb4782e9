"""From a trial's fold programs to the one Program that ships, proved against the average of what was scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from smeaton.compile.calibrate import Calibration
from smeaton.compile.export import label_rule
from smeaton.compile.interval import add_interval
from smeaton.compile.merge import average, mergeable
from smeaton.compile.proof import adversarial, compare
from smeaton.compile.reject import add_rejection
from smeaton.data.dataset import Dataset
from smeaton.data.split import open_folds
from smeaton.errors import ProgramError, SmeatonError
from smeaton.runtime.check import effect_of, is_slow, tolerance_of
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import copy_program, open_program, save_program
from smeaton.runtime.ops.interval import Band, ends
from smeaton.runtime.ops.labels import choose
from smeaton.runtime.packed import pack
from smeaton.runtime.program import Program
from smeaton.task.table import HIGH, LOW, PREDICTION, PROBABILITY, Array, Table, take
from smeaton.task.task import Task
from smeaton.trials.decisions import decided_like, read_decisions, with_rule
from smeaton.trials.intervals import read_intervals
from smeaton.trials.outside import Rejection
from smeaton.trials.record import Trial
from smeaton.trials.reject import rejected_like, ships, step_args
from smeaton.trials.results import PROGRAM, calibrated, fold_folder, in_scale, read_calibrations, read_fit, usual_size
from smeaton.trials.rules import Rule
from smeaton.trials.spread import SPREAD
from smeaton.trials.thresholds import Thresholds, applied, read_thresholds, with_thresholds

PROOF_ROWS, PROOF_ROWS_SLOW = 1_000, 24
MERGED_ROWS = 500  #: adversarial rows for programs put together of proven ones: only the sum is new


@dataclass(frozen=True, slots=True)
class Shipped:
    """The Program in the folder asked for. `kind`: the one of a single hold-out, the fold programs averaged, or fold 0
    alone where they cannot be averaged; `note` says so in words. `parity` is the largest difference from the numpy
    average of the fold answers (None for what is not pure)."""

    program: Program
    kind: Literal["holdout", "bag", "fold"]
    note: str
    parity: float | None


def assemble(root: Path, trial: Trial, task: Task, folder: Path) -> Shipped:
    """Write into `folder` the Program that ships for a full trial of the build in `root`.

    Each fold program keeps the calibration its held-out score was made with; the average of these is what ships.

    Raises:
        SmeatonError: the trial left no programs, or the result does not answer like their average within 1e-9.
    """
    home = root / "trials" / trial.key
    steps = read_calibrations(home)
    if not steps:
        raise SmeatonError("this trial was not judged yet", where=str(home), fix="build again")
    sources = [fold_folder(home, number) / PROGRAM for number in range(len(steps))]
    programs = [open_program(source) for source in sources]
    kind: Literal["holdout", "bag", "fold"] = "bag" if len(sources) > 1 else "holdout"
    note = ""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "bag":
        try:
            if not all(mergeable(program) for program in programs):
                raise ProgramError("its programs are more than tables, text and one graph")
            program = average(sources, [1 / len(sources)] * len(sources), steps, folder)
            save_program(program, folder)
        except ProgramError as error:
            kind = "fold"
            if not _alike(programs, sources):
                note = f"the {len(sources)} fold programs cannot be averaged ({error.message}); the first one ships"
            sources, steps = sources[:1], steps[:1]
    if kind != "bag":
        program = _single(programs[0], sources[0], steps[0], folder)
    plain = program
    program, chosen = _chosen(program, folder, home, task)
    # A copy answers as its fit was proved to.
    copied = steps == [None] and program == plain
    program = pack(program, folder)
    save_program(program, folder)
    parity = None
    if effect_of(program) == "pure":
        parity = read_fit(home, 0).parity if copied else None
        if parity is None:
            parity = _check((root, trial.key), program, folder, (sources, steps, chosen), task)
    return Shipped(program, kind, note, parity)


_Chosen = tuple[Rejection | None, Thresholds | None, Rule | None]


def _chosen(program: Program, folder: Path, home: Path, task: Task) -> tuple[Program, _Chosen]:
    """The program with what was learnt of how labels follow from its probabilities, and of a number's interval."""
    rejection = ships(home)
    if rejection is not None:
        program = add_rejection(program, folder, step_args(rejection, task))
    cuts = read_thresholds(home)
    if cuts is not None:
        program = with_thresholds(program, cuts.ships)
    found = read_decisions(home)
    rule = None if found is None else found.ships
    if rule is not None:
        program = with_rule(program, rule)
    bands = read_intervals(home)
    if bands is not None:
        program = add_interval(program, folder, bands.ships, home / SPREAD if bands.spread else None)
    return program, (rejection, cuts, rule)


def _alike(programs: Sequence[Program], sources: Sequence[Path]) -> bool:
    """Whether all folds have the same program to the last byte: of what is not fitted here, one is as good as all."""
    first = [(sources[0] / name).read_bytes() for name in programs[0].files()]
    return all(program == programs[0] for program in programs[1:]) and all(
        [(source / name).read_bytes() for name in programs[0].files()] == first for source in sources[1:]
    )


def _single(program: Program, source: Path, step: Calibration | None, folder: Path) -> Program:
    if step is None:
        return copy_program(program, source, folder)
    merged = average([source], [1.0], [step], folder)
    save_program(merged, folder)
    return merged


def _check(
    where: tuple[Path, str],
    program: Program,
    folder: Path,
    parts: tuple[Sequence[Path], Sequence[Calibration | None], _Chosen],
    task: Task,
) -> float:
    """The largest difference between the Program and the average of its parts, on stored and on adversarial rows.

    Raises:
        SmeatonError: it is more than the tolerance, or a label is not the likeliest one.
    """
    root, trial_key = where
    dataset = Dataset.open(root / "data")
    held = np.concatenate([index.held for index in open_folds(root / "data")])
    most = min(len(held), PROOF_ROWS_SLOW if is_slow(program) else PROOF_ROWS)
    thinned = np.sort(held[np.linspace(0, len(held) - 1, most).astype(np.int64)])
    real = take(dataset.table, thinned)
    worst, usual, tolerance = 0.0, None, tolerance_of(program)
    asked = (real, adversarial(program, folder, real, task, 0, MERGED_ROWS))
    with Engine(program, folder) as engine:
        for rows, mean in zip(asked, _averages(asked, parts[0], parts[1], task), strict=True):
            found = engine.run(rows)
            rejection, cuts, rule = parts[2]
            goal = rejected_like(mean, found, rejection, task, tolerance)
            goal = goal if cuts is None else applied(goal, cuts.ships, task)
            goal = goal if rule is None else decided_like(goal, found, rule, task)
            usual = usual_size(goal) if usual is None else usual
            if not _same_ends(rows, found, program, root / "trials" / trial_key / SPREAD):
                raise SmeatonError(
                    "the program that would ship has other intervals than those learnt",
                    where=str(folder),
                    fix="report this with the task; nothing was shipped",
                )
            worst = max(worst, compare(in_scale(found, goal, usual), in_scale(goal, goal, usual), tolerance))
    if not worst <= tolerance:
        raise SmeatonError(
            f"the program that would ship is off by {worst:.3g} from the average of what was scored",
            where=str(folder),
            fix="report this with the task; nothing was shipped",
        )
    return worst


def _same_ends(rows: Table, found: Table, program: Program, spread: Path) -> bool:
    """Whether the intervals of a program's answers are those of its band around them; `spread` is the folder of the
    program that says how far answers are off, where there is one."""
    if LOW not in found:
        return True
    band, scale = msgspec.convert(program.steps[-1].args, Band), None
    if len(program.steps[-1].inputs) > 1:
        with Engine(open_program(spread), spread) as engine:
            scale = engine.run(rows)[PREDICTION]
    expected = ends(band, found[PREDICTION], scale)
    return all(np.array_equal(a, found[name], equal_nan=True) for a, name in zip(expected, (LOW, HIGH), strict=True))


def _averages(
    asked: Sequence[Table], sources: Sequence[Path], steps: Sequence[Calibration | None], task: Task
) -> list[dict[str, Array]]:
    """For each table the mean over the fold programs of their calibrated probabilities, or of their numbers, by numpy.
    Structures have no mean, nor have texts: they are those of the only program."""
    found: list[list[dict[str, Array]]] = []
    for source, step in zip(sources, steps, strict=True):
        with Engine(open_program(source), source) as engine:
            found.append([calibrated(engine.run(rows), step, task) for rows in asked])
    if task.answer in ("structure", "text"):
        return found[0]
    return [_mean([answers[number] for answers in found], task) for number in range(len(asked))]


def _mean(found: Sequence[dict[str, Array]], task: Task) -> dict[str, Array]:
    name = PROBABILITY if task.labels else PREDICTION
    total: Array = np.sum([answers[name].astype(np.float64) for answers in found], axis=0)
    mean: Array = total / len(found)
    if not task.labels:
        return {PREDICTION: mean}
    return {PREDICTION: choose(mean, task.labels, label_rule(task)), PROBABILITY: mean}
