"""A small world of solutions with known quality."""

from collections.abc import Callable

import numpy as np
import pytest

from smeaton.leaderboard.board import make_board
from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.significance import Evidence, Jury, Truth
from smeaton.metrics._defaults import load_metric
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.trials.record import Candidate, Cost, Trial

NUMBER = Task(data=Data(), output={"price": Type(type="number")}, inputs={}, name="houses")


class World:
    """Numbers to predict; a solution is its noise. `common` noise is shared by all, so paired differences are sharp."""

    def __init__(self, rows: int = 800, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        self.generator = generator
        self.truth = Truth(generator.normal(0, 10, rows))
        self.common = generator.normal(0, 1, rows)
        self.rows = np.arange(rows)
        self.trials: list[Trial] = []
        self.evidence: dict[str, Evidence] = {}

    def add(self, family: str, own: float = 0.0, scale: float = 1.0, cost: Cost | None = None, **more: object) -> str:
        """A solution off by `scale` times the common noise and `own` noise of its own."""
        candidate = Candidate(family=family, config={"own": own, "number": len(self.trials)})
        key = f"{candidate.key}-1-0"
        off = scale * self.common + own * self.generator.normal(0, 1, len(self.rows))
        order = self.generator.permutation(len(self.rows))
        self.evidence[key] = Evidence(order, {"prediction": (self.truth.target + off)[order]})
        return self._record(key, candidate, cost, more)

    def constant(self) -> str:
        candidate = Candidate(family="baseline")
        key = f"{candidate.key}-1-0"
        self.evidence[key] = Evidence(self.rows, {"prediction": np.full(len(self.rows), self.truth.target.mean())})
        return self._record(key, candidate, Cost(p50=1e-5, p95=2e-5, cost_per_1k=0.0001, size=300), {})

    def refused(self, family: str, why: str) -> str:
        candidate = Candidate(family=family)
        self.trials.append(Trial(key=family, candidate=candidate, state="refused", note=why))
        return family

    def _record(self, key: str, candidate: Candidate, cost: Cost | None, more: dict) -> str:
        score = Jury(self.truth, self.evidence, {"rmse": load_metric("rmse", NUMBER)}).score("rmse", key)
        trial = Trial(key=key, candidate=candidate, state="done", score=score, cost=cost, **more)
        self.trials.append(trial)
        return key

    def board(self, task: Task = NUMBER) -> Board:
        return make_board(task, "rmse", self.trials, self.evidence, self.truth, seed=1)


def cost(p95: float, size: int, money: float | None = 0.01) -> Cost:
    return Cost(p50=p95 / 2, p95=p95, cost_per_1k=money, size=size)


SMALL, LARGE = cost(1e-4, 100_000), cost(1e-3, 4_000_000)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[..., World]:
    return World


@pytest.fixture
def small() -> Cost:
    return SMALL


@pytest.fixture
def large() -> Cost:
    return LARGE


@pytest.fixture
def number_task() -> Task:
    return NUMBER
