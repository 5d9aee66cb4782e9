"""How far a trial's answers are off, by the inputs: a small model of boosted trees that makes its intervals as wide as
each row needs, where errors depend on more than the size of the answer.

It learns the absolute residuals of answers to held-out rows (normalised conformal prediction: Papadopoulos, Gammerman
and Vovk 2008). A row's scale comes from trees that were not fitted on it, and so do the offsets that judge it. It is
kept if its interval score on held-out rows is clearly better than that of the band it replaces, and only for the
trial that ships: it takes a fit for each part of the rows. Not where rows have a time: nothing is exchangeable there.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from smeaton import plugins
from smeaton.compile.proof import adversarial, compare
from smeaton.data.fold import Fold, Rows
from smeaton.errors import SmeatonError
from smeaton.families import Fitted, Run
from smeaton.families._parts import outdone, refuse
from smeaton.metrics._defaults import load_metric
from smeaton.metrics._intervals import paired
from smeaton.runtime.check import TOLERANCE
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.ops.interval import ends
from smeaton.task.arrays import open_table, save_table
from smeaton.task.table import HIGH, LOW, PREDICTION, Array, Table, take
from smeaton.task.types import Type
from smeaton.trials.bands import fit_scaled
from smeaton.trials.evaluate import OOF, ROW
from smeaton.trials.intervals import Intervals, bounds_of, judged, keep, learn, read_intervals, residuals_of
from smeaton.trials.lessons import lessons
from smeaton.trials.results import in_scale, stack, usual_size

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset
    from smeaton.data.split import FoldIndex

SPREAD = "spread"  #: the folder of its program, in the trial's
LEAST_ROWS = 300  # below which trees find more noise than structure
MOST_ROWS = 10_000
_GAIN = 0.02  # of the interval score that is worth a second model
_PROOF_ROWS = 500
_CONFIG = {
    "learning_rate": 0.05, "num_leaves": 6, "min_data_in_leaf": 20, "feature_fraction": 0.8, "lambda_l2": 5.0,
    "rounds": 150, "max_bin": 63,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Work:
    dataset: "Dataset"
    rows: Array  # held-out rows, by position
    answers: Table
    scratch: Path
    seed: int

    @property
    def off(self) -> Array:
        """How far each answer is off, (rows,)."""
        found: Array = np.abs(np.asarray(self.dataset.target[self.rows]) - self.answers[PREDICTION].astype(np.float64))
        return found


def sharpen(
    home: Path, evidence: Path, dataset: "Dataset", folds: "Sequence[FoldIndex]", seed: int, seconds: float
) -> bool:
    """Let trees say how wide the intervals of the trial in `home` are, if that is better; True if it is.

    `evidence` is the folder of the trial that answered the held-out rows (a refit's parent). Writes `spread/` and new
    `interval.json` in `home`, and there and in `evidence` the new ends of the held-out rows. It gives up where it
    would take longer than `seconds`.

    Raises:
        SmeatonError: the trees' program does not answer as the trees.
    """
    bands = read_intervals(home)
    if bands is None or bands.spread or dataset.time is not None or refuse(dataset.task) or outdone(dataset.task, ""):
        return bands is not None and bands.spread
    answers = dict(open_table(evidence / OOF))
    rows = np.asarray(answers.pop(ROW))
    if len(rows) < LEAST_ROWS or not np.isfinite(answers[PREDICTION].astype(np.float64)).all():
        return False
    scratch = home / f"{SPREAD}.tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        work = _Work(dataset, rows, answers, scratch, seed)
        return _sharpened(work, folds, (home, evidence), bands, seconds)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def blunt(home: Path, evidence: Path, dataset: "Dataset", folds: "Sequence[FoldIndex]") -> None:
    """Take back what `sharpen` did."""
    answers = dict(open_table(evidence / OOF))
    rows, ends_ = np.asarray(answers.pop(ROW)), np.cumsum([len(fold.held) for fold in folds])[:-1]
    held = [dict(zip(answers, parts, strict=True)) for parts in zip(
        *(np.split(column, ends_) for column in answers.values()), strict=True)]  # fmt: skip
    bands = learn(dataset, folds, held)
    if bands is None:
        return
    found = stack([tables[0] for tables in judged(bands, [[table] for table in held])])
    for place in dict.fromkeys((home, evidence)):
        if (place / OOF).exists():
            _put({ROW: rows, **found}, place / OOF)
    keep(bands, home)
    shutil.rmtree(home / SPREAD, ignore_errors=True)


def _sharpened(
    work: _Work, folds: "Sequence[FoldIndex]", places: tuple[Path, Path], bands: Intervals, seconds: float
) -> bool:
    dataset, rows, end = work.dataset, work.rows, time.monotonic() + seconds
    parts = lessons(dataset, folds)
    scale = np.full(len(rows), np.nan)
    for number, lesson in enumerate(parts):
        start = time.monotonic()
        model = _fit(work, lesson.learns)
        scale[lesson.judges] = model.predict(take(dataset.table, rows[lesson.judges]))[PREDICTION]
        now = time.monotonic()
        each = now - start if number else 0.0  # the first also loads the library
        if now + each * (len(parts) - number + 1) > end:
            return False
    if not np.isfinite(scale).all():
        return False
    residuals, bounds = residuals_of(dataset, rows, work.answers), bounds_of(dataset.task, np.asarray(dataset.target))
    low, high = np.empty(len(rows)), np.empty(len(rows))
    for lesson in parts:
        some, kept = residuals.taken(lesson.learns)
        band = fit_scaled(some, scale[kept], bands.level, bounds)
        mine = lesson.judges
        low[mine], high[mine] = ends(band, residuals.prediction[mine], scale[mine])
    if not _better(work, {**work.answers, LOW: low, HIGH: high}):
        return False
    some, kept = residuals.taken(np.ones(len(rows), dtype=bool))
    band = fit_scaled(some, scale[kept], bands.level, bounds)
    _write(work, places[0], _fit(work, np.ones(len(rows), dtype=bool)))
    found = msgspec.structs.replace(bands, ships=band, judges=[], judged_by=[], spread=True)
    for place in dict.fromkeys(places):
        if (place / OOF).exists():
            _put({ROW: rows, **work.answers, LOW: low, HIGH: high}, place / OOF)
    keep(found, places[0])
    return True


def _better(work: _Work, new: Table) -> bool:
    """Whether intervals have a clearly lower interval score than those of the trial."""
    dataset, rows = work.dataset, work.rows
    metric = load_metric("interval_score", dataset.task)
    roles = (dataset.weight, dataset.group)
    weight, group = (None if one is None else one[rows] for one in roles)
    one, other = (metric.rows(table, dataset.target[rows], (), weight, group) for table in (new, work.answers))
    change, _, high = paired(metric, one, other, weight, group, work.seed)
    before = float(metric.value(np.average(other.astype(np.float64), axis=0, weights=weight)))
    return high < 0 and change < -_GAIN * before


def _fit(work: _Work, which: Array) -> Fitted:
    """Trees for the residuals of some rows, stopped on a fifth of them; groups stay whole."""
    index = np.flatnonzero(which)
    if len(index) > MOST_ROWS:
        index = index[np.linspace(0, len(index) - 1, MOST_ROWS).astype(np.int64)]
    dataset = work.dataset
    group = None if dataset.group is None else np.asarray(dataset.group[work.rows[index]])
    fifth = (np.arange(len(index)) if group is None else np.unique(group, return_inverse=True)[1]) % 5 == 0
    task = dataset.task.with_(output={dataset.task.target: Type(type="number", interval=0.0)}, metric=None)
    own, stop = (_rows(work, index[side]) for side in (~fifth, fifth))
    fold = Fold(0, own, stop, stop.x, stop.index)
    run = Run(seed=work.seed, fidelity=1.0, seconds=600.0, scratch=work.scratch)
    fitted: Fitted = plugins.load("families", "boosting").fit(task, _CONFIG, fold, run)
    return fitted


def _rows(work: _Work, index: Array) -> Rows:
    dataset, rows = work.dataset, work.rows[index]
    weight = None if dataset.weight is None else np.asarray(dataset.weight[rows])
    group = None if dataset.group is None else np.asarray(dataset.group[rows])
    return Rows(take(dataset.table, rows), work.off[index], weight, rows, group)


def _write(work: _Work, home: Path, model: Fitted) -> None:
    """Export the trees into the trial's folder, proved on held-out and on adversarial rows."""
    folder = work.scratch / "program"
    folder.mkdir()
    program = model.export(folder)
    save_program(program, folder)
    some = np.unique(np.linspace(0, len(work.rows) - 1, min(len(work.rows), _PROOF_ROWS)).astype(np.int64))
    rows = take(work.dataset.table, work.rows[some])
    with Engine(program, folder) as engine:
        for asked in (rows, adversarial(program, folder, rows, work.dataset.task, work.seed, _PROOF_ROWS)):
            goal, found = model.predict(asked), engine.run(asked)
            usual = usual_size(found)
            off = compare(in_scale(goal, found, usual), in_scale(found, found, usual))
            if not off <= TOLERANCE:
                raise SmeatonError(f"the trees of the intervals' widths are off by {off:.3g} from their program")
    shutil.rmtree(home / SPREAD, ignore_errors=True)
    folder.rename(home / SPREAD)


def _put(table: Table, folder: Path) -> None:
    beside = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    save_table(table, beside)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
