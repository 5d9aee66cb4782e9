"""How long a model takes: what decides whether a run may happen on the event loop."""

INLINE_SECONDS = 0.002  #: a longer run would keep other connections waiting: it gets a thread
_WEIGHT = 0.1  # of the newest run in the moving average


class Pace:
    """Moving averages of the seconds of a run, by the power of two of its rows."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: list[float | None] = [None] * 32

    def note(self, rows: int, seconds: float) -> None:
        """Learn from a run."""
        place = rows.bit_length()
        before = self._seen[place]
        self._seen[place] = seconds if before is None else before + _WEIGHT * (seconds - before)

    def expect(self, rows: int) -> float:
        """Seconds that a run of so many rows takes; where none like it was seen, at most in proportion to smaller
        ones. Infinite before anything was seen."""
        place = rows.bit_length()
        known = self._seen[place]
        if known is not None:
            return known
        for smaller in range(place - 1, -1, -1):
            known = self._seen[smaller]
            if known is not None:
                return known * float(1 << (place - smaller))
        return float("inf")

    def is_quick(self, rows: int) -> bool:
        """Whether a run of so many rows may happen on the event loop."""
        return self.expect(rows) <= INLINE_SECONDS
