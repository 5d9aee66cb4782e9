"""The best trials once more, cut back: a smaller and faster form of the same stands beside its parent on the board, and
wins where it ties.

Asked before the others, it has something to say seldom: once a family has a few finished trials, and again when it has
three times as many and another one leads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from smeaton.families import Config, Space
from smeaton.task.task import Task
from smeaton.trials.proposers.tpe import best_first, direction
from smeaton.trials.record import Candidate, Trial

#: The keys that families say it with (`Space.smaller`), for who reads configurations alone.
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
            space = spaces.get(family)
            if space is None or space.needs_pool or not space.smaller:
                continue
            own = [trial.candidate.config for trial in ranked if trial.candidate.family == family]
            plain = [config for config in own if not _is_small(config, space)]
            small = sum(_is_small(one.config, space) for one in known if one.family == family)
            if not plain or len(plain) < _least(space) * _GROWTH**small:
                continue
            config: dict[str, Any] = {**plain[0], **space.smaller}
            candidate = Candidate(family=family, config=config, why="the best of its family, cut back")
            if candidate.key not in tried:
                return candidate
        return None


def _is_small(config: Config, space: Space) -> bool:
    """Whether a configuration is a smaller form already."""
    return any(config.get(key) for key in space.smaller)


def _least(space: Space) -> int:
    """Finished trials before the first smaller form."""
    return max(1, min(_FIRST, len(space.starts)))


part = SlimProposer()
