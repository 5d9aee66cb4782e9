"""Columns of answers as the fakes give them: a label or a reason for each row."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.task.table import Array, Table, object_column
from smeaton.task.types import Label

_WORD = re.compile(r"\w+")
#: Probability a fake gives to a label it answers without doubt.
SURE = 0.9


@dataclass(frozen=True, slots=True)
class Said:
    """One row's answer: the position of its label (-1 = none) with its probability, or why there is none."""

    code: int
    chance: float = SURE
    error: str | None = None


def words(text: str) -> list[str]:
    """Words of a text, case folded."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def joined(columns: Table) -> list[str]:
    """The text columns of each row as one text; null is empty."""
    return [" ".join(value or "" for value in row) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]


def answer_columns(said: Sequence[Said], labels: Sequence[Label]) -> tuple[Array, Array, Array]:
    """`prediction` (None = failed), `probability` (even where failed) and `error`."""
    count = len(labels)
    rest = max(count - 1, 1)
    chance = np.full((len(said), count), 1.0 / count)
    for row, answer in enumerate(said):
        if answer.code >= 0:
            chance[row] = (1.0 - answer.chance) / rest
            chance[row, answer.code] = answer.chance if count > 1 else 1.0
    prediction = object_column([labels[answer.code] if answer.code >= 0 else None for answer in said])
    return prediction, chance, object_column([answer.error for answer in said])
