"""What answers took, as the `usage` column of a program tells it: tokens, and dollars. Read, never guessed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smeaton.task.table import USAGE


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens of one or more rows, as the providers counted them. `cost` in dollars; None where a row's is unknown, or
    no other model was asked. `calls` counts the rows for which one was."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    cost: float | None = None
    calls: int = 0


def used_by(cells: Iterable[Any]) -> Used:
    """The sum over the cells of a `usage` column; null cells asked nobody."""
    told = [cell for cell in cells if isinstance(cell, Mapping)]
    if not told:
        return Used()
    costs = [cell.get("cost") for cell in told]
    known = [float(cost) for cost in costs if cost is not None]

    def tokens(name: str) -> int:
        return sum(int(cell.get(name) or 0) for cell in told)

    cost = sum(known) if len(known) == len(costs) else None
    return Used(tokens("input"), tokens("output"), tokens("cached"), tokens("reasoning"), cost, len(told))


def without_usage(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers as callers get them who did not ask what they took. Those of a run are shared, so these are copies."""
    if not answers or USAGE not in answers[0]:
        return answers
    return [{name: value for name, value in answer.items() if name != USAGE} for answer in answers]
