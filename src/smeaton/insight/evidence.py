"""`Evidence`: the best trial's out-of-fold answers beside the rows they answer, opened from a build's folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.errors import DataError
from smeaton.insight.forms import Example
from smeaton.leaderboard.forms import Board
from smeaton.task.arrays import open_table
from smeaton.task.table import PREDICTION, PROBABILITY, Array, take
from smeaton.task.task import Task
from smeaton.task.types import label_text
from smeaton.trials.evaluate import OOF, ROW
from smeaton.trials.reject import read_rejections
from smeaton.trials.results import HELD, calibrated, read_answers, read_calibrations, stack

MOST_ROWS = 20_000  # rows looked at, evenly chosen; more do not change what people would do
_SHOWN = 160  # characters of a text


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows that were answered by programs not fitted on them. `rows` are positions in the dataset; `target` is what
    it holds for these rows; `probability` None for numbers and structures. `plain` is the probability before rows were
    turned away, for tasks with an outside label: what the model thought of the labels themselves."""

    dataset: Dataset
    rows: Array
    target: Array
    prediction: Array
    probability: Array | None
    solution: str
    trial: str
    plain: Array | None = None

    @property
    def task(self) -> Task:
        """The pinned task."""
        return self.dataset.task

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels as people read them."""
        return tuple(label_text(label) for label in self.task.labels)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Names of the inputs that are texts."""
        return tuple(name for name, kind in self.task.input_types.items() if kind.type == "text")

    def texts(self) -> list[str]:
        """The texts of each row, one below the other."""
        columns = [self.dataset.table[name][self.rows].tolist() for name in self.text_columns]
        return ["\n".join(part for part in parts if part) for parts in zip(*columns, strict=True)]

    def codes(self) -> Array:
        """The code of each answer of a class task; -1 where it is none of the labels."""
        place = {(type(label), label): code for code, label in enumerate(self.task.labels)}
        return np.array([place.get((type(one), one), -1) for one in self.prediction.tolist()], dtype=np.int64)

    def example(self, place: int) -> Example:
        """A row as people recognise it."""
        return example_of(self.dataset, int(self.rows[place]))


def example_of(dataset: Dataset, row: int) -> Example:
    """The row at a position of the dataset as people recognise it."""
    texts = [name for name, kind in dataset.task.input_types.items() if kind.type == "text"]
    if texts:
        said = " / ".join(str(dataset.table[name][row] or "") for name in texts)
    else:
        cells = take(dataset.table, np.array([row]))
        said = ", ".join(f"{name} {column[0]}" for name, column in list(cells.items())[:6])
    said = " ".join(said.split())
    said = said if len(said) <= _SHOWN else said[: _SHOWN - 1] + "…"
    return Example(row=row + 1, text=said, id=None if dataset.ids is None else str(dataset.ids[row]))


def open_task(root: Path) -> Task:
    """The pinned task of the build in a folder.

    Raises:
        DataError: nothing was prepared there.
    """
    path = root / "data" / "task.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Task)
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(f"no prepared task lies here: {error}", where=str(path), fix="build again") from error


def open_evidence(root: Path, board: Board) -> Evidence:
    """The answers of a build's winner (of a refit those of its parent), thinned evenly to MOST_ROWS.

    Raises:
        DataError: the build chose nothing, or the trial's answers are gone.
    """
    winner = next((row for row in board.rows if row.key == board.winner), None)
    if winner is None:
        raise DataError("this build chose no solution", where=str(root), fix="read: smeaton board, and build again")
    key = winner.estimated_from or winner.key
    folder = root / "trials" / key / OOF
    if not folder.exists():
        raise DataError("the answers of this build are gone", where=str(folder), fix="build again")
    answers = open_table(folder)
    some = np.linspace(0, len(answers[ROW]) - 1, min(len(answers[ROW]), MOST_ROWS)).astype(np.int64)
    dataset = Dataset.open(root / "data")
    rows = np.asarray(answers[ROW])[some]
    probability = np.asarray(answers[PROBABILITY])[some].astype(np.float64) if PROBABILITY in answers else None
    return Evidence(
        dataset=dataset,
        rows=rows,
        target=dataset.target[rows],
        prediction=np.asarray(answers[PREDICTION])[some],
        probability=probability,
        solution=winner.family,
        trial=key,
        plain=_before_rejection(folder.parent, dataset.task, some),
    )


def _before_rejection(trial: Path, task: Task, some: Array) -> Array | None:
    """The calibrated probabilities of the trial's folds, in the order of its out-of-fold answers; None where nothing
    was rejected."""
    if read_rejections(trial) is None:
        return None
    steps = read_calibrations(trial)
    tables = [calibrated(read_answers(trial, fold, HELD)[0], step, task) for fold, step in enumerate(steps)]
    return np.asarray(stack(tables)[PROBABILITY])[some].astype(np.float64)


def first_examples(evidence: Evidence, places: Sequence[int] | Array, most: int = 2) -> tuple[Example, ...]:
    """The first rows of some, as people recognise them."""
    return tuple(evidence.example(int(place)) for place in places[:most])


def read_board(path: Path) -> Board:
    """A board from its file.

    Raises:
        DataError: it is not there, or damaged.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Board)
    except (OSError, msgspec.DecodeError) as error:
        fix = "run: smeaton build, which writes it anew"
        raise DataError(f"the board cannot be read: {error}", where=str(path), fix=fix) from error
