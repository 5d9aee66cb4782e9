"""`ModelConnection`: asks one pydantic-ai model by its `request` and `request_stream`: no agent, retries or traces.

Where a server may read the marks of a chat template inside text as marks (`<|im_start|>`: hosts of open weights),
pydantic-ai puts an invisible joiner inside each such mark on the way there and takes it out on the way back, so that a
row's text cannot open a turn of its own. The text of a row reaches such a model with the joiner in it.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
from pydantic_ai.models import Model

from smeaton.errors import ProviderError
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask, Piece, Reply
from smeaton.llm.wires._conversation import conversation, in_words, parameters
from smeaton.llm.wires._fault import fault
from smeaton.llm.wires._reply import Pieces, reply

_CONNECTIONS = 1000  # more than the most calls that may be under way
_CONNECT = 10.0  # seconds


def http() -> httpx2.AsyncClient:
    """A client of our own: many connections, and no limit on time but that of connecting (the caller's is outside)."""
    return httpx2.AsyncClient(
        limits=httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        timeout=httpx2.Timeout(None, connect=_CONNECT),
        trust_env=True,
    )


class ModelConnection:
    """One model. `settings(ask)` are the wire's settings, `close` ends the connections.

    A schema goes as the provider's own response format where the model has one, else in words. `schema=False` says that
    `settings` take care of it, `words=True` that the server has no response format, whatever the model."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: Model[Any],
        settings: Callable[[Ask], dict[str, Any]],
        close: Callable[[], Awaitable[None]],
        *,
        schema: bool = True,
        words: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._model = model
        self._settings = settings
        self._close = close
        self._words = schema and (words or not model.profile.get("supports_json_schema_output", False))
        self._native = schema and not self._words
        self._breaks = bool(model.profile.get("may_tokenize_special_tokens_in_content", False))

    async def ask(self, ask: Ask, timeout: float) -> Reply:
        """The whole reply, within `timeout` seconds.

        Raises:
            ProviderError: there is none.
        """
        start = time.perf_counter()
        try:
            async with asyncio.timeout(timeout):
                response = await self._model.request(*self._request(ask))
                took = time.perf_counter() - start
                return reply(response, seconds=took, first=took)
        except TimeoutError as error:
            raise self._late(timeout) from error
        except ProviderError:
            raise
        except Exception as error:  # whatever the layers below raise is the provider's failure to answer
            raise fault(error, self._endpoint.reference) from error

    async def stream(self, ask: Ask, timeout: float) -> AsyncGenerator[Piece]:
        """The reply in pieces, the last with the whole reply. Closing the iterator ends the call.

        Raises:
            ProviderError: there is none, or it broke off.
        """
        start = time.perf_counter()
        end = asyncio.get_running_loop().time() + timeout
        first = 0.0
        pieces = Pieces()
        try:
            opening = self._model.request_stream(*self._request(ask))
            async with asyncio.timeout_at(end):
                streamed = await opening.__aenter__()
            try:
                events = aiter(streamed)
                # The limit holds while the provider is waited for, not while the reader works on a piece.
                while (event := await self._next(events, end)) is not None:
                    if (piece := pieces.of(event)) is not None:
                        first = first or time.perf_counter() - start
                        yield piece
                response = streamed.get()
            finally:
                await opening.__aexit__(None, None, None)
            if response.finish_reason is None:  # no wire ends a whole reply without saying why it ends
                raise self._cut()
            took = time.perf_counter() - start
            yield Piece(reply=reply(response, seconds=took, first=first or took))
        except TimeoutError as error:
            raise self._late(timeout) from error
        except ProviderError:
            raise
        except Exception as error:  # as above
            raise fault(error, self._endpoint.reference) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._close()

    async def _next(self, events: AsyncIterator[Any], end: float) -> Any:
        async with asyncio.timeout_at(end):
            return await anext(events, None)

    def _request(self, ask: Ask) -> tuple[Any, ...]:
        asked = parameters(ask, native=self._native)
        messages = conversation(in_words(ask) if self._words else ask.messages)
        if self._breaks:
            messages = self._model.prepare_messages(messages)
        return messages, self._settings(ask), asked

    def _cut(self) -> ProviderError:
        return ProviderError(
            f"{self._endpoint.reference}: the stream ended before the reply was whole", kind="malformed", billed=True
        )

    def _late(self, timeout: float) -> ProviderError:
        return ProviderError(
            f"{self._endpoint.reference}: no whole reply within {timeout:g} s",
            kind="timeout",
            billed=True,
            fix="allow more time, ask for fewer tokens, or choose a faster model",
        )
