"""A small class task with text: which team a ticket goes to."""

from dataclasses import dataclass

import numpy as np
import pytest

from smeaton.data.fold import Fold, Rows
from smeaton.task.profile import Profile
from smeaton.task.table import Table, object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

LABELS = ("billing", "bug", "how-to")
WORDS = {"billing": "invoice refund price paid", "bug": "crash error broken trace", "how-to": "where how find export"}
COMMON = ["the", "a", "my", "please", "today", "again", "app", "thanks", "since", "it"]


@dataclass
class Desk:
    """Tickets, their teams, and one fold of them."""

    task: Task
    fold: Fold
    profile: Profile


def tickets(rows: int, seed: int) -> tuple[Table, np.ndarray]:
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, len(LABELS), rows)
    texts = []
    for code in codes:
        own = generator.choice(WORDS[LABELS[code]].split(), 2)
        texts.append(" ".join([*generator.choice(COMMON, 4), *own]))
    subjects = [None if generator.random() < 0.2 else text.split()[-1] for text in texts]
    return {"body": object_column(texts), "subject": object_column(subjects)}, codes


def rows_of(count: int, seed: int, start: int) -> Rows:
    x, y = tickets(count, seed)
    return Rows(x, y, None, np.arange(start, start + count))


@pytest.fixture
def desk() -> Desk:
    task = Task(
        data=Data(),
        inputs={"body": Type(type="text"), "subject": Type(type="text", optional=True)},
        output={"team": Type(type="category", labels=LABELS)},
    )
    held = rows_of(40, 3, 130)
    fold = Fold(0, rows_of(100, 1, 0), rows_of(30, 2, 100), held.x, held.index)
    return Desk(task, fold, Profile(rows=130, columns=()))


@pytest.fixture
def truth() -> np.ndarray:
    """Targets of the held-out rows, which no family sees."""
    return rows_of(40, 3, 130).y
