"""`Client`: asks language models. Retries, falls back, waits its turn, pays, and keeps to the caller's time.

The first reference is asked; the others are asked in order where the one before is out of reach, too slow, broken, busy
after every attempt, or refuses the key. An input that a model refuses or filters goes to no other.
"""

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from smeaton import plugins
from smeaton.errors import InputError, ProviderError
from smeaton.llm import providers
from smeaton.llm.attempt import Attempt
from smeaton.llm.cassette import Cassette, pieces
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask, Piece, Reply
from smeaton.llm.payment import Kept, Meanwhile, Payment, known, payable, recalled
from smeaton.llm.purse import Purse, reply_key
from smeaton.llm.terms import Policy, Terms, stays
from smeaton.llm.wires import Connection

__all__ = ["Answer", "Client", "Policy", "known"]

_AGAIN = ("unreachable", "timeout", "busy", "failed", "malformed")
_MOVES_ON = (*_AGAIN, "key")
_USUAL = Policy()
_CLOSING = 5.0  # seconds that another loop has to close its connections

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A reply and who gave it. `cost` in dollars, as it was paid; `recalled` says it was paid for earlier, and nothing
    now. `attempts` counts all calls it took, of any model."""

    reply: Reply
    cost: float | None
    recalled: bool
    reference: str
    attempts: int


class Client:
    """Asks the models of `references`. Safe to use from any event loop: it keeps a connection for each.

    Raises:
        InputError: a reference cannot be resolved.
    """

    def __init__(self, references: Sequence[str], policy: Policy = _USUAL) -> None:
        if not references:
            raise InputError("a client needs at least one model", fix="name one, as provider:model")
        self._policy = policy
        self._chain = tuple(providers.resolve(reference) for reference in references)
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Endpoint, Connection]]
        self._loops = weakref.WeakKeyDictionary()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The models, in the order they are asked."""
        return self._chain

    async def ask(
        self,
        ask: Ask,
        *,
        purse: Purse | None = None,
        deadline: float | None = None,
        cancelled: Callable[[], bool] = stays,
        salt: int = 0,
    ) -> Answer:
        """The whole reply. `deadline` is a `time.monotonic` moment; `salt` tells apart questions that are the same.

        Raises:
            ProviderError: no model answered; the last one's reason.
            OutOfMoney: it would cost more than is left, costs and there is no purse, or has no known price.
            DeadlineExceeded: the time is up.
            Cancelled: `cancelled` says the caller left.
        """
        terms = Terms(purse, deadline, cancelled, salt)
        if (found := await self._recalled(ask, terms)) is not None:
            return found
        try:
            (attempt, reply), tried = await self._through(ask, terms, _whole)
        except Meanwhile as came:
            return _as_kept(came.kept)
        return Answer(reply, attempt.spent, False, attempt.endpoint.reference, tried)

    async def stream(
        self,
        ask: Ask,
        *,
        purse: Purse | None = None,
        deadline: float | None = None,
        cancelled: Callable[[], bool] = stays,
        salt: int = 0,
        told: Callable[[Answer], None] | None = None,
    ) -> AsyncGenerator[Piece]:
        """The reply in pieces, the last with the whole reply; `told` gets the answer with its cost just before that.

        What goes wrong before the first piece is tried again, as in `ask`; later it is raised. Closing the iterator
        ends the call, which is then paid in full: the provider may charge for it.

        Raises:
            ProviderError, OutOfMoney, DeadlineExceeded, Cancelled: as `ask`.
        """
        terms = Terms(purse, deadline, cancelled, salt)
        answer = await self._recalled(ask, terms)
        try:
            begun = None if answer is not None else await self._through(ask, terms, _begun)
        except Meanwhile as came:
            answer, begun = _as_kept(came.kept), None
        if begun is None:
            assert answer is not None
            if told is not None:
                told(answer)
            for piece in pieces(answer.reply):
                yield piece
            return
        (attempt, source, first), tried = begun
        async with aclosing(source):
            following: Piece | None = first
            while following is not None:
                if following.reply is not None and told is not None:
                    told(Answer(following.reply, attempt.spent, False, attempt.endpoint.reference, tried))
                yield following
                following = await _next(source)

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        for connection in self._loops.pop(asyncio.get_running_loop(), {}).values():
            await connection.aclose()

    def close(self) -> None:
        """Close the connections of every event loop that can still run; not to be called from inside one of them."""
        for loop, connections in list(self._loops.items()):
            del self._loops[loop]
            for connection in connections.values():
                if loop.is_running():
                    asyncio.run_coroutine_threadsafe(connection.aclose(), loop).result(_CLOSING)
                elif not loop.is_closed():
                    loop.run_until_complete(connection.aclose())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _connection(self, endpoint: Endpoint) -> Connection:
        connections = self._loops.setdefault(asyncio.get_running_loop(), {})
        if endpoint not in connections:
            connections[endpoint] = connected(endpoint)
        return connections[endpoint]

    async def _recalled(self, ask: Ask, terms: Terms) -> Answer | None:
        for endpoint in self._chain:
            kept = await recalled(terms.purse, _key(endpoint, ask, terms.salt))
            if kept is not None:
                return _as_kept(kept)
        return None

    async def _through(self, ask: Ask, terms: Terms, once: Callable[[Attempt], Awaitable[T]]) -> tuple[T, int]:
        """What `once` makes of the first attempt that succeeds, and how many it took."""
        tried = 0
        for place, endpoint in enumerate(self._chain):
            bound = payable(endpoint.reference, ask, terms.purse)
            for attempt in range(1, self._policy.attempts + 1):
                paying = Payment(terms.purse, endpoint.reference, bound, _key(endpoint, ask, terms.salt))
                tried += 1
                call = Attempt(endpoint, self._connection(endpoint), ask, terms, self._policy, paying)
                try:
                    return await once(call), tried
                except ProviderError as error:
                    pause = self._pause(error, attempt, terms)
                    if pause is None and (error.kind not in _MOVES_ON or place == len(self._chain) - 1):
                        raise
                if pause is None:
                    break
                await terms.pause(pause)
        raise AssertionError("the last model's last attempt returns or raises")

    def _pause(self, error: ProviderError, attempt: int, terms: Terms) -> float | None:
        """Seconds to wait before this model is asked again, None where it is not."""
        if error.kind not in _AGAIN or attempt == self._policy.attempts:
            return None
        pause = error.wait if error.wait is not None else self._policy.pause(attempt)
        return None if pause > self._policy.most_wait or pause >= terms.left() else pause


def _as_kept(kept: Kept) -> Answer:
    return Answer(kept.reply, kept.cost, True, kept.reference, 0)


async def _whole(attempt: Attempt) -> tuple[Attempt, Reply]:
    return attempt, await attempt.whole()


async def _begun(attempt: Attempt) -> tuple[Attempt, AsyncGenerator[Piece], Piece]:
    source = attempt.pieces()
    return attempt, source, await anext(source)


async def _next(source: AsyncGenerator[Piece]) -> Piece | None:
    return await anext(source, None)


def connected(endpoint: Endpoint) -> Connection:
    """A connection to an endpoint, with its cassette before it where it has one.

    Raises:
        ExtraMissing: the packages of the extra `llm` are not installed.
        DataError: the cassette cannot be read.
    """
    if endpoint.cassette:
        return Cassette(endpoint.cassette, endpoint.cassette_mode).before(endpoint, _behind)
    return _behind(endpoint)


def _behind(endpoint: Endpoint) -> Connection:
    wire: Connection = plugins.load("wires", endpoint.wire).connect(endpoint)
    return wire


def _key(endpoint: Endpoint, ask: Ask, salt: int) -> str:
    return reply_key(endpoint.reference, endpoint.model, ask, salt)
