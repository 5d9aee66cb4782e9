"""`Call`: what travels with one request through every step."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from smeaton.errors import Cancelled, DeadlineExceeded


class Purse(Protocol):
    """Money that may be spent. Amounts in dollars."""

    def reserve(self, amount: float, why: str) -> str:
        """Set `amount` aside before a paid call; returns a ticket.

        Raises:
            OutOfMoney: the amount is more than is left.
        """
        ...

    def settle(self, ticket: str, amount: float) -> None:
        """Say what the call behind `ticket` really cost (0 frees the reservation)."""
        ...


@runtime_checkable
class Replies(Protocol):
    """A purse that also keeps what was paid for, so that work taken up again pays for no call twice.

    A key is `purse.reply_key(...)`: a hash of everything that decides the reply.
    """

    def recall(self, key: str) -> bytes | None:
        """The reply kept under a key, None if there is none."""
        ...

    def keep(self, ticket: str, amount: float, key: str, reply: bytes) -> None:
        """Settle a ticket and keep the reply it paid for, both or neither."""
        ...


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
