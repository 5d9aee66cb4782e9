"""A better instruction, searched by reflection: GEPA (Agrawal et al. 2025, "GEPA: Reflective Prompt Evolution Can
Outperform Reinforcement Learning"), by the package `gepa`, within a hard number of calls.

Rows are dealt into three parts: some to learn from (their failures are shown to the reflecting model), some to choose
by, and some kept aside. The last decide alone, once, whether the best instruction is better than the first: by the 95 %
interval of their paired difference. So a search that found nothing says so.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smeaton.errors import OutOfMoney, ProviderError
from smeaton.extras import needs
from smeaton.task.table import Array

_PART = "instruction"
_BATCH = 4  # rows that one reflection is shown
_LEARN, _JUDGE, _APART = 16, 12, 28  # rows to learn from, to choose by, and to decide by
_SHARE_APART = 0.35  # of few rows
_ROUNDS = 2_000  # bootstrap resamples of the paired difference
_NO_MONEY = "the money ran out"
_TEXT = 6_000  # characters of an instruction; a longer one is no instruction

#: Answers rows by position with an instruction: how right each is (0 to 1), and what to tell the reflecting model.
Answer = Callable[[str, Sequence[int]], "Graded"]
#: The reflecting model: a text in, a text out.
Reflect = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Graded:
    """How right the answers to some rows are, and a record of each: input, answer and what is wrong with it."""

    scores: Sequence[float]
    records: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. `gain` is how much better the best other instruction is than the first on the rows kept
    aside, with its 95 % interval (None: nothing else was found, or the budget ended before); `certain` whether that is
    above 0. `tried` are all instructions with their mean on the rows to choose by."""

    best: str
    certain: bool
    gain: tuple[float, float, float] | None
    calls: int
    tried: tuple[tuple[str, float], ...]
    rows_apart: int
    ended: str = ""
    steps: int = 0  #: calls of the search when the clock ended it; 0 where it did not

    @property
    def words(self) -> str:
        """The outcome in a sentence."""
        spent = f"{self.calls} calls" + (f", {self.ended}" if self.ended else "")
        if self.gain is None:
            return f"no gain: no other instruction was better on the rows to choose by ({spent})"
        value, low, high = self.gain
        shown = f"{value:+.3f} ({low:+.3f} to {high:+.3f}) on {self.rows_apart} rows kept aside, {spent}"
        return f"better than the plain instruction by {shown}" if self.certain else f"no gain by its interval: {shown}"


class _Spent(Exception):
    """The calls, or the time, are used up."""


@dataclass(slots=True)
class _Counter:
    most: int
    until: float  # a moment of the monotonic clock
    used: int = 0
    clocked: bool = False
    fault: str = ""  #: why nothing more is asked

    def take(self, count: int) -> None:
        if self.fault:
            raise _Spent
        self.clocked = time.monotonic() >= self.until
        if self.clocked or self.used + count > self.most:
            raise _Spent
        self.used += count


@dataclass(slots=True)
class _Adapter:
    """What GEPA asks: evaluate an instruction on rows, and tell of the failures."""

    answer: Answer
    calls: _Counter
    judged: frozenset[int]
    known: dict[tuple[str, int], tuple[float, Mapping[str, Any]]] = field(default_factory=dict)
    propose_new_texts: Any = None  # GEPA's own way is taken

    def evaluate(self, batch: list[int], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Scores of some rows; those asked before are not asked again."""
        from gepa.core.adapter import EvaluationBatch

        text = candidate[_PART]
        new = [row for row in dict.fromkeys(batch) if (text, row) not in self.known]
        self.calls.take(len(new))  # also where none is new: what ended the search ends it here
        if new:
            graded = self.answer(text, new)
            pairs = zip(graded.scores, graded.records, strict=True)
            self.known |= {(text, row): pair for row, pair in zip(new, pairs, strict=True)}
        scores = [self.known[text, row][0] for row in batch]
        records = [self.known[text, row][1] for row in batch] if capture_traces else None
        return EvaluationBatch(outputs=list(scores), scores=scores, trajectories=records)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> dict[str, list[Mapping[str, Any]]]:
        """The records of a batch, failures first."""
        pairs = sorted(zip(eval_batch.scores, eval_batch.trajectories, strict=True), key=lambda pair: pair[0])
        return {name: [record for _, record in pairs] for name in components_to_update}

    def means(self) -> dict[str, float]:
        """The mean on the rows to choose by, of each instruction that answered all of them."""
        texts = dict.fromkeys(text for text, _ in self.known)
        whole = [text for text in texts if all((text, row) in self.known for row in self.judged)]
        return {text: float(np.mean([self.known[text, row][0] for row in self.judged])) for text in whole}


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many calls of either kind. The search itself ends after `seconds`, or, to repeat one that the clock
    ended, after `steps` calls; the two instructions then still answer the rows kept aside."""

    calls: int
    seconds: float = float("inf")
    steps: int | None = None


def improve(start: str, rows: int, answer: Answer, reflect: Reflect, limits: Limits, *, seed: int) -> Found:
    """Search for an instruction better than `start` over `rows` rows within limits.

    Deterministic given the seed, what is answered, and the calls that the clock left.

    Raises:
        ExtraMissing: gepa is not installed.
    """
    learn, judge, apart = _dealt(rows, seed)
    # Both instructions answer the rows kept aside at the end: those calls are not the search's to use.
    most = limits.calls - 2 * len(apart)
    if limits.steps is not None:
        counter = _Counter(min(most, limits.steps), float("inf"))
    else:
        counter = _Counter(most, time.monotonic() + limits.seconds)
    adapter = _Adapter(answer, counter, frozenset(judge))
    ended = _searched(start, learn, judge, adapter, reflect, seed)
    steps = counter.used if counter.clocked else limits.steps or 0
    stopped = ended or ("the clock ended it" if steps else "")
    means = {text: mean for text, mean in adapter.means().items() if len(text) <= _TEXT}
    tried = tuple(sorted(means.items(), key=lambda pair: (-pair[1], pair[0])))
    best = tried[0][0] if tried and tried[0][1] > means.get(start, 0.0) else start
    if best == start or ended:
        return Found(start, False, None, counter.used, tried, len(apart), stopped, steps)
    try:
        differences = np.asarray(answer(best, apart).scores) - np.asarray(answer(start, apart).scores)
    except OutOfMoney:
        return Found(start, False, None, counter.used, tried, len(apart), _NO_MONEY, steps)
    gain = _interval(differences, seed)
    used = counter.used + 2 * len(apart)
    certain = gain[1] > 0
    return Found(best if certain else start, certain, gain, used, tried, len(apart), stopped, steps)


def _searched(
    start: str, learn: Sequence[int], judge: Sequence[int], adapter: _Adapter, reflect: Reflect, seed: int
) -> str:
    """Let GEPA search until the adapter's counter ends it. Returns what ended it besides calls and time, '' if nothing
    did."""
    with needs("llm"):
        import gepa

    counter = adapter.calls

    def reflected(prompt: Any) -> str:
        counter.take(1)
        try:
            return reflect(prompt if isinstance(prompt, str) else str(prompt[-1]["content"]))
        except OutOfMoney:
            counter.fault = _NO_MONEY
        except ProviderError as error:
            counter.fault = f"the reflecting model gave no answer: {error.message}"
        raise _Spent  # GEPA goes on after what its model raises: the next rows end the search

    try:
        gepa.optimize(
            seed_candidate={_PART: start},
            trainset=list(learn),
            valset=list(judge),
            adapter=adapter,
            reflection_lm=reflected,
            reflection_minibatch_size=min(_BATCH, len(learn)),
            max_metric_calls=10 * max(counter.most, 1),  # the counter is the limit, and a hard one
            logger=_Silent(),
            seed=seed,
            raise_on_exception=True,
            track_best_outputs=False,
        )
    except _Spent:
        return counter.fault
    except OutOfMoney:
        return _NO_MONEY
    return ""


def _dealt(rows: int, seed: int) -> tuple[list[int], list[int], list[int]]:
    """Positions to learn from, to choose by, and kept aside."""
    order = np.random.default_rng([seed, rows]).permutation(rows).tolist()
    apart = min(_APART, int(_SHARE_APART * rows))
    judge = min(_JUDGE, (rows - apart) // 2)
    return order[apart + judge :][:_LEARN], order[apart : apart + judge], order[:apart]


def _interval(differences: Array, seed: int) -> tuple[float, float, float]:
    """The mean of paired differences with its 95 % bootstrap interval, no narrower than the normal one."""
    size = len(differences)
    mean = float(differences.mean())
    drawn = np.random.default_rng([seed, size]).integers(0, size, (_ROUNDS, size))
    low, high = np.quantile(differences[drawn].mean(axis=1), [0.025, 0.975])
    spread = 1.96 * float(differences.std(ddof=1)) / np.sqrt(size) if size > 1 else 1.0
    return mean, float(min(low, mean - spread)), float(max(high, mean + spread))


class _Silent:
    """GEPA tells of each step; the trial's note says what came of them."""

    def log(self, message: str) -> None:
        """Nothing."""
