"""First tries: in the learnt order over all families, then the other starts, interleaved.

Where an order was learnt for the kind and size of the table and the budget (`families/_portfolio.py`), it holds:
every beginning of it makes a strong blend for its time. Families that are absent, refuse, or would not end in time
are simply not there, and the next one moves up. Of the starts nobody learnt a place for, the n-th of a family is due
after about `n x (1 + effort)` units of work: cheap families get a few tries before a dear one gets its second, and
every family gets its first early. Ties go by effort, then by name.
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
    """Every start of every family that needs no pool, in the order they are due: families' firsts that have no learnt
    place come before the learnt order, which has nothing to say of them."""
    due: list[tuple[tuple[int, float, float, str, int], Candidate]] = []
    for family, space in spaces.items():
        if space.needs_pool:
            continue
        places = space.places
        for number, config in enumerate(space.starts):
            why = "first try of its family" if number == 0 else f"start {number + 1} of {len(space.starts)}"
            rank = (2, number * (1 + space.effort), space.effort, family, number)
            if number < len(places):
                why = f"number {places[number] + 1} of the learnt order for such tables"
                rank = (1, float(places[number]), 0.0, family, number)
            elif number == 0:
                rank = (0, 0.0, space.effort, family, number)
            due.append((rank, Candidate(family=family, config=dict(config), why=why)))
    return [candidate for _, candidate in sorted(due, key=lambda entry: entry[0])]


part = Portfolio()
