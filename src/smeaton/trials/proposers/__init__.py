"""The contract of a proposer: what to try next; one file in this folder, bound to the name `part`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from smeaton.families import Space
from smeaton.task.task import Task
from smeaton.trials.record import Candidate, Trial


class Proposer(Protocol):
    """Decides what to try next, from what was tried. Keeps no state: the trials are the state."""

    def propose(
        self, task: Task, spaces: Mapping[str, Space], trials: Sequence[Trial], running: Sequence[Candidate]
    ) -> Candidate | None:
        """The next candidate not yet in `trials` or `running`, or None if it has no more ideas now.

        Deterministic: the same arguments give the same answer.
        """
        ...
