"""Boards and records of builds made up for tests of sections, without a build behind them."""

import itertools
from pathlib import Path
from typing import Any

import msgspec

from smeaton.leaderboard.forms import Board, Row
from smeaton.reporting.build import Build
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.trials.past import Past
from smeaton.trials.record import Candidate, Cost, Interval, Trial

HOSTILE = '"><script>alert(1)</script>\u202e|`' + "x" * 5_000


def cost(p95: float = 0.002, money: float | None = 0.001, size: int = 1_000_000) -> Cost:
    return Cost(p50=p95 / 2, p95=p95, cost_per_1k=money, size=size, memory=2 * size)


def row(key: str, score: float | None = None, **changes: Any) -> Row:
    """A ranked row whose interval is 0.02 to both sides; without a score a refused one."""
    scored: dict[str, Any] = {"state": "refused"}
    if score is not None:
        scored = {"state": "done", "rank": 1, "score": Interval(score, score - 0.02, score + 0.02)}
    return Row(**{"key": key, "family": key.rstrip("0123456789"), **scored, **changes})


def board(*rows: Row, **changes: Any) -> Board:
    """A board of rows in order, ranked anew; the first one ships."""
    places = itertools.count(1)
    ranked = [one if one.rank is None else msgspec.structs.replace(one, rank=next(places)) for one in rows]
    given = {"task": "made", "metric": "log_loss", "better": "lower", "unit": "nats", "winner": ranked[0].key}
    return Board(**{**given, "rows": tuple(ranked), **changes})


def trial(family: str, score: float | None = None, at: float = 0.0, **changes: Any) -> Trial:
    """A finished trial; without a score one that was stopped."""
    candidate = Candidate(family=family, config={"at": at}, why="first try of its family")
    found = None if score is None else Interval(score, score - 0.02, score + 0.02)
    given = {"key": f"{candidate.key}-1-0", "candidate": candidate, "state": "done" if found else "stopped"}
    return Trial(**{**given, "score": found, "at": at, "seconds": 1.0, **changes})


def past(*trials: Trial, **changes: Any) -> Past:
    given: dict[str, Any] = {"trials": trials, "cuts": (), "started": (), "costs": {}, "notices": (), "plan": None}
    return Past(**{**given, **changes})


def build(root: Path, **parts: Any) -> Build:
    """A build whose parts are given instead of read."""
    task = Task(
        data=Data(examples=Source(files=("x.csv",))),
        inputs={"age": Type(type="number")},
        output={"y": Type(type="boolean", labels=(False, True))},
    )
    found = Build(root, root, root / "made.bundle")
    found.__dict__.update({"task": task, "manifest": None, **parts})
    return found
