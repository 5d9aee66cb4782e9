"""The training of a net: AdamW on batches, a rate that falls like a cosine, averaged weights, the best epoch kept.

AdamW is Loshchilov and Hutter 2019; the averaged weights are an exponential mean over about half an epoch (Polyak and
Juditsky 1992), which are the ones that are judged and kept.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smeaton.families._network_net import Drop, Net, Slope, learn_step
from smeaton.task.table import Array

_BETAS = (0.9, 0.97)
_TINY = 1e-7
_WARM = 0.05  # of all steps, in which the rate rises
_MEMORY = 0.5  # epochs that the mean of the weights reaches back
_DECAYED = ("in", "mix", "out")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast: `epochs` of the whole schedule, `last` after which it ends (at most `epochs`)."""

    epochs: int
    last: int
    batch: int
    rate: float
    decay: float
    drop: float
    patience: int


@dataclass(slots=True)
class Trained:
    """The weights kept (one float32 vector), the epoch they are of, the steps taken, whether the limits ended it."""

    vector: Array
    epoch: int
    steps: int
    clocked: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a training early: the clock (`time.monotonic`), or a number of steps."""

    deadline: float
    steps: int | None


class Adam:
    """AdamW over one vector, with the exponential mean of the weights it went through."""

    def __init__(self, net: Net, vector: Array, plan: Plan, memory: float) -> None:
        self.vector, self.memory = vector, memory
        self.first, self.second, self.mean = (np.zeros_like(vector) for _ in range(3))
        self.steps = 0
        self._spare = np.empty_like(vector)
        self._decay = np.zeros_like(vector)
        for name, view in net.views(self._decay).items():
            view[...] = plan.decay if name.startswith(_DECAYED) else 0.0

    def step(self, grads: Array, rate: float) -> None:
        """Move against the gradient."""
        self.steps += 1
        one, two = _BETAS
        spare = self._spare
        self.first *= one
        self.first += np.multiply(grads, 1 - one, out=spare)
        self.second *= two
        np.multiply(grads, grads, out=spare)
        spare *= 1 - two
        self.second += spare
        np.sqrt(self.second, out=spare)
        spare *= 1 / math.sqrt(1 - two**self.steps)
        spare += _TINY
        np.divide(self.first, spare, out=spare)
        spare *= rate / (1 - one**self.steps)
        self.vector -= spare
        np.multiply(self.vector, self._decay, out=spare)
        spare *= rate
        self.vector -= spare
        self.mean *= self.memory
        self.mean += np.multiply(self.vector, 1 - self.memory, out=spare)

    def averaged(self) -> Array:
        """The mean of the weights so far, newer ones counting more."""
        found: Array = self.mean / np.float32(1 - self.memory**self.steps)
        return found


@dataclass(slots=True)
class _Best:
    """The weights that a judge liked best so far."""

    vector: Array | None = None
    loss: float = math.inf
    epoch: int = 0

    def offer(self, vector: Array, loss: float, epoch: int) -> None:
        if loss < self.loss or self.vector is None:
            self.vector, self.loss, self.epoch = vector, loss, epoch


def train(
    net: Net,
    start: Array,
    x: Array,
    slopes: Callable[[Array], Slope],
    judge: Callable[[dict[str, Array], int], float] | None,
    plan: Plan,
    limits: Limits,
    rng: np.random.Generator,
) -> Trained:
    """Train from the weights `start` on the columns `x`; `slopes` gives the gradient of the losses for some rows.

    `judge` gives the loss of weights on other rows (lower is better): the epoch it likes best is kept, and training
    ends after `patience` epochs without a better one. Without it the weights after epoch `last` are.
    """
    batches = max(1, round(len(x) / plan.batch))
    adam = Adam(net, start, plan, memory=1 - 1 / (1 + _MEMORY * batches))
    grads = np.zeros_like(start)
    weights, slots, drop = net.views(adam.vector), net.views(grads), Drop(plan.drop, rng)
    best, epoch, late = _Best(), 0, False
    while epoch < plan.last and not late and (judge is None or epoch - best.epoch < plan.patience):
        order = rng.permutation(len(x))
        for part in range(batches):
            chosen = order[part * len(x) // batches : (part + 1) * len(x) // batches]
            learn_step(net, weights, slots, x[chosen], slopes(chosen), drop)
            adam.step(grads, plan.rate * _share(adam.steps / (plan.epochs * batches)))
            late = time.monotonic() >= limits.deadline or adam.steps == limits.steps
            if late:
                break
        epoch += 1
        if judge is not None:
            now = adam.averaged()
            best.offer(now, judge(net.views(now), epoch), epoch)
    late = late and adam.steps < plan.last * batches
    return Trained(adam.averaged() if best.vector is None else best.vector, best.epoch or epoch, adam.steps, late)


def _share(done: float) -> float:
    """Of the highest rate, after a share of all steps."""
    return min((done + 1e-3) / _WARM, 1.0) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
