"""Fits a linear-chain conditional random field (Lafferty, McCallum, Pereira 2001) to tagged tokens.

Stochastic gradients over batches of texts of like length with AdaGrad steps (Duchi, Hazan, Singer 2011), features left
out at random (Srivastava et al. 2014), a ridge, and the mean of the weights at the ends of the epochs (Polyak and
Juditsky 1992). It ends as well as L-BFGS to the end of its path does, in a fraction of the time (benchmarks/slots.py).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.extras import needs
from smeaton.runtime.ops._tag_chain import chain_of, chain_size, expect, groups
from smeaton.runtime.ops._tag_model import TagModel, find, rounded
from smeaton.runtime.ops._tag_words import WINDOW, Tokens, feature_hashes, near_hashes
from smeaton.task.table import Array

_RATE, _RIDGE, _DROPPED = 0.1, 1e-3, 0.3
_BATCH, _BATCH_TOKENS = 64, 8_192
_LEAST_BATCHES = 24  # of an epoch, where there are rows for it: few rows want small batches
_FEWEST, _MOST, _PATIENCE, _WARM = 6, 14, 4, 2  # epochs
_ENOUGH = 1_600  # batches that more rows do not need more of: epochs of many rows are fewer
_CELLS = 40_000_000  # features x tags that are kept: four float32 arrays of this size
_BOUNDS = (0.15, 0.1, 0.05, 0.02)  # weights nearer to zero are left out, if nothing is lost by it
#: Without rows to judge it by.
BOUND = 0.05
_CLOSE = 0.5  # standard errors of the judge within which more training, and fewer weights, are taken as no worse


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of like length, longest first: `matrix` (tokens, columns) CSR of the features named by `rows`, its
    transpose, `tags` of the tokens, padded (texts, longest), and `weight` of the texts."""

    lengths: Array
    rows: Array
    matrix: Any
    turned: Any
    tags: Array
    weight: Array

    @property
    def inside(self) -> Array:
        """Where the padded texts have tokens."""
        found: Array = np.arange(self.tags.shape[1]) < self.lengths[:, None]
        return found


@dataclass(slots=True)
class Steps:
    """When the training must end: at a `time.monotonic` moment, or after so many batches; `used` counts them."""

    deadline: float
    most: int | None = None
    used: int = 0
    clocked: bool = False

    def step(self) -> bool:
        """Count one batch; whether it was the last."""
        self.used += 1
        self.clocked = time.monotonic() >= self.deadline or (self.most is not None and self.used >= self.most)
        return self.clocked


@dataclass(slots=True)
class Weights:
    """What is trained: `rows` (features, tags) float32, `flat` the chain, as `chain_of` reads it."""

    rows: Array
    flat: Array

    def copy(self) -> "Weights":
        """The same numbers in memory of their own."""
        return Weights(self.rows.copy(), self.flat.copy())


@dataclass(slots=True)
class State:
    """Weights while they are trained: current ones, sums of squared gradients, and the sum over ends of epochs."""

    now: Weights
    squares: Weights
    total: Weights
    ends: int = 0

    def end(self) -> None:
        """Take the weights into the mean."""
        self.ends += 1
        self.total.rows += self.now.rows
        self.total.flat += self.now.flat

    def mean(self) -> Weights:
        """The mean of the weights taken; the current ones where none was."""
        if not self.ends:
            return self.now.copy()
        return Weights(self.total.rows / np.float32(self.ends), self.total.flat / self.ends)


@dataclass(frozen=True, slots=True)
class Tagged:
    """Texts to fit to: their tokens, a tag a token, a weight a text, and how many kinds of spans there are."""

    tokens: Tokens
    tags: Array
    weight: Array
    kinds: int


@dataclass(frozen=True, slots=True)
class Trained:
    """The model, the batches after which it was best, and the bound below which weights were left out."""

    model: TagModel
    steps: int
    bound: float


def train(
    given: Tagged,
    seed: int,
    steps: Steps,
    judge: Callable[[TagModel], tuple[float, float]] | None = None,
    told: Callable[[int, float], None] = lambda step, score: None,
    bound: float = BOUND,
) -> Trained:
    """Fit to tagged texts. `judge` gives the share of rows kept back that is right, and its standard error: the epochs
    end once it falls, and it chooses which weights to leave out. Without it they end by `steps`, and `bound` says which
    weights. The same seed and number of steps give the same bits on one thread."""
    size = 2 * given.kinds + 1
    keys, batches = _prepare(given, size)
    new = Weights(np.zeros((len(keys), size), dtype=np.float32), np.zeros(chain_size(given.kinds)))
    squares = Weights(np.full_like(new.rows, 1e-6), np.full_like(new.flat, 1e-6))
    state = State(new, squares, new.copy())
    rng = np.random.default_rng([seed, 79])

    def model(weights: Weights, least: float) -> TagModel:
        return rounded(weights.rows, chain_of(weights.flat, given.kinds), keys, least)

    best, score, least, used, waited, epoch = new, 0.0, 0.0, 0, 0, 0
    last = int(np.clip(_ENOUGH // max(1, len(batches)), _FEWEST, _MOST))
    while waited < _PATIENCE and not steps.clocked and (epoch < last or (judge is None and steps.most is not None)):
        for number in rng.permutation(len(batches)):
            _learn(batches[number], state, rng)
            if steps.step():
                break
        epoch += 1
        if epoch > _WARM or steps.clocked:
            state.end()
        mean = state.mean()
        now, error = judge(model(mean, 0.0)) if judge else (0.0, 0.0)
        told(steps.used, 1.0 - now)
        waited += 1
        if now >= least:
            best, used, waited, score = mean, steps.used, 0, max(now, score)
            least = score - _CLOSE * error
    if judge is not None:
        fine = (one for one in _BOUNDS if judge(model(best, one))[0] >= least)
        bound = next(fine, 0.0)
    return Trained(model(best, bound), used, bound)


def _prepare(given: Tagged, size: int) -> tuple[Array, Sequence[Batch]]:
    """Known features (seen at least twice; more often where there are too many) and the batches."""
    tokens = given.tokens
    hashes, near = feature_hashes(tokens), near_hashes(tokens)
    keys, counts = np.unique(np.concatenate([hashes.ravel(), *near]), return_counts=True)
    least = 2
    while (counts >= least).sum() * size > _CELLS:
        least *= 2
    keys = keys[(counts >= least) & (keys != 0)]
    lengths = np.diff(tokens.ends)
    texts = int((lengths > 0).sum())
    most = int(np.clip(texts // _LEAST_BATCHES, 4, _BATCH))
    columns, beside = find(keys, hashes), [find(keys, column) for column in near]
    found = [
        _batch(given, (columns, beside), rows[start : start + most])
        for rows in groups(lengths, _BATCH_TOKENS)
        for start in range(0, len(rows), most)
    ]
    return keys, found


def _batch(given: Tagged, found: tuple[Array, Sequence[Array]], rows: Array) -> Batch:
    with needs("build"):
        from scipy import sparse
    columns, (before, behind) = found
    first, last = given.tokens.ends[rows], given.tokens.ends[rows + 1]
    lengths = last - first
    inside = np.arange(int(lengths[0])) < lengths[:, None]
    place = (first[:, None] + np.arange(int(lengths[0])))[inside]
    own = columns[place]
    row, at = np.nonzero(own >= 0)
    all_rows, all_columns = [row], [own[row, at]]
    low, high = np.repeat(first, lengths), np.repeat(last, lengths)
    for distance in range(1, min(WINDOW, int(lengths[0]) - 1) + 1):
        for other, near in ((place - distance, before), (place + distance, behind)):
            there = np.flatnonzero((other >= low) & (other < high))
            there = there[near[other[there]] >= 0]
            all_rows.append(there)
            all_columns.append(near[other[there]])
    row, names = np.concatenate(all_rows), np.concatenate(all_columns)
    used, local = np.unique(names, return_inverse=True)
    ones = np.ones(len(row), dtype=np.float32)
    matrix = sparse.csr_matrix((ones, (row, local)), shape=(len(place), len(used)))
    padded = np.zeros(inside.shape, dtype=np.int64)
    padded[inside] = given.tags[place]
    return Batch(lengths, used, matrix, matrix.T.tocsr(), padded, given.weight[rows])


def _learn(batch: Batch, state: State, rng: np.random.Generator) -> None:
    """One step of the weights against the gradient of a batch's negative log-likelihood."""
    kept = (rng.random(len(batch.rows), dtype=np.float32) >= _DROPPED)[:, None] / np.float32(1 - _DROPPED)
    weights = state.now.rows[batch.rows]
    inside, kinds = batch.inside, weights.shape[1] // 2
    score = np.zeros((*inside.shape, weights.shape[1]))
    score[inside] = batch.matrix @ (weights * kept)
    expected = expect(score, batch.lengths, chain_of(state.now.flat, kinds), batch.weight)
    error = expected.tags[inside]
    error[np.arange(len(error)), batch.tags[inside]] -= 1.0
    error *= np.repeat(batch.weight, batch.lengths)[:, None]
    slope = (batch.turned @ error.astype(np.float32)) * kept + np.float32(_RIDGE) * weights
    squares = state.squares.rows[batch.rows] + slope * slope
    state.squares.rows[batch.rows] = squares
    state.now.rows[batch.rows] = weights - np.float32(_RATE) * slope / np.sqrt(squares)
    turn = np.concatenate([part.ravel() for part in expected.moves]) - _met(batch, kinds) + _RIDGE * state.now.flat
    state.squares.flat += turn * turn
    state.now.flat -= _RATE * turn / np.sqrt(state.squares.flat)


def _met(batch: Batch, kinds: int) -> Array:
    """The weighted number of each start, entry and stay in the tags of a batch, as a chain in a vector."""
    flat = np.zeros(chain_size(kinds))
    met = chain_of(flat, kinds)
    np.add.at(met.start, batch.tags[:, 0], batch.weight)
    text, place = np.nonzero(batch.inside[:, 1:])
    former, now, weight = batch.tags[text, place], batch.tags[text, place + 1], batch.weight[text]
    entry = now <= kinds
    np.add.at(met.enter, (former[entry], now[entry]), weight[entry])
    on = ~entry
    np.add.at(met.stay, ((former[on] > kinds).astype(np.int64), now[on] - kinds - 1), weight[on])
    return flat
