"""Probes for leaks: the contract. Every other file here is one probe; `quality/probe.py` runs them all.

A probe looks for one way in which a score may be a lie. It must be sure: a suspect makes a bundle `not ready` until
somebody has looked, so each has a principle that honest columns do not meet, a number that says by how much, and
evidence on rows that it was not learnt from. What is only worth knowing is a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.task.table import Array

ROWS = 20_000
CELLS = 4_000_000
#: With fewer rows of the other classes, a column may tell them by chance.
EVIDENCE = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found. `name` is what the user writes to accept it, where it is no column."""

    kind: str
    columns: tuple[str, ...]
    why: str
    name: str = ""


@dataclass(frozen=True)
class Case:
    """The rows to look at, and what other probes found in them already (`found`): one suspicion a column is enough.

    `notes` takes what is worth saying and no suspicion. The target of the test rows is used to tell copies and means
    that were taken over all rows; nothing is chosen by it.
    """

    dataset: Dataset
    train: Array
    test: Array
    found: tuple[Finding, ...] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def labels(self) -> int:
        """How many classes; 0 for numbers."""
        return len(self.dataset.task.labels) if self.dataset.task.is_class else 0

    @cached_property
    def sample(self) -> Array:
        """Positions of the training rows that columns are looked at in, shuffled."""
        size = min(ROWS, max(CELLS // max(len(self.dataset.table), 1), 2_000), len(self.train))
        return np.random.default_rng(0).permutation(self.train)[:size]

    @cached_property
    def target(self) -> Array:
        """Codes of classes, or ranks of numbers (so that one far value does not decide), of the sample."""
        return self.target_of(self.sample)

    def target_of(self, rows: Array) -> Array:
        """The same of any rows."""
        y = np.asarray(self.dataset.target[rows])
        return y if self.labels else np.unique(y, return_inverse=True)[1].astype(np.float64)

    @property
    def judged(self) -> bool:
        """Whether the target is one that a column can give away, with rows enough to tell."""
        if self.dataset.task.answer not in ("class", "number"):
            return False
        return not self.labels or fewest_others(self.target, halves(len(self.sample))) >= EVIDENCE

    def columns(self, kinds: str) -> list[str]:
        """Names of the plain columns whose arrays are of these NumPy kinds, without those found already."""
        known = {name for finding in self.found for name in finding.columns}
        table = self.dataset.table
        return [n for n, c in table.items() if c.ndim == 1 and c.dtype.kind in kinds and n not in known]

    def has(self, kind: str) -> bool:
        """Whether something of that kind was found already."""
        return any(finding.kind == kind for finding in self.found)


class Probe(Protocol):
    """One way to look."""

    def look(self, case: Case) -> Sequence[Finding]:
        """What is suspicious; nothing for honest rows."""
        ...


def halves(size: int) -> Array:
    """The half of a shuffled sample to learn on, as a mask."""
    mask: Array = np.arange(size) < size // 2
    return mask


def fewest_others(y: Array, half: Array) -> int:
    """Rows of other classes than the commonest, in the half that has fewer of them."""
    return min(int(np.count_nonzero(side != np.bincount(side).argmax())) for side in (y[half], y[~half]))
