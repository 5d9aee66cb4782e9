"""From the work to questions: which rows to ask, in which order, each with what the model would say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from smeaton.labelling.gain import FEWEST, Gain, expected_gain
from smeaton.labelling.pick import RANDOM_SHARE, pick, rarity, uncertainty
from smeaton.labelling.quick import Kind, Quick, features
from smeaton.labelling.rows import keys, row_of, unasked
from smeaton.labelling.work import Work
from smeaton.similarity.vectors import projected
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, concat, take
from smeaton.task.types import Type
from smeaton.task.values import parse_column

#: Rows of the pool that are looked at, drawn at random from a larger one.
MOST_ROWS = 25_000
_LABELLED = 2000
_FEWEST = 20  # labelled rows that a quick model is fitted on
_JUDGES, _MOST_RANDOM = FEWEST // 2 + 5, 0.3  # random rows wanted in the first batch: some will be skipped

#: Answers of the shipped model to typed rows: `prediction`, and `probability` for labels.
Model = Callable[[Table], Mapping[str, Array]]


@dataclass(frozen=True, slots=True)
class Question:
    """A row to label. `random`: drawn at random. `suggestion` with its `probability`: None without a model."""

    key: str
    row: dict[str, Any]
    random: bool
    suggestion: Any = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions in the order in which they are worth asking, and in words how they were chosen."""

    questions: tuple[Question, ...]
    how: str
    waiting: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled rows: typed inputs, answers as in `Rows.y`, and which of them are a random sample."""

    table: Table
    target: Array
    fair: Array


def choose(work: Work, count: int, model: Model | None = None, seed: int = 0) -> Batch:
    """The next rows to label."""
    free = np.array(
        [place for place in unasked(work.pool_keys, tuple(work.answered)) if _open(work, place)], dtype=np.int64
    )
    waiting = len(free)
    if waiting > MOST_ROWS:
        free = np.sort(np.random.default_rng(seed).choice(free, MOST_ROWS, replace=False))
    table, good = typed(take(work.pool.table, free), work.types)
    free, table = free[good], take(table, good)
    if not len(free):
        return Batch((), "every row that can be read has an answer", 0)
    known = labelled(work)
    matrix, vectors, covered = _spaces(table, known, work.types, seed)
    answers, how = _answers(work, table, matrix, known, model)
    unsure = _unsure(work, answers, known)
    share = random_share(int(known.fair.sum()), count)
    picked = pick(vectors, unsure, count, seed=seed, labelled=covered, random_share=share)
    columns = [name for name in work.answers.columns if name != work.task.target]
    questions = []
    for place, random in zip(picked.rows.tolist(), picked.random.tolist(), strict=True):
        suggestion, chance = _suggestion(work, answers, place)
        at = int(free[place])
        row = row_of(work.pool.table, at, columns)
        questions.append(Question(work.pool_keys[at], row, random, suggestion, chance))
    return Batch(tuple(questions), how, waiting)


def random_share(fair: int, count: int) -> float:
    """The share of a batch to draw at random, for `fair` labelled rows that are a random sample already.

    A tenth; in the first batch more, at most 30 %: without some random rows nothing can judge a model, and the
    expected gain could not be told before the third hundred.
    """
    return min(max(RANDOM_SHARE, (_JUDGES - fair) / count), _MOST_RANDOM)


def _open(work: Work, place: int) -> bool:
    return not work.marks.skipped(work.pool_keys[place])


def _spaces(table: Table, known: Labelled, types: Mapping[str, Type], seed: int) -> tuple[Any, Array, Array | None]:
    """The features of labelled rows and pool together; the vectors of the pool, and of (some) labelled rows."""
    count = len(known.target)
    both = concat([known.table, table]) if count else table
    matrix = features(both, types)
    vectors = projected(matrix, seed=seed)
    if not count:
        return matrix, vectors, None
    some = np.random.default_rng(seed).choice(count, min(count, _LABELLED), replace=False)
    return matrix, vectors[count:], vectors[some]


def _answers(
    work: Work, table: Table, matrix: Any, known: Labelled, model: Model | None
) -> tuple[Mapping[str, Array] | None, str]:
    """What a model says about each row, and which model: the shipped one, else a quick one, else none."""
    if model is not None:
        return model(table), "by the bundle's uncertainty and by coverage"
    count, kind = len(known.target), _kind(work)
    if count < _FEWEST or len(np.unique(known.target, axis=0)) < 2:
        return None, "by coverage alone: there is no bundle, and too few rows are labelled for a quick model"
    quick = Quick(kind, len(work.labels)).fit(matrix[:count], known.target)
    found = quick.predict(matrix[count:])
    how = "by a quick model's uncertainty and by coverage: there is no bundle yet"
    return ({PREDICTION: found} if kind == "number" else {PROBABILITY: found}), how


def _unsure(work: Work, answers: Mapping[str, Array] | None, known: Labelled) -> Array | None:
    if answers is None or PROBABILITY not in answers:
        return None  # a number says nothing about how sure it is: coverage alone
    chances = np.nan_to_num(answers[PROBABILITY])
    many = _kind(work) == "many"
    counts = known.target.sum(axis=0) if many else np.bincount(known.target, minlength=chances.shape[1])
    unsure = uncertainty(chances, many=many)
    return unsure * rarity(chances, counts) if len(counts) == chances.shape[1] else unsure


def _suggestion(work: Work, answers: Mapping[str, Array] | None, place: int) -> tuple[Any, float | None]:
    if answers is None:
        return None, None
    kind = _kind(work)
    if kind == "number":
        return float(answers[PREDICTION][place]), None
    chances = answers[PROBABILITY][place]
    if kind == "many":
        # The chance that all of them are right, if labels were independent.
        given = [work.labels[code] for code in np.flatnonzero(chances >= 0.5).tolist()]
        return given, float(np.prod(np.maximum(chances, 1 - chances)))
    best = int(np.argmax(chances))
    return work.labels[best], float(chances[best])


def labelled(work: Work) -> Labelled:
    """All rows with an answer that can be read."""
    tables, targets, fair = [], [], []
    for table in work.labelled:
        inputs, good = typed(table, work.types)
        target, given = _target(work, table)
        good &= given
        tables.append(take(inputs, good))
        targets.append(target[good])
        found = keys(table, work.names)
        # What the user brought is a sample as good as any; of what was asked, only the rows drawn at random are.
        own = np.array([work.marks.picked(key) in (None, "random") for key in found], dtype=bool)
        fair.append(own[good])
    if not tables:
        empty, _ = typed(take(work.pool.table, np.empty(0, np.int64)), work.types)
        return Labelled(empty, np.empty(0, np.int64), np.empty(0, bool))
    return Labelled(concat(tables), np.concatenate(targets), np.concatenate(fair))


def gain(work: Work, seed: int = 0, seconds: float = 15.0) -> Gain:
    """What the next hundred labels would bring, by a quick model."""
    known = labelled(work)
    if len(known.target) == 0:
        return Gain(0, why="no row has a label yet")
    matrix = features(known.table, work.types)
    return expected_gain(
        matrix, known.target, _kind(work), len(work.labels), fair=known.fair, seed=seed, seconds=seconds
    )


def typed(table: Table, types: Mapping[str, Type]) -> tuple[dict[str, Array], Array]:
    """The inputs of rows, typed, and which rows could be read."""
    columns: dict[str, Array] = {}
    good = np.ones(len(next(iter(table.values()))), dtype=bool)
    for name, kind in types.items():
        columns[name], faults = parse_column(table[name], kind, name)
        good[[fault.row for fault in faults]] = False
    return columns, good


def _target(work: Work, table: Table) -> tuple[Array, Array]:
    """Answers as in `Rows.y`, and which rows have one."""
    kind, column = work.kind, table[work.task.target]
    parsed, faults = parse_column(column, msgspec.structs.replace(kind, optional=True), work.task.target)
    if _kind(work) == "number":
        values = parsed.astype(np.float64)
        return values, ~np.isnan(values)
    cells = parsed.tolist()
    given = np.array([value is not None for value in cells], dtype=bool)
    given[[fault.row for fault in faults]] = False
    codes = {label: code for code, label in enumerate(work.labels)}
    if _kind(work) == "class":
        return np.array([codes.get(value, 0) if has else 0 for value, has in zip(cells, given, strict=True)]), given
    target = np.zeros((len(cells), len(codes)), dtype=np.int8)
    for row, value in enumerate(cells):
        if given[row]:
            target[row, [codes[label] for label in value]] = 1
    return target, given


def _kind(work: Work) -> Kind:
    answer = work.kind.answer
    assert answer in ("class", "many", "number")
    return answer
