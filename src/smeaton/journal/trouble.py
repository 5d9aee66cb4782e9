"""`Trouble`: whether the disk refuses the journal; told once when that begins and once when it ends."""

import logging
import time

log = logging.getLogger("smeaton.journal")


class Trouble:
    """`now` is true while the disk refuses. `last` is the last thing that went wrong, empty if nothing did."""

    def __init__(self) -> None:
        self.last = ""
        self._since: float | None = None
        self._lost = 0

    @property
    def now(self) -> bool:
        """Whether the disk refused the last try."""
        return self._since is not None

    def note(self, error: BaseException | str) -> None:
        """Keep what went wrong."""
        self.last = str(error) or type(error).__name__

    def fault(self, error: Exception) -> None:
        """Tell of an error that is a fault of ours; called where it is handled."""
        what = f"{type(error).__name__}: {error}"
        if what != self.last:  # one that stays would else fill the log
            log.exception("the journal has a fault; answers are not affected")
        self.last = what

    def begin(self, error: Exception, lost: int) -> None:
        """The disk refused. `lost` counts the entries dropped for lack of room until now."""
        self.note(error)
        if self._since is None:
            self._since, self._lost = time.monotonic(), lost
            log.error("the journal cannot be written (%s): entries wait, and are dropped when too many do", self.last)

    def end(self, lost: int) -> None:
        """The disk took all that waited."""
        if self._since is not None:
            seconds, self._since = time.monotonic() - self._since, None
            log.warning(
                "the journal is written again, after %.0f s; %d entries were dropped", seconds, lost - self._lost
            )
