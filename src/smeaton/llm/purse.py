"""`Purse`: money that may be spent, and `MemoryPurse`: that of one process. The durable one of a build is `ledger.py`.

Amounts are kept as whole nanodollars: the cap is rounded down and what is spent is rounded up, so that no sum of
rounding errors can pass the cap.
"""

import hashlib
import math
import threading
from typing import Any, Protocol, runtime_checkable

import msgspec

from smeaton.errors import OutOfMoney

NANO = 1_000_000_000


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

    def claim(self, amount: float, why: str, key: str) -> str | None:
        """Set money aside for the reply of a key; None where it is there by now, or another call for it is under way.

        Raises:
            OutOfMoney: the amount is more than is left.
        """
        ...

    def keep(self, ticket: str, amount: float, key: str, reply: bytes) -> None:
        """Settle a ticket and keep the reply it paid for, both or neither."""
        ...


def nanodollars(amount: float, *, up: bool = True) -> int:
    """Dollars as whole nanodollars.

    Raises:
        ValueError: the amount is negative or not a finite number.
    """
    if not math.isfinite(amount) or amount < 0:
        raise ValueError(f"an amount of money is a finite number >= 0, not {amount!r}")
    scaled = amount * NANO
    nearest = round(scaled)
    # 0.1 * 1e9 need not be whole: what two roundings of a float64 can make is no part of the amount.
    if abs(scaled - nearest) < max(1e-3, scaled * 4.5e-16):
        return nearest
    return math.ceil(scaled) if up else math.floor(scaled)


def reply_key(*parts: Any) -> str:
    """Content key of a paid call: sha256 over the canonical JSON of everything that decides its reply (host, model,
    messages, settings, seed)."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def no_money(wanted: int, left: int, why: str) -> OutOfMoney:
    """The error of a reservation that does not fit."""
    return OutOfMoney(
        f"{why or 'a paid call'} may cost ${wanted / NANO:.6f}, and ${max(left, 0) / NANO:.6f} is left",
        fix="allow more money, or send fewer rows",
    )


def too_dear(amount: int, reserved: int) -> OutOfMoney:
    """The error of a call that cost more than the bound it was reserved with."""
    return OutOfMoney(
        f"a call cost ${amount / NANO:.6f}, more than the ${reserved / NANO:.6f} set aside for it; all is booked",
        fix="correct the price bound of the program's external step",
    )


class MemoryPurse:
    """Money of one process, safe to use from many threads. `cap` in dollars."""

    def __init__(self, cap: float) -> None:
        self._cap = nanodollars(cap, up=False)
        self._spent = 0
        self._open: dict[str, int] = {}
        self._count = 0
        self._lock = threading.Lock()

    @property
    def spent(self) -> float:
        """Dollars settled so far."""
        return self._spent / NANO

    @property
    def reserved(self) -> float:
        """Dollars set aside for calls that are under way."""
        with self._lock:
            return sum(self._open.values()) / NANO

    @property
    def left(self) -> float:
        """Dollars that can still be reserved."""
        with self._lock:
            return max(self._left(), 0) / NANO

    def reserve(self, amount: float, why: str) -> str:
        """Set `amount` dollars aside; returns a ticket.

        Raises:
            OutOfMoney: it is more than is left.
        """
        wanted = nanodollars(amount)
        with self._lock:
            if wanted > self._left():
                raise no_money(wanted, self._left(), why)
            self._count += 1
            ticket = f"{self._count}"
            self._open[ticket] = wanted
            return ticket

    def settle(self, ticket: str, amount: float) -> None:
        """Book what the call really cost; 0 frees the reservation.

        Raises:
            OutOfMoney: it cost more than was set aside (booked all the same: the truth is kept).
            ValueError: the ticket is unknown or already settled.
        """
        cost = nanodollars(amount)
        with self._lock:
            if ticket not in self._open:
                raise ValueError(f"there is no open reservation {ticket!r}")
            reserved = self._open.pop(ticket)
            self._spent += cost
        if cost > reserved:
            raise too_dear(cost, reserved)

    def _left(self) -> int:
        return self._cap - self._spent - sum(self._open.values())
