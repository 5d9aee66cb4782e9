"""What was asked and answered, laid beside what a journal holds."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.serving.model import NUMBERS
from benchmarks.soak.questions import TOLERANCE

from smeaton.journal import Prediction

NOBODY = sys.maxsize  #: the number of what nobody asked


@dataclass
class Ledger:
    """Requests are numbered from 0 in the order sent; the number is the id, and makes each row another one.

    `answers` are the probability and the moment it came (unix seconds); `due` the numbers that must be in the journal.
    """

    rows: list[dict[str, Any]]
    sent: int = 0
    answers: dict[int, tuple[float, float]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    due: set[int] = field(default_factory=set)

    def row(self, number: int) -> dict[str, Any]:
        """The row of a request."""
        return self.rows[number % len(self.rows)] | {NUMBERS[0]: number / 1000}

    def next(self) -> int:
        """The number of the next request to be sent."""
        self.sent += 1
        return self.sent - 1


@dataclass
class Found:
    """The numbers that a journal holds, and what is wrong with its entries. `changed`: a row, an answer or a model
    other than asked and answered."""

    numbers: set[int] = field(default_factory=set)
    invented: int = 0
    twice: int = 0
    changed: int = 0

    @property
    def faults(self) -> dict[str, int]:
        """Counts by kind."""
        return {"invented": self.invented, "twice": self.twice, "changed": self.changed}


def compare(there: Iterable[Prediction], ledger: Ledger, version: str, since: int = 0) -> Found:
    """Read entries; those of requests before `since` are left out."""
    found = Found()
    for one in there:
        number = int(one.id) if one.id.isdigit() else NOBODY
        if number < since:
            continue
        found.twice += number in found.numbers
        found.numbers.add(number)
        if number >= ledger.sent or one.row != 0:
            found.invented += 1
            continue
        told = one.answer["probability"]["true"]
        _, answered = ledger.answers.get(number, (0.0, told))
        same = abs(told - answered) <= TOLERANCE and one.inputs == ledger.row(number)
        found.changed += not (same and (one.model, one.bundle, one.wire) == ("model", version, "rest"))
    return found
