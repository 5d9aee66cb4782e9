"""`Presence`: notices that a caller left, and ends at once what waits for another machine on its behalf."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

from smeaton.errors import Cancelled
from smeaton.service.exchange import Asked

T = TypeVar("T")


class Presence:
    """The caller of a request, while it is answered: `async with Presence(asked) as caller`.

    An op that looks at `call.cancelled` sees it too; one that only waits is cancelled where it waits.
    """

    __slots__ = ("_asked", "_gone", "_limit", "_watching")

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._gone = False
        self._limit: asyncio.Timeout | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._asked.call.cancelled = lambda: self._gone
        self._watching = asyncio.get_running_loop().create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def wait(self, waiting: Awaitable[T]) -> T:
        """Await something for as long as the caller is there.

        Raises:
            Cancelled: the caller left; what was awaited is cancelled.
        """
        try:
            async with asyncio.timeout(0 if self._gone else None) as limit:
                self._limit = limit
                return await waiting
        except TimeoutError as error:
            if not limit.expired():
                raise  # of what was awaited
            raise Cancelled("the caller went away") from error
        finally:
            self._limit = None

    async def _watch(self) -> None:
        while (await self._asked.receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())
