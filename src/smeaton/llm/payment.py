"""Paying for one attempt: money is reserved before it, and its ticket settled exactly once after it, whatever happens.

A purse that keeps replies is on disk, where a write takes its time and may wait for other processes: it is used from a
thread, and a caller that leaves meanwhile changes nothing about what is booked.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from smeaton.errors import OutOfMoney
from smeaton.llm import prices
from smeaton.llm.messages import Ask, Form, Reply
from smeaton.llm.purse import Purse, Replies

T = TypeVar("T")


class Kept(Form, frozen=True, kw_only=True):
    """A paid reply as a purse keeps it. `cost` in dollars."""

    reply: Reply
    cost: float
    reference: str


class Meanwhile(Exception):
    """The reply came by another call while this one waited for its turn: nothing is to be asked."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept.reference)
        self.kept = kept


def known(kept: bytes) -> Kept:
    """The reply a purse kept.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return msgspec.json.decode(kept, type=Kept)


async def recalled(purse: Purse | None, key: str) -> Kept | None:
    """The reply kept under a key, None if there is none or the purse keeps none."""
    if not isinstance(purse, Replies):
        return None
    found = await _done(purse, lambda: purse.recall(key))
    return None if found is None else known(found)


@dataclass(slots=True)
class Payment:
    """What one attempt may cost, and what it did. Without a purse only free calls are let through."""

    purse: Purse | None
    reference: str
    bound: float
    key: str
    _ticket: str | None = None

    async def reserve(self) -> bool:
        """Set the bound aside. False, and nothing set aside, where another call for the same reply is under way.

        Raises:
            Meanwhile: another call has brought the reply.
            OutOfMoney: it is more than is left.
        """
        purse, why = self.purse, f"a call of {self.reference}"
        if purse is None:
            return True

        def wanted() -> str | None:
            if isinstance(purse, Replies):
                return purse.claim(self.bound, why, self.key)
            return purse.reserve(self.bound, why)

        work = asyncio.ensure_future(_done(purse, wanted))
        try:
            self._ticket = await asyncio.shield(work)
        except asyncio.CancelledError:
            await _finished(work)
            if work.exception() is None:
                self._ticket = work.result()
                await self.settle(0.0)  # nothing was sent
            raise
        if self._ticket is None and (kept := await recalled(purse, self.key)) is not None:
            raise Meanwhile(kept)
        return self._ticket is not None

    async def settle(self, cost: float) -> None:
        """Book what the attempt cost.

        Raises:
            OutOfMoney: more than the bound (booked all the same).
        """
        await self._book(lambda purse, ticket: purse.settle(ticket, cost))

    async def keep(self, reply: Reply, cost: float) -> None:
        """Book what the attempt cost, and keep its reply where the purse does.

        Raises:
            OutOfMoney: more than the bound (booked all the same).
        """
        kept = msgspec.json.encode(Kept(reply=reply, cost=cost, reference=self.reference))

        def book(purse: Purse, ticket: str) -> None:
            if isinstance(purse, Replies):
                purse.keep(ticket, cost, self.key, kept)
            else:
                purse.settle(ticket, cost)

        await self._book(book)

    async def _book(self, book: Callable[[Purse, str], None]) -> None:
        purse, ticket, self._ticket = self.purse, self._ticket, None
        if purse is None or ticket is None:
            return
        work = asyncio.ensure_future(_done(purse, lambda: book(purse, ticket)))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await _finished(work)
            raise


def payable(reference: str, ask: Ask, purse: Purse | None) -> float:
    """The most an ask may cost, in dollars.

    Raises:
        OutOfMoney: its price is unknown, or it costs something and there is no purse.
    """
    bound = prices.bound(reference, ask)
    if bound is None:
        raise OutOfMoney(
            f"what a call of {reference} costs is unknown",
            fix=f'state its price in llm.toml: [prices."{reference}"] with input and output',
        )
    if bound > 0 and purse is None:
        raise OutOfMoney(f"a call of {reference} may cost ${bound:.6f}, and no money was allowed", fix="allow money")
    return bound


def cost(reference: str, reply: Reply, bound: float) -> float:
    """What a reply cost. One that does not say its tokens counts as the bound."""
    if bound == 0.0:
        return 0.0
    counted = prices.price(reference, reply.usage) if reply.usage.input or reply.usage.output else None
    return bound if counted is None else counted


async def _done(purse: Purse, work: Callable[[], T]) -> T:
    if isinstance(purse, Replies):
        return await asyncio.get_running_loop().run_in_executor(None, work)
    return work()


async def _finished(work: "asyncio.Future[T]") -> None:
    """Wait for work that must end, through any number of cancellations."""
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            continue  # the first one is raised by the caller, once the books are right
