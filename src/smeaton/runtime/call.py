"""`Call`: what travels with one request through every step."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from smeaton.errors import Cancelled, DeadlineExceeded
from smeaton.llm.purse import Purse


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    identity: str = "anonymous"
    groups: tuple[str, ...] = ()


@dataclass(slots=True)
class Call:
    """One request: its deadline (a `time.monotonic` moment), whether the caller left, who, the money, trace, seed."""

    deadline: float | None = None
    cancelled: Callable[[], bool] = field(default=lambda: False)
    caller: Caller = Caller()
    purse: Purse | None = None
    trace: str = ""
    seed: int = 0

    def seconds_left(self) -> float | None:
        """Seconds until the deadline, None without one."""
        return None if self.deadline is None else self.deadline - time.monotonic()

    def check(self) -> None:
        """Raise if going on is pointless.

        Raises:
            Cancelled: the caller went away.
            DeadlineExceeded: the deadline passed.
        """
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise DeadlineExceeded("the deadline of the call has passed", fix="allow more time, or send fewer rows")
        if self.cancelled():
            raise Cancelled("the caller went away")
