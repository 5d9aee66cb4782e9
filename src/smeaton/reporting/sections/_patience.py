"""`Patience`: how long work may take. On a machine that others use too, the clock runs and little is done: so the work
itself is counted, and the clock only bounds it."""

import time


class Patience:
    """Seconds of this thread's own work, and at most `longest` seconds by the clock (None: as many)."""

    def __init__(self, seconds: float, longest: float | None = None) -> None:
        self._work = time.thread_time() + seconds
        self._clock = time.monotonic() + (seconds if longest is None else longest)

    def left(self) -> float:
        """Seconds that are left, 0 at least."""
        return max(0.0, min(self._work - time.thread_time(), self._clock - time.monotonic()))

    def over(self) -> bool:
        """Whether none is left."""
        return self.left() <= 0

    def some(self, share: float) -> "Patience":
        """A share of what is left."""
        return Patience(share * self.left(), share * max(0.0, self._clock - time.monotonic()))
