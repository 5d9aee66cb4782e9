"""`Attempt`: one call to one model, paid for exactly once, whole or in pieces."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass

from smeaton.errors import InputError, ProviderError
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.gate import gate
from smeaton.llm.messages import Ask, Piece, Reply
from smeaton.llm.payment import Payment, cost
from smeaton.llm.terms import Policy, Terms
from smeaton.llm.wires import Connection

_LOOK = 0.05  # seconds between two looks at whether another call has brought the reply


@dataclass(slots=True)
class Attempt:
    """One call. `spent` is what it cost, in dollars, once the reply is whole."""

    endpoint: Endpoint
    connection: Connection
    ask: Ask
    terms: Terms
    policy: Policy
    payment: Payment
    spent: float = 0.0

    async def whole(self) -> Reply:
        """The reply.

        Raises:
            ProviderError, OutOfMoney, DeadlineExceeded, Cancelled: as `Client.ask`.
        """
        async with self._gate():
            limit = await self._begin()
            try:
                reply = await self.terms.watched(self.connection.ask(self.ask, limit))
            except BaseException as error:
                await self._broken(error, limit)
                raise
        await self._paid(reply)
        return reply

    async def pieces(self) -> AsyncGenerator[Piece]:
        """The reply in pieces, the last with the whole; it is paid for when the last is handed out.

        Raises:
            ProviderError, OutOfMoney, DeadlineExceeded, Cancelled: as `Client.ask`.
        """
        last: Piece | None = None
        async with self._gate():
            limit = await self._begin()
            try:
                async with aclosing(self.terms.each(self.connection.stream(self.ask, limit))) as source:
                    async for piece in source:
                        if piece.reply is not None:
                            last = piece
                            break
                        yield piece
                if last is None or last.reply is None:
                    raise ProviderError(
                        f"{self.endpoint.reference}: the stream ended too early", kind="malformed", billed=True
                    )
            except BaseException as error:
                await self._broken(error, limit)
                raise
        await self._paid(last.reply)
        yield last

    def _gate(self) -> AbstractAsyncContextManager[None]:
        name = f"{self.endpoint.url} {self.endpoint.model}"
        return gate(name).passing(self.policy.parallel)

    async def _begin(self) -> float:
        """Reserve the money; returns the seconds the call may take. The same question is not asked twice at a time."""
        while True:
            limit = min(self.policy.timeout, self.terms.left())
            if await self.payment.reserve():
                return limit
            await self.terms.pause(_LOOK)

    async def _broken(self, error: BaseException, limit: float) -> None:
        unsent = isinstance(error, InputError) or (isinstance(error, ProviderError) and not error.billed)
        await self.payment.settle(0.0 if unsent else self.payment.bound)
        if isinstance(error, ProviderError) and error.kind == "timeout" and limit < self.policy.timeout:
            raise self.terms.late() from error

    async def _paid(self, reply: Reply) -> None:
        try:
            self.spent = cost(self.endpoint.reference, reply, self.payment.bound)
        except BaseException:  # the operator's prices were damaged meanwhile
            await self.payment.settle(self.payment.bound)
            raise
        await self.payment.keep(reply, self.spent)
