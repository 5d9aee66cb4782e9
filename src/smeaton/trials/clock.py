"""`Clock`: the one budget of a command, counted from its start. Monotonic: the system's time may change."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds of a build. `start` is the `now()` moment the command began, `budget` the seconds it may take.

    All methods speak of *elapsed* seconds since the start, so a moment can be compared, stored and shown as it is.
    """

    budget: float
    start: float = field(default_factory=time.monotonic)
    now: Callable[[], float] = time.monotonic

    def elapsed(self) -> float:
        """Seconds since the command began."""
        return max(0.0, self.now() - self.start)

    def left(self) -> float:
        """Seconds until the budget ends; negative once it is over."""
        return self.budget - self.elapsed()

    def until(self, moment: float) -> float:
        """Seconds until an elapsed moment, never negative: what a bounded wait may take."""
        return max(0.0, moment - self.elapsed())

    def before_end(self, reserve: float) -> float:
        """The elapsed moment that leaves `reserve` seconds of the budget."""
        return self.budget - reserve
