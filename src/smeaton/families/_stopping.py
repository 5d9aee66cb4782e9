"""When a fit that grows round by round ends: nothing improves, the clock says so, or it has all the rounds it may have.

One rule for every library that grows trees, so that all of them stop, keep their time and repeat themselves alike.
"""

import math
import time

from smeaton.families import Run

#: Of the seconds a fit has, that its rounds may take.
FIT_SHARE = 0.9
_REPORT_EVERY = 10
_GAIN = 5e-4  # of its loss, that a fit must win within its patience: less is not worth the time
_LEAST_NATS = 1e-4  # the same for log-losses, which go on shrinking where classes can be told apart
_NOTHING_LEFT = 1e-9  # the score of a fit that has nothing left to improve


class Rounds:
    """Knows the best round, and says when to end.

    `most` rounds are allowed; `limited` says that their number is not the trainer's own but that of a fit to repeat.
    `unit` turns a loss into one for people; losses that are `nats` must fall by a little more than others.
    """

    def __init__(
        self,
        run: Run,
        patience: int,
        most: int,
        deadline: float,
        *,
        unit: float = 1.0,
        nats: bool = False,
        limited: bool = False,
    ) -> None:
        self.run, self.patience, self.most, self.deadline, self.unit = run, patience, most, deadline, unit
        self.best, self.best_round, self.done = math.inf, 0, 0
        self.clocked = False
        self._limited, self._least = limited, _LEAST_NATS if nats else 0.0
        self._mark, self._marked = math.inf, 0

    def ended(self, score: float | None) -> bool:
        """Count a round with its loss on the stop rows (None without any); True if it was the last."""
        self.done += 1
        late = time.monotonic() >= self.deadline
        stale = False
        if score is not None:
            if score < self.best or not self.best_round:
                self.best, self.best_round = score, self.done
            if score < self._mark * (1 - _GAIN) - self._least or not self._marked:
                self._mark, self._marked = score, self.done
            stale = self.done - self._marked >= self.patience or self.best <= _NOTHING_LEFT
            if math.isfinite(score) and (self.done % _REPORT_EVERY == 0 or late or stale):
                self.run.report(self.done, score * self.unit)
        self.clocked = late and not stale and self.done < self.most
        return late or stale or self.done >= self.most

    @property
    def cut(self) -> bool:
        """Whether who repeats the fit must be told after how many rounds it ended."""
        return self.clocked or (self._limited and self.done >= self.most)

    def note(self, best: int) -> str:
        """Why a fit that was `cut` has no more rounds."""
        repeated = self._limited and not self.clocked
        why = "like the fit that it repeats it ended" if repeated else "the clock ended it"
        return f"{why} after {self.done} rounds; the best was {best}"

    @property
    def kept(self) -> int:
        """Rounds to keep: up to the best one, or all where none was judged."""
        return self.best_round or self.done
