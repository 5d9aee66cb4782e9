"""The best trials once more, cut back: a smaller and faster form of the same stands beside its parent on the board, and
wins where it ties.

Asked before the others, it has something to say seldom: once a family has a few finished trials, and again when it has
three times as many and another one leads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from smeaton.families import Space
from smeaton.task.task import Task
from smeaton.trials.proposers.tpe import best_first, direction
from smeaton.trials.record import Candidate, Trial

#: Configuration keys that make a family's model smaller, where its space has them.
KEYS = ("slim", "sparse")
_FIRST, _GROWTH = 4, 3  # finished trials of a family, or of all starts it has, before its best is cut back; then times


class SlimProposer:
    """Proposes the best configuration of each family with what makes it smaller."""

    def propose(
        self, task: Task, spaces: Mapping[str, Space], trials: Sequence[Trial], running: Sequence[Candidate]
    ) -> Candidate | None:
        """The best trial of a family in its smaller form, None where that was tried or it is too early."""
        known = [*(trial.candidate for trial in trials), *running]
        tried = {candidate.key for candidate in known}
        ranked = best_first(trials, direction(task))
        for family in dict.fromkeys(trial.candidate.family for trial in ranked):
            key = _key(spaces.get(family))
            if key is None:
                continue
            own = [trial.candidate.config for trial in ranked if trial.candidate.family == family]
            plain = [config for config in own if not config.get(key)]
            small = sum(bool(one.config.get(key)) for one in known if one.family == family)
            if not plain or len(plain) < _least(spaces[family]) * _GROWTH**small:
                continue
            config: dict[str, Any] = {**plain[0], key: True}
            candidate = Candidate(family=family, config=config, why="the best of its family, cut back")
            if candidate.key not in tried:
                return candidate
        return None


def _key(space: Space | None) -> str | None:
    """The key that makes a family's models smaller, None where it has none."""
    return None if space is None or space.needs_pool else next((key for key in KEYS if key in space.params), None)


def _least(space: Space) -> int:
    """Finished trials before the first smaller form."""
    return max(1, min(_FIRST, len(space.starts)))


part = SlimProposer()
