"""Whole requests with the answers that are right, for the REST wire."""

from collections.abc import Sequence
from typing import Any

import msgspec
from benchmarks.serving.model import Model

from smeaton.service.load.target import Target

TOLERANCE = 1e-6
PATH = "/models/model/predict"


class _Row(msgspec.Struct):
    prediction: bool
    probability: dict[str, float]


class _Reply(msgspec.Struct):
    predictions: list[_Row]


_decode = msgspec.json.Decoder(_Reply).decode


def chance(body: bytes) -> float | None:
    """The probability of true in a reply for one row; None if it is no such reply."""
    try:
        rows = _decode(body).predictions
    except msgspec.MsgspecError:
        return None
    return rows[0].probability.get("true") if len(rows) == 1 else None


def near(found: float | None, expected: float) -> bool:
    """Whether an answer is the expected one."""
    return found is not None and abs(found - expected) <= TOLERANCE


def requests(target: Target, rows: Sequence[dict[str, Any]]) -> list[bytes]:
    """A request a row."""
    return [target.request(msgspec.json.encode({"rows": [row]}), path=PATH) for row in rows]


class Questions:
    """The rows of a model as requests, asked in turn."""

    def __init__(self, target: Target, model: Model) -> None:
        self.expected = [expected for _, expected in model.rows]
        self.requests = requests(target, [row for row, _ in model.rows])

    def __len__(self) -> int:
        return len(self.requests)

    def wrong(self, number: int, status: int, body: bytes) -> str | None:
        """What is wrong with the answer to a request, by its number (rows are asked in turn)."""
        if status != 200:
            return f"status {status}"
        right = near(chance(body), self.expected[number % len(self.expected)])
        return None if right else "another answer"
