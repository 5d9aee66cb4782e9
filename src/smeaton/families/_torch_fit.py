"""One training of an encoder: which loss, how many steps, and how it is judged on the stop rows."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from smeaton.families import Run
from smeaton.families._head import HeadProblem
from smeaton.families._solver import Limits, Loss, solve
from smeaton.families._torch_encoder import Encoder, Ids, adapt, merge, place, repeatable
from smeaton.families._torch_train import (
    Plan,
    Progress,
    Texts,
    batches,
    classify,
    contrast,
    head_of,
    head_score,
    paired_batches,
    row_vectors,
    train,
)
from smeaton.runtime.ops._embed import Tokens
from smeaton.task.table import Array

_TOLERANCE = 1e-4  # of the objective: enough to compare two states of an encoder
_PENALTIES = (0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)
_UNJUDGED = (1e-2,)
_JUDGED_ROWS = 1_000  # of either side
_TIMED_ROWS = 24
_JUDGEMENTS = 6  # of one training
_PATIENCE = 4
_BATCH_TOKENS = 4_096  # padded tokens of one step: bounds its memory


@dataclass(frozen=True, slots=True)
class Course:
    """How to train. `way`: pairs (`contrastive`), or a head on top (`full`). `epochs` may be a part of one; `rank` > 0
    trains adapters of that rank instead of the weights; `absolute`: numbers are judged by their absolute error."""

    way: Literal["contrastive", "full"]
    epochs: float
    rate: float
    batch: int
    rank: int
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    """When a training ends: a `time.monotonic` moment, less the time to encode `after` rows; or (a replay) a step."""

    deadline: float
    limit: int | None = None
    after: int = 0


def ids_of(tokens: Tokens, texts: Sequence[str | None], most: int, prefix: str) -> Ids:
    """Token ids of texts as the `embed` op asks its model, at most so many; null and empty texts have none."""
    room = max(1, most - len(tokens.before) - len(tokens.after))
    found = []
    for text in texts:
        ids = tokens(prefix + text)[:room] if text and text.strip() else []
        found.append([*tokens.before, *ids, *tokens.after] if ids else [])
    return found


def tune(encoder: Encoder, rows: Texts, stop: Texts | None, course: Course, run: Run, until: Until) -> Progress:
    """Train an encoder in place; it ends with the weights that were best on the stop rows, untouched ones included.

    The same rows, course, seed and number of threads give the same weights on a CPU.
    """
    with repeatable(run.seed, run.threads):
        if until.after:  # on the processor, which is where they will be encoded
            until = replace(until, deadline=until.deadline - until.after * _seconds_a_row(encoder, rows))
        encoder.body.to(place())
        if course.rank:
            adapt(encoder, course.rank)
            encoder.body.to(place())
        progress = (_by_pairs if course.way == "contrastive" else _by_head)(encoder, rows, stop, course, run, until)
        if course.rank:
            merge(encoder)
        encoder.body.cpu()
    return progress


def _seconds_a_row(encoder: Encoder, rows: Texts) -> float:
    """Seconds to encode one row in float32 and again in integers, from a few spread over all."""
    spots = np.unique(np.linspace(0, len(rows) - 1, _TIMED_ROWS).astype(int))
    some = [[column[spot] for spot in spots] for column in rows.columns]
    seconds = math.inf
    for _ in range(2):  # the first time pays for what torch prepares
        begun = time.monotonic()
        for column in some:
            encoder.vectors(column)
        seconds = min(seconds, time.monotonic() - begun)
    return 1.5 * seconds / len(spots)


def _by_pairs(encoder: Encoder, rows: Texts, stop: Texts | None, course: Course, run: Run, until: Until) -> Progress:
    """Pairs of rows; judged by what a head fitted on the vectors of some training rows makes of the stop rows."""
    rng = np.random.default_rng([run.seed, 97])
    size = _batch(rows, course)
    draw = paired_batches(rows.y, size, rng) if rows.kind == "class" else batches(len(rows), size, rng)
    standing = _ranks(rows.y) if rows.kind == "number" else rows.y
    some = _some(rows, run.seed)

    def judge() -> float:
        assert stop is not None
        return probe(some, row_vectors(encoder, some), stop, row_vectors(encoder, stop), course.absolute)[2]

    stop = None if stop is None else _some(stop, run.seed)
    loss = contrast(encoder, rows, standing)
    plan = _plan(len(rows), size, course, until)
    return train([encoder.body], loss, draw, plan, None if stop is None else judge, run.report)


def _by_head(encoder: Encoder, rows: Texts, stop: Texts | None, course: Course, run: Run, until: Until) -> Progress:
    """A head, fitted on the untouched vectors first; judged by its loss on the stop rows."""
    rng = np.random.default_rng([run.seed, 101])
    size = _batch(rows, course)
    some, judged = _some(rows, run.seed), None if stop is None else _some(stop, run.seed)
    vectors = None if judged is None else row_vectors(encoder, judged)
    weights, bias, _ = probe(some, row_vectors(encoder, some), judged, vectors, course.absolute)
    head = head_of(weights, bias, encoder.device)

    def judge() -> float:
        assert judged is not None
        return head_score(encoder, head, judged, course.absolute)

    loss = classify(encoder, head, rows, course.absolute)
    plan = _plan(len(rows), size, course, until)
    draw = batches(len(rows), size, rng)
    return train([encoder.body, head], loss, draw, plan, None if judged is None else judge, run.report)


def _batch(rows: Texts, course: Course) -> int:
    """Rows of a batch: fewer where the texts are long."""
    longest = sum(float(np.quantile([len(text) for text in column], 0.95)) for column in rows.columns)
    return int(np.clip(_BATCH_TOKENS // max(longest, 1.0), 4, course.batch))


def _plan(rows: int, size: int, course: Course, until: Until) -> Plan:
    steps = max(1, math.ceil(course.epochs * rows / size))
    every = max(1, math.ceil(steps / _JUDGEMENTS))
    return Plan(steps, every, _PATIENCE, course.rate, until.deadline, until.limit)


def _ranks(y: Array) -> Array:
    """Ranks in 0 to 1; equal numbers share one."""
    _, places, counts = np.unique(y, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - 0.5 * counts
    ranks: Array = (middles[places] / len(y)).astype(np.float32)
    return ranks


def _some(rows: Texts, seed: int) -> Texts:
    """At most so many rows as a judgement looks at."""
    if len(rows) <= _JUDGED_ROWS:
        return rows
    kept = np.sort(np.random.default_rng([seed, 53]).permutation(len(rows))[:_JUDGED_ROWS])
    columns = [[column[row] for row in kept] for column in rows.columns]
    return replace(rows, columns=columns, y=rows.y[kept], weight=rows.weight[kept])


def probe(
    rows: Texts, vectors: Array, stop: Texts | None, others: Array | None, absolute: bool
) -> tuple[Array, Array, float]:
    """A linear head on vectors: weights (width, targets), bias, and its loss on the stop rows (0 without them)."""
    if rows.kind == "many":
        parts = [_solved(_label(rows, i), vectors, stop and _label(stop, i), others, absolute) for i in _labels(rows)]
        weights, bias, scores = zip(*parts, strict=True)
        return np.hstack(weights), np.concatenate(bias), float(np.mean(scores))
    return _solved(rows, vectors, stop, others, absolute)


def _labels(rows: Texts) -> range:
    return range(rows.y.shape[1])


def _label(rows: Texts, label: int) -> Texts:
    return replace(rows, kind="class", labels=2, y=rows.y[:, label].astype(np.int64))


def _solved(
    rows: Texts, vectors: Array, stop: Texts | None, others: Array | None, absolute: bool
) -> tuple[Array, Array, float]:
    targets = rows.targets
    form: Loss = "squares" if rows.kind == "number" else "logistic" if targets == 1 else "softmax"
    problem = HeadProblem(vectors.astype(np.float32), None, rows.y, rows.weight, form, targets)
    if stop is None or others is None:
        found = solve(problem, _UNJUDGED, lambda weights, bias: 0.0, Limits(math.inf, None))
        return found.weights, found.bias, 0.0
    asked = HeadProblem(others.astype(np.float32), None, stop.y, stop.weight, form, targets)

    def judge(weights: Array, bias: Array) -> float:
        if absolute and form == "squares":
            off = asked.scores(weights, bias)[:, 0] - asked.y
            return float(asked.weight @ np.abs(off)) / len(asked.y)
        return asked.objective(np.vstack([weights, bias]).ravel(), 0.0)[0]

    found = solve(problem, _PENALTIES, judge, Limits(math.inf, None), patience=1, tolerance=_TOLERANCE)
    return found.weights, found.bias, found.score
