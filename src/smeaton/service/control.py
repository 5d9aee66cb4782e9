"""What a worker knows of the others, and how it speaks to all of them: through the supervisor, over its channel."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from smeaton.errors import SmeatonError
from smeaton.service.channel import ChannelError, Lines, Message, describe, pack, revive

log = logging.getLogger("smeaton.service")

Handler = Callable[[Message], Awaitable[Message]]  #: does what a broadcast asks of this worker

ANSWER_SECONDS = 120.0  #: a broadcast waits this long for the slowest worker: loading a bundle takes its time
_HANG_UP_SECONDS = 1.0  # time for the last words to be taken
_LAG = 1_000_000  # bytes not yet taken by the supervisor: no use adding heartbeats


class Peers(Protocol):
    """All workers of a service, this one included."""

    def state(self) -> dict[str, int]:
        """How many workers are wanted, and how many can answer now: `{"wanted": 2, "ready": 1}`."""
        ...

    async def broadcast(self, message: Message, seconds: float = ANSWER_SECONDS) -> list[Message]:
        """Ask every worker, this one included; one result each, in the order of workers.

        A result is what the worker's handler returned, or `{"error": {"type", "message", "fix", "where"}}`.
        """
        ...

    async def snapshots(self, own: dict[str, Any]) -> list[dict[str, Any]]:
        """The latest metrics snapshots of the other workers, and what those that ended had counted.

        `own` is this worker's, about to be shown with them: it is kept in case this worker ends, so that no counter
        that was shown falls.
        """
        ...


class Alone:
    """One process without a supervisor."""

    def __init__(self) -> None:
        self.handler: Handler = _nothing

    def state(self) -> dict[str, int]:
        """This process is all there is."""
        return {"wanted": 1, "ready": 1}

    async def broadcast(self, message: Message, seconds: float = ANSWER_SECONDS) -> list[Message]:
        """Ask this process."""
        return [await obey(self.handler, message, seconds)]

    async def snapshots(self, own: dict[str, Any]) -> list[dict[str, Any]]:
        """There are no others."""
        return []


class Supervised:
    """One of several workers: everything goes through the supervisor.

    `on_drain(alone)` is called once when the worker is to finish and end: with the whole service, or `alone` while the
    others go on. It is also called, with False, when the supervisor is gone. `on_reload()` is called when the operator
    asked for new bundles by a signal: this worker is to see to it, for all.
    """

    def __init__(
        self, wire: socket.socket, on_drain: Callable[[bool], None], on_reload: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self.handler: Handler = _nothing
        self._on_reload = on_reload
        self._wire = wire
        self._on_drain = on_drain
        self._lines = Lines()
        self._early: list[Message] = []
        self.number = 0  #: which of the workers this is, from 0
        self._state = {"wanted": 1, "ready": 0}
        self._asked: dict[int, asyncio.Future[list[Any]]] = {}
        self._count = 0
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def options(self) -> Message:
        """The first message: how to serve. Waits for it; call it before `open`.

        Raises:
            ChannelError: it is something else, or the supervisor is gone.
        """
        while not self._early:
            data = self._wire.recv(65536)
            if not data:
                raise ChannelError("the supervisor is gone")
            self._early = self._lines.feed(data)
        first, *self._early = self._early
        if first["kind"] != "options":
            raise ChannelError("the first message must hold the options")
        self.number = int(first["number"])
        return first

    def report(self, error: Exception) -> None:
        """Tell why this worker cannot start; waits until it is told. Call it before `open`."""
        self._wire.sendall(pack({"kind": "failed", "error": describe(error)}))

    async def open(self) -> None:
        """Begin to listen to the supervisor; needs the running loop."""
        reader, self._writer = await asyncio.open_unix_connection(sock=self._wire)
        self._keep(self._listen(reader))

    async def close(self) -> None:
        """Say what is still to be said, then hang up."""
        for task in self._tasks:
            task.cancel()
        if self._writer is None:
            return
        self._writer.close()
        try:
            async with asyncio.timeout(_HANG_UP_SECONDS):
                await self._writer.wait_closed()
        except TimeoutError:
            self._writer.transport.abort()  # the supervisor stands still
        except OSError:
            log.debug("the supervisor was gone first")

    def state(self) -> dict[str, int]:
        """What the supervisor told last."""
        return dict(self._state)

    def beat(self, message: Message) -> None:
        """Tell the supervisor that this loop turns. Left out while it does not take what was sent before."""
        if self._writer is not None and self._writer.transport.get_write_buffer_size() < _LAG:
            self.send({"kind": "beat", **message})

    def send(self, message: Message) -> None:
        """Send a message to the supervisor."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(pack(message))

    async def broadcast(self, message: Message, seconds: float = ANSWER_SECONDS) -> list[Message]:
        """Ask every worker, this one included; one result each.

        Raises:
            SmeatonError: the supervisor is gone.
        """
        return await self._ask({"kind": "broadcast", "message": message, "seconds": seconds}, seconds + 5)

    async def snapshots(self, own: dict[str, Any]) -> list[dict[str, Any]]:
        """The latest metrics snapshots of the other workers, and what those that ended had counted.

        Raises:
            SmeatonError: the supervisor is gone or does not answer.
        """
        self.send({"kind": "beat", "snapshot": own})
        return await self._ask({"kind": "snapshots"}, 2.0)

    async def _ask(self, message: Message, seconds: float) -> list[Any]:
        if self._writer is None or self._writer.is_closing():
            raise SmeatonError("the supervisor of this service is gone")
        self._count += 1
        number = self._count
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self.send({**message, "id": number})
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError as error:
            raise SmeatonError("the supervisor of this service does not answer") from error
        finally:
            del self._asked[number]

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            for message in self._early:
                self._take(message)
            while data := await reader.read(65536):
                for message in self._lines.feed(data):
                    self._take(message)
        except (OSError, ChannelError) as error:
            log.error("the channel to the supervisor broke: %s", error)
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(SmeatonError("the supervisor of this service is gone"))
        self._on_drain(False)

    def _take(self, message: Message) -> None:
        match message:
            case {"kind": "state", "wanted": int(wanted), "ready": int(ready)}:
                self._state = {"wanted": wanted, "ready": ready}
            case {"kind": "do", "id": int(number), "message": dict(wish), "seconds": int() | float() as seconds}:
                self._keep(self._do(number, wish, seconds))
            case {"kind": "told", "id": int(number), "result": list(result)}:
                answer = self._asked.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(result)
            case {"kind": "reload"}:
                self._keep(self._on_reload())
            case {"kind": "drain", "alone": bool(alone)}:
                self._on_drain(alone)
            case _:
                raise ChannelError(f"a message of kind {message['kind'][:40]!r} that is not known")

    async def _do(self, number: int, wish: Message, seconds: float) -> None:
        self.send({"kind": "done", "id": number, "result": await obey(self.handler, wish, seconds)})

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def agree(peers: Peers, message: Message, seconds: float = ANSWER_SECONDS) -> list[Message]:
    """A change on every worker or on none. Returns what the workers said to the first question.

    Each is asked three times at most with the same message and a `phase`: "prepare" (get ready, change nothing that is
    seen), then "commit" if all could, else "abandon".

    Raises:
        SmeatonError: one could not; nothing has changed. The first error, as that worker told it.
    """
    prepared = await peers.broadcast({**message, "phase": "prepare"}, seconds)
    refused = next((result["error"] for result in prepared if "error" in result), None)
    done = await peers.broadcast({**message, "phase": "commit" if refused is None else "abandon"}, seconds)
    if refused is not None:
        raise revive(refused)
    failed = next((result["error"] for result in done if "error" in result), None)
    if failed is not None:
        raise revive(failed)
    return prepared


async def obey(handler: Handler, message: Message, seconds: float) -> Message:
    """What a handler returned, or its error as a result."""
    try:
        async with asyncio.timeout(seconds):
            return await handler(message)
    except TimeoutError:
        return {"error": describe(SmeatonError(f"not done within {seconds:g} s"))}
    except SmeatonError as error:
        return {"error": describe(error)}
    except Exception as error:  # one worker's fault must not leave the others waiting
        log.error("%s failed", message.get("do", "a broadcast"), exc_info=error)
        return {"error": describe(error)}


async def _nothing(message: Message) -> Message:
    raise SmeatonError(f"this worker does not know how to {str(message.get('do', ''))[:40]!r}")
