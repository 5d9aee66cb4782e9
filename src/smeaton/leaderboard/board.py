"""Make the board: every trial a row, ranked, with what it costs, what it breaks and why it stands where it does."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from smeaton.leaderboard.choose import Choice, best_of, best_row, choose, scored_rows, worth
from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.limits import broken, missed
from smeaton.leaderboard.luck import luck
from smeaton.leaderboard.pareto import front
from smeaton.leaderboard.significance import Evidence, Jury, Truth
from smeaton.leaderboard.ties import is_tie, margin, oriented
from smeaton.leaderboard.words import drawn, summary, why
from smeaton.metrics import Better
from smeaton.metrics._defaults import load_metric
from smeaton.task.task import Task
from smeaton.trials.choose import MEMBERS
from smeaton.trials.record import Interval, Trial

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset

BASELINE = "baseline"
#: So many of the best are compared with the best row by row, besides the baseline and what may tie.
_COMPARED = 10
_STATES = ("done", "stopped", "failed", "refused")


def build_board(root: Path, dataset: "Dataset", metric: str, trials: Sequence[Trial], seed: int = 0) -> Board:
    """The board of the build in `root`: reads each full trial's out-of-fold answers from its folder.

    Raises:
        TaskError: the metric or a bar's metric does not fit the task.
    """
    folders = {trial.key: root / trial.folder for trial in trials if _is_full(trial)}
    # A refit has seen every row: what is known of it is what its parent answered.
    parents = {trial.key: folders[trial.estimated_from] for trial in trials if trial.estimated_from in folders}
    evidence = StoredEvidence(folders | parents)
    truth = Truth(dataset.target, dataset.task.labels, dataset.weight, dataset.group, dataset.time)
    return make_board(dataset.task, metric, trials, evidence, truth, seed)


class StoredEvidence(Mapping[str, Evidence]):
    """The out-of-fold answers in the folders of trials, read when asked for."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders

    def __getitem__(self, key: str) -> Evidence:
        from smeaton.task.arrays import open_table
        from smeaton.trials.evaluate import OOF, ROW

        answers = dict(open_table(self._folders[key] / OOF))
        return Evidence(np.asarray(answers.pop(ROW)), answers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)


def make_board(
    task: Task, metric: str, trials: Sequence[Trial], evidence: Mapping[str, Evidence], truth: Truth, seed: int = 0
) -> Board:
    """Rank trials. Each candidate gets one row: its full trial (of several seeds the median one), else what came of it.

    `evidence` holds out-of-fold answers by trial key. Deterministic.

    Raises:
        TaskError: the metric or a bar's metric does not fit the task.
    """
    names = dict.fromkeys([metric, *task.bars])
    jury = Jury(truth, evidence, {name: load_metric(name, task) for name in names}, seed)
    judge = jury.metrics[metric]
    shown = _representatives(trials, judge.better)
    owed = luck([trial for trial in shown if _is_single(trial)], judge.better)
    rows = [_row(task, trial, jury, owed if _is_single(trial) else 0.0) for trial in shown]
    scored = scored_rows(rows)
    flags = front([oriented(row.score.value, judge.better) for row in scored if row.score], [r.cost for r in scored])
    pareto = {row.key for row, flag in zip(scored, flags, strict=True) if flag}
    baseline = best_of([row for row in scored if row.family == BASELINE], judge.better)
    best = best_row(rows, judge.better)
    allowed = 0.0
    if best is not None and best.score is not None:
        constant = baseline.score.value if baseline is not None and baseline.score is not None else None
        allowed = margin(best.score.value, constant, judge.best)
    shown_only = [row for row in rows if row.barred and row.score is not None]
    near = _near([*scored, *shown_only], best, baseline, judge.better, allowed)
    flagged = [msgspec.structs.replace(row, pareto=row.key in pareto) for row in rows]
    rows = [_compared(row, best, metric, jury, allowed) if row.key in near else row for row in flagged]
    board = Board(
        task=task.name,
        metric=metric,
        better=judge.better,
        unit=judge.unit,
        rows=tuple(rows),
        baseline=baseline.key if baseline else None,
        intervals=drawn(truth.group is not None, truth.time is not None),
    )
    return _settled(board, choose(board), jury)


def contenders(board: Board) -> tuple[str, ...]:
    """Keys of unmeasured rows whose cost decides who wins, the best score first: what is better than the best that was
    measured, or ties with it. Measure one, make the board again, and repeat until there are none."""
    best = best_row(board.rows, board.better)
    if best is None or best.score is None:
        return ()
    reach = worth(best, board.better)
    found = [
        (-worth(row, board.better), row.key)
        for row in scored_rows(board.rows)
        if row.cost is None
        and row.fits
        and row.score is not None
        and (row.key == best.key or row.tie or not best.fits or worth(row, board.better) > reach)
    ]
    return tuple(key for _, key in sorted(found))


def showpieces(board: Board) -> tuple[str, ...]:
    """Keys of the best ranked row of each solution people tell apart by name, the best first: what a picture of quality
    against cost wants to have measured."""
    firsts: dict[str, str] = {}
    for row in board.rows:
        if row.rank is not None:
            firsts.setdefault(row.name, row.key)
    return tuple(firsts.values())


def _settled(board: Board, choice: Choice, jury: Jury) -> Board:
    """Order the rows: the winner, what fits by score, what does not fit by score, what has no score."""

    def place(row: Row) -> tuple[bool, bool, bool, float, int, str]:
        value = oriented(row.score.value, board.better) if row.score else 0.0
        ranked = row.state == "done" and row.score is not None and not row.barred
        return row.key != choice.key, not ranked, not row.fits, -value, _STATES.index(row.state), row.key

    ordered = sorted(board.rows, key=place)
    best = best_row(ordered, board.better)
    finished, count = [], 0
    for row in ordered:
        rank = None
        if row.state == "done" and row.score is not None and not row.barred:
            count += 1
            rank = count
        said = why(row, best, choice.key, board)
        finished.append(msgspec.structs.replace(row, rank=rank, why=said))
    lead = None
    if choice.key is not None and board.baseline is not None and choice.key != board.baseline:
        lead = jury.lead(board.metric, choice.key, board.baseline)
    return msgspec.structs.replace(board, rows=tuple(finished), winner=choice.key, reasons=choice.reasons, lead=lead)


def _is_single(trial: Trial) -> bool:
    """Whether it was picked among others like it: neither the constant baseline nor made of finished trials."""
    return (
        _is_full(trial)
        and trial.candidate.family != BASELINE
        and MEMBERS not in trial.candidate.config
        and not trial.estimated_from
        and not trial.barred
    )


def _row(task: Task, trial: Trial, jury: Jury, owed: float) -> Row:
    full = _is_full(trial)
    judged = {}
    if full:
        scores = {name: jury.score(name, trial.key) for name in task.bars}
        judged = {name: score for name, score in scores.items() if score is not None}
    return Row(
        key=trial.key,
        family=trial.candidate.family,
        state=trial.state,
        config=trial.candidate.config,
        what=summary(trial.candidate.config),
        score=trial.score if full else None,
        luck=owed,
        cost=trial.cost,
        limits=broken(task.limits, trial.cost) if full else (),
        bars=missed(task.bars, judged) if full else (),
        judged=judged,
        seconds=trial.seconds,
        money=trial.money,
        why=trial.note,
        estimated_from=trial.estimated_from,
        barred=trial.barred,
    )


def _near(rows: Sequence[Row], best: Row | None, baseline: Row | None, better: Better, allowed: float) -> set[str]:
    """Keys of the rows worth a paired comparison with the best."""
    if best is None or best.score is None:
        return set()
    reach = oriented(best.score.value, better) - allowed
    values = {row.key: oriented(row.score.value, better) for row in rows if row.score}
    ordered = sorted(values, key=lambda key: (-values[key], key))
    near = {key for key in ordered if values[key] >= reach} | set(ordered[:_COMPARED])
    return (near | {baseline.key} if baseline else near) - {best.key}


def _compared(row: Row, best: Row | None, metric: str, jury: Jury, allowed: float) -> Row:
    """With the paired difference to the best, and whether it ties with it."""
    behind = None if best is None else jury.lead(metric, best.key, row.key)
    tie = best is not None and row.fits == best.fits and is_tie(_without_luck(behind, row, best), allowed)
    return msgspec.structs.replace(row, behind=behind, tie=tie)


def _without_luck(behind: Interval | None, row: Row, best: Row) -> Interval | None:
    """How much worse a row is than the best, where both owe their scores to nothing."""
    if behind is None:
        return None
    more = row.luck - best.luck
    return Interval(behind.value + more, behind.low + more, behind.high + more)


def _is_full(trial: Trial) -> bool:
    return trial.state == "done" and trial.fidelity == 1 and trial.score is not None


def _latest(trials: Sequence[Trial]) -> dict[str, Trial]:
    return {trial.key: trial for trial in trials}


def _representatives(trials: Sequence[Trial], better: Better) -> list[Trial]:
    """One trial for each candidate, in the order of their first appearance."""
    grouped: dict[str, list[Trial]] = {}
    for trial in _latest(trials).values():
        grouped.setdefault(trial.candidate.key, []).append(trial)
    return [_representative(group, better) for group in grouped.values()]


def _representative(group: Sequence[Trial], better: Better) -> Trial:
    full = [trial for trial in group if _is_full(trial)]
    if full:  # of an even number the worse of the middle two
        full.sort(key=lambda trial: (oriented(trial.score.value if trial.score else 0.0, better), trial.key))
        return full[(len(full) - 1) // 2]
    return max(group, key=lambda trial: (trial.fidelity, -_STATES.index(trial.state), trial.key))
