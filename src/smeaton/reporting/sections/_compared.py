"""What ships against other solutions of its board: the simplest answer, the user's own, the next best."""

from dataclasses import dataclass

from smeaton.data.dataset import Dataset
from smeaton.leaderboard.board import BASELINE, StoredEvidence
from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.significance import Jury, Truth
from smeaton.leaderboard.ties import oriented
from smeaton.metrics import Unit
from smeaton.metrics._defaults import load_metric
from smeaton.reporting.build import Build
from smeaton.reporting.sections._amounts import amount, gap, gaps, is_finite
from smeaton.reporting.sections._solutions import own_rows
from smeaton.task.task import Task
from smeaton.trials.evaluate import OOF
from smeaton.trials.record import Interval

#: The metric people understand without a course, by the kind of answer.
_PLAIN = {"class": "accuracy", "number": "mae", "many": "exact_match", "structure": "exact_match"}
#: What such a metric is called by people who know no metrics.
WORDS = {
    "accuracy": "right answers",
    "mae": "usual error",
    "exact_match": "answers that are right in full",
}
_LARGE = 0.005  # a share of the baseline's error from which on a gain is told in per cent


@dataclass(frozen=True, slots=True)
class Lead:
    """How much better what ships is than another (positive = better), with the scores of both, in one metric."""

    other: Row
    metric: str
    unit: Unit
    lead: Interval
    mine: Interval
    theirs: Interval

    def short(self, better: str) -> str:
        """As it is read from afar: `19.6 points better`, `37 % less`."""
        value = self.lead.value
        if value == 0:
            return "the same"
        if better == "lower" and self.theirs.value > 0 and abs(value) / self.theirs.value >= _LARGE:
            share = 100 * abs(value) / self.theirs.value
            return f"{share:.{0 if share >= 1 else 1}f} % {'less' if value > 0 else 'more'}"
        return f"{gap(value, self.unit)} {'better' if value > 0 else 'worse'}"

    def long(self) -> str:
        """Both scores, and the difference with its interval."""
        return (
            f"{metric_words(self.metric)}: {amount(self.mine.value, self.unit)} against "
            f"{amount(self.theirs.value, self.unit)} on the same validation rows; {gap(self.lead.value, self.unit)} "
            f"{'better' if self.lead.value >= 0 else 'worse'} (95 % interval {gaps(self.lead, self.unit)})"
        )


def plain_metric(task: Task, board: Board) -> str:
    """The metric that people understand, where the task has one; else the one that ranks."""
    name = _PLAIN.get(task.answer, board.metric)
    return board.metric if name == board.metric or task.output_type.quantile is not None else name


def metric_words(name: str) -> str:
    """A metric's name, with what it is where a word says it."""
    return f"{WORDS[name]} ({name})" if name in WORDS else name


def evidence_key(row: Row) -> str:
    """Whose stored answers speak for a row: a refit has seen every row, and its parent's speak for it."""
    return row.estimated_from or row.key


def compare(build: Build, other: Row, metric: str) -> Lead | None:
    """What ships against another row, in any metric; None where the answers of one of the two are gone."""
    board, mine = build.board, build.winner
    folders = {
        key: folder
        for key in (evidence_key(mine), evidence_key(other))
        if (folder := build.root / "trials" / key) and (folder / OOF).exists()
    }
    if len(folders) < 2:
        return None
    dataset: Dataset = build.dataset
    judge = load_metric(metric, dataset.task)
    truth = Truth(dataset.target, dataset.task.labels, dataset.weight, dataset.group, dataset.time)
    jury = Jury(truth, StoredEvidence(folders), {metric: judge})
    lead = jury.lead(metric, evidence_key(mine), evidence_key(other))
    scores = [jury.score(metric, evidence_key(row)) for row in (mine, other)]
    if not is_finite(lead) or not all(map(is_finite, scores)):
        return None
    assert lead is not None
    assert scores[0] is not None
    assert scores[1] is not None
    unit = board.unit if metric == board.metric else judge.unit
    return Lead(other, metric, unit, lead, scores[0], scores[1])


def baseline_of(board: Board) -> Row | None:
    """The constant answer's row, if what ships is another."""
    return None if board.baseline is None or board.baseline == board.winner else board[board.baseline]


def own_of(build: Build) -> tuple[Row | None, Row | None]:
    """The user's own solution that stands best, and the first one without a score; None where there are none."""
    mine = own_rows(build.board, build.task)
    scored = [row for row in mine if is_finite(row.score)]
    best = max(
        scored, key=lambda row: oriented(row.score.value if row.score else 0.0, build.board.better), default=None
    )
    return best, next((row for row in mine if row.score is None), None)


def runner_up(board: Board, winner: Row) -> Row | None:
    """The best that is another kind of solution than what ships."""
    able = [row for row in board.rows if row.rank is not None and is_finite(row.score)]
    other = [row for row in able if row.name != winner.name and row.family != BASELINE]
    return max(other, key=lambda row: oriented(row.score.value if row.score else 0.0, board.better), default=None)
