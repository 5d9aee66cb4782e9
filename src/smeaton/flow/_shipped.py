"""The bundle of what won: its manifest from the trial, the board and the scores."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from smeaton.bundle import manifest as form
from smeaton.bundle.write import write_bundle
from smeaton.flow._finishing import Finish
from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.outcome import Outcome
from smeaton.leaderboard.outputs import interval_scores
from smeaton.metrics._defaults import load_metric
from smeaton.runtime.check import tolerance_of
from smeaton.runtime.files import open_program
from smeaton.task.task import Task
from smeaton.trials.record import Interval, Trial


def ship(work: Finish, board: Board, key: str, ending: Outcome, test: Mapping[str, Interval], opened: int) -> Path:
    prepared = work.prepared
    row, trial = board[key], work.trial(key)
    folder = work.folder(key)
    dataset = prepared.dataset
    trained, tested = len(prepared.train), len(prepared.test)
    validation = {prepared.metric: row.score, **row.judged, **interval_scores(work.root, dataset, trial, prepared.seed)}
    manifest = form.Manifest(
        name=prepared.task.name,
        outcome=ending.state,
        reasons=ending.reasons,
        task=prepared.task,
        program=open_program(folder),
        profile=prepared.profile,
        metric=prepared.metric,
        validation=tuple(_form_score(work, name, score, trained) for name, score in validation.items() if score),
        test=tuple(_form_score(work, name, score, tested) for name, score in test.items()),
        winner=form.Winner(
            family=row.family,
            key=key,
            config=row.config,
            how="refit" if trial.estimated_from else work.shipped[key].kind,
            why=row.why,
            seed=trial.seed,
        ),
        board=tuple(
            form.Entry(
                rank=entry.rank,
                family=entry.family,
                state=entry.state,
                score=entry.score.value if entry.score else None,
                low=entry.score.low if entry.score else None,
                high=entry.score.high if entry.score else None,
                p95=entry.cost.p95 if entry.cost else None,
                size=entry.cost.size if entry.cost else None,
                why=entry.why,
            )
            for entry in board.rows
        ),
        running=form.Running(**msgspec.structs.asdict(work.costs[key])),
        proof=_proof(work, trial),
        data=form.Facts(
            hash=dataset.hash,
            train_rows=trained,
            test_rows=tested,
            test_opened=opened,
            notes=dataset.notes,
        ),
    )
    return write_bundle(bundle_path(prepared.folder, prepared.task), manifest, folder).path


def bundle_path(folder: Path, task: Task) -> Path:
    """Where a task's bundle stands."""
    return folder / f"{task.name}.bundle"


def _form_score(work: Finish, name: str, score: Interval, rows: int) -> form.Score:
    better = load_metric(name, work.prepared.task).better
    return form.Score(metric=name, value=score.value, low=score.low, high=score.high, rows=rows, better=better)


def _proof(work: Finish, trial: Trial) -> form.Proof | None:
    """How the fold programs were compared with what was trained; None for programs that cannot be replayed."""
    from smeaton.trials.results import read_fit

    if trial.parity is None:
        return None
    tolerance = tolerance_of(work.shipped[trial.key].program)
    fits = [read_fit(work.root / trial.folder, fold) for fold in range(len(trial.scores))]
    held = int(np.sum([fit.parity_held for fit in fits]))
    adversarial = int(np.sum([fit.parity_rows for fit in fits])) - held
    return form.Proof(held_rows=held, adversarial_rows=adversarial, largest=trial.parity, tolerance=tolerance)
