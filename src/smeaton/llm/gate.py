"""`Gate`: how many calls to one model may be under way in this process, whatever clients, threads and loops ask."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_gates: dict[str, "Gate"] = {}
_gates_lock = threading.Lock()


class Gate:
    """Lets calls through in the order they came. Each states the most that may be under way beside it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._waiting: deque[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    @property
    def inside(self) -> int:
        """Calls under way."""
        return self._inside

    @asynccontextmanager
    async def passing(self, most: int) -> AsyncIterator[None]:
        """Wait until fewer than `most` calls are under way, and be one of them."""
        await self._enter(most)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, most: int) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        with self._lock:
            if self._inside < most and not self._waiting:
                self._inside += 1
                return
            self._waiting.append((most, loop, turn))
        try:
            await turn
        except asyncio.CancelledError:
            with self._lock:
                entry = (most, loop, turn)
                waiting = entry in self._waiting
                if waiting:
                    self._waiting.remove(entry)
            if not waiting:  # it was let in at the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            while self._waiting and self._inside < self._waiting[0][0]:
                _, loop, turn = self._waiting.popleft()
                try:
                    loop.call_soon_threadsafe(_let_in, turn)
                except RuntimeError:
                    continue  # its loop was closed: nobody waits there any more
                self._inside += 1


def gate(name: str) -> Gate:
    """The gate of this name, the same for everyone in the process."""
    with _gates_lock:
        return _gates.setdefault(name, Gate())


def _let_in(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_result(None)
