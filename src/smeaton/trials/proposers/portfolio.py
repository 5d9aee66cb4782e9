"""First tries: the starts of every family, interleaved so that no family waits for all of another's.

The n-th start of a family is due after about `n x (1 + effort)` units of work: cheap families get a few tries before
a dear one gets its second, and every family gets its first early. Ties go by effort, then by name.
"""

from collections.abc import Mapping, Sequence

from smeaton.families import Space
from smeaton.task.task import Task
from smeaton.trials.record import Candidate, Trial


class Portfolio:
    """Proposes the starts that were not tried yet, in one fixed order."""

    def propose(
        self, task: Task, spaces: Mapping[str, Space], trials: Sequence[Trial], running: Sequence[Candidate]
    ) -> Candidate | None:
        """The first start not yet tried, None once all were."""
        tried = {trial.candidate.key for trial in trials} | {candidate.key for candidate in running}
        return next((candidate for candidate in order(spaces) if candidate.key not in tried), None)


def order(spaces: Mapping[str, Space]) -> list[Candidate]:
    """Every start of every family that needs no pool, in the order they are due."""
    due = []
    for family, space in spaces.items():
        if space.needs_pool:
            continue
        for number, config in enumerate(space.starts):
            why = "first try of its family" if number == 0 else f"start {number + 1} of {len(space.starts)}"
            candidate = Candidate(family=family, config=dict(config), why=why)
            due.append(((number > 0, number * (1 + space.effort), space.effort, family, number), candidate))
    return [candidate for _, candidate in sorted(due, key=lambda entry: entry[0])]


part = Portfolio()
