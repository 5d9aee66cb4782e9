"""L2-regularised linear models by L-BFGS (Liu and Nocedal 1989) along a path of falling penalties, warm-started."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from smeaton.extras import needs
from smeaton.task.table import Array

Loss = Literal["squares", "logistic", "softmax"]
_ITERATIONS = 150  # for one penalty
_TOLERANCE = 1e-7  # of the objective, relative, at which a penalty is done


@dataclass(slots=True)
class Limits:
    """When a fit must end: at a `time.monotonic` moment, or after `steps` L-BFGS iterations (None = no limit). `used`
    counts them; `clocked` says that one of the two ended it."""

    deadline: float
    steps: int | None
    used: int = 0
    clocked: bool = False

    def step(self) -> None:
        """Count one iteration; ends the fit where it was the last."""
        self.used += 1
        if time.monotonic() >= self.deadline or (self.steps is not None and self.used >= self.steps):
            self.clocked = True
            raise StopIteration


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows to fit: `dense` (rows, d), `sparse` a scipy CSR matrix (rows, c) or None, `y` codes or (standardised)
    numbers, `weight` with mean 1. Coefficients are (d + c, targets); the intercepts come last and are not penalised."""

    dense: Array
    sparse: Any
    y: Array
    weight: Array
    loss: Loss
    targets: int

    @property
    def width(self) -> int:
        """Columns of the design."""
        return int(self.dense.shape[1]) + (0 if self.sparse is None else int(self.sparse.shape[1]))

    def scores(self, weights: Array, bias: Array) -> Array:
        """What the link is applied to, (rows, targets)."""
        d = self.dense.shape[1]
        scores = self.dense @ weights[:d].astype(self.dense.dtype)
        if self.sparse is not None:
            scores = scores + self.sparse @ weights[d:].astype(self.dense.dtype)
        return np.asarray(scores, dtype=np.float64) + bias

    def objective(self, flat: Array, penalty: float) -> tuple[float, Array]:
        """Mean weighted loss plus penalty / 2 x squared weights, and its gradient."""
        theta = flat.reshape(self.width + 1, self.targets)
        weights, bias = theta[:-1], theta[-1]
        loss, residual = self._loss(self.scores(weights, bias))
        residual *= (self.weight / len(self.y))[:, None]
        narrow = residual.astype(self.dense.dtype)
        slope = np.empty_like(theta)
        d = self.dense.shape[1]
        slope[:d] = self.dense.T @ narrow
        if self.sparse is not None:
            slope[d:-1] = self.sparse.T @ narrow
        slope[:-1] += penalty * weights
        slope[-1] = residual.sum(axis=0)
        total = float(self.weight @ loss) / len(self.y) + 0.5 * penalty * float(np.vdot(weights, weights))
        return total, slope.ravel()

    def _loss(self, scores: Array) -> tuple[Array, Array]:
        """Loss of each row, and its derivative by the scores."""
        if self.loss == "squares":
            off = scores - self.y[:, None]
            return 0.5 * np.square(off[:, 0]), off
        if self.loss == "logistic":
            sign = 2.0 * self.y - 1.0
            margin = sign * scores[:, 0]
            chance = 0.5 * (1.0 - np.tanh(0.5 * margin))  # of the other label, without overflow
            return np.logaddexp(0.0, -margin), (-sign * chance)[:, None]
        rows = np.arange(len(self.y))
        top = scores.max(axis=1, keepdims=True)
        raised = np.exp(scores - top)
        total = raised.sum(axis=1, keepdims=True)
        loss = (np.log(total) + top)[:, 0] - scores[rows, self.y]
        raised /= total
        raised[rows, self.y] -= 1.0
        return loss, raised


@dataclass(frozen=True, slots=True)
class Solution:
    """Coefficients of one penalty, with their judgement (lower is better)."""

    weights: Array
    bias: Array
    penalty: float
    score: float


def solve(
    problem: Problem,
    penalties: Sequence[float],
    judge: Callable[[Array, Array], float],
    limits: Limits,
    told: Callable[[int, float], None] = lambda step, score: None,
    patience: int = 2,
    tolerance: float = _TOLERANCE,
) -> Solution:
    """The best of a path of falling penalties, as `judge(weights, bias)` says; it ends once `patience` in a row were
    no better. `tolerance` of the objective, relative, ends a penalty. One thread gives the same bits each time."""
    with needs("build"):
        from scipy.optimize import minimize
    flat = np.zeros((problem.width + 1) * problem.targets)
    best: Solution | None = None
    worse = 0
    for penalty in penalties:
        found = minimize(
            problem.objective, flat, args=(penalty,), method="L-BFGS-B", jac=True,
            callback=lambda intermediate_result: limits.step(),
            options={"maxiter": _ITERATIONS, "ftol": tolerance, "gtol": 1e-7, "maxcor": 20},
        )  # fmt: skip
        flat = found.x
        theta = flat.reshape(problem.width + 1, problem.targets)
        weights, bias = theta[:-1].copy(), theta[-1].copy()
        score = judge(weights, bias)
        told(limits.used, score)
        if best is None or score < best.score:
            best, worse = Solution(weights, bias, penalty, score), 0
        else:
            worse += 1
        if worse >= patience or limits.clocked:
            break
    if best is None:
        raise ValueError("there is no penalty to try")
    return best


def hold_threads(count: int) -> Any:
    """Hold the linear algebra libraries to so many threads: the same bits each time, and no fight for cores."""
    with needs("build"):
        from threadpoolctl import threadpool_limits
    return threadpool_limits(count)
