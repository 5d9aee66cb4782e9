"""One worker of a service: `python -m smeaton.service.worker DESCRIPTOR`, started by the supervisor.

It reads its options from the channel at that descriptor, opens the bundles, says that it can answer (or why it cannot),
serves, and sends heartbeats from its event loop. It ends when it is told to, and when the supervisor is gone.
"""

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import socket
import ssl
import sys
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from smeaton.errors import SmeatonError
from smeaton.service.channel import ChannelError, Message
from smeaton.service.control import Handler, Peers, Supervised
from smeaton.service.http import HttpLimits
from smeaton.service.listening import inherited
from smeaton.service.server import Server, Serving

log = logging.getLogger("smeaton.service")

BEAT_SECONDS = 0.2
_SNAPSHOT_BEATS = 3  # a snapshot of the metrics goes with each third heartbeat
_LAST_WORDS = 0.9  # of the time after which the supervisor kills: then a stuck worker says where it is stuck


class Served(Protocol):
    """What a worker serves."""

    @property
    def app(self) -> Any:
        """The ASGI application."""
        ...

    @property
    def limits(self) -> HttpLimits:
        """Limits kept by the HTTP connections."""
        ...

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What to speak TLS with; None for plain HTTP."""
        ...

    def facts(self) -> Message:
        """What the command line announces when the service is up. JSON-able."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What the metrics counted so far. JSON-able."""
        ...

    def rejected(self, reason: str) -> None:
        """Count a request that was refused before the application saw it."""
        ...

    def drain(self) -> None:
        """The service is about to end: say so to whoever asks whether it is ready."""
        ...

    async def reload(self) -> object:
        """Open every bundle again, on all workers or on none."""
        ...

    async def obey(self, message: Message) -> Message:
        """Do this worker's part of a broadcast (see `control.Handler`)."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


Opener = Callable[[Message, Peers], Served]


def work(descriptor: int, opener: Opener) -> int:
    """Serve what `opener` opens, until told to end; the exit code."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the supervisor's to judge
    os.set_inheritable(descriptor, False)
    worker = _Worker(socket.socket(fileno=descriptor))
    try:
        told = worker.peers.options()
        sockets = [inherited(number) for number in told["listen"]]
        served = opener(told["options"], worker.peers)
    except (ChannelError, ConnectionError) as error:
        print(f"smeaton: a worker is started by the supervisor only: {error}", file=sys.stderr)
        return 2
    except SmeatonError as error:
        worker.peers.report(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 -- told to the supervisor, and to the log
        traceback.print_exc()
        worker.peers.report(error)
        return 1
    try:
        worker.run(served, sockets, told)
    finally:
        faulthandler.cancel_dump_traceback_later()
        served.close()
    return 0


class _Worker:
    def __init__(self, wire: socket.socket) -> None:
        self.peers = Supervised(wire, self._drain, self._reload)
        self._served: Served | None = None
        self._server: _QuietServer | None = None

    def run(self, served: Served, sockets: list[socket.socket], told: Message) -> None:
        """Serve until told to end."""
        serving = Serving(
            served.limits, float(told["drain"]), float(told["finish"]), served.tls, served.rejected, served.drain
        )
        handler: Handler = served.obey
        self.peers.handler = handler
        self._served = served
        server = self._server = _QuietServer(
            served.app, serving, lambda: self.peers.send({"kind": "started", "facts": served.facts()})
        )
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(self._serve(served, server, sockets, float(told["hang"])))

    async def _serve(self, served: Served, server: Server, sockets: list[socket.socket], hang: float) -> None:
        await self.peers.open()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: self.peers.send({"kind": "leave"}))
        beating = loop.create_task(self._beat(served, hang))
        try:
            await server.serve(sockets)
        finally:
            beating.cancel()
            self.peers.beat({"snapshot": served.snapshot()})
            await self.peers.close()

    async def _beat(self, served: Served, hang: float) -> None:
        """Show that the loop turns. If it stops turning, its last words are where it stands, then it ends."""
        count = 0
        while True:
            if hang > 0:
                faulthandler.dump_traceback_later(hang * _LAST_WORDS, exit=True)
            self.peers.beat({"snapshot": served.snapshot()} if count % _SNAPSHOT_BEATS == 0 else {})
            count += 1
            await asyncio.sleep(BEAT_SECONDS)

    def _drain(self, alone: bool) -> None:
        if self._server is not None:
            self._server.drain(alone=alone)

    async def _reload(self) -> None:
        assert self._served is not None
        try:
            await self._served.reload()
        except SmeatonError as error:
            log.error("nothing was reloaded: %s", error)


class _QuietServer(Server):
    """A server that leaves signals to the supervisor."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Nothing is captured."""
        return contextlib.nullcontext()


def _open(options: Message, peers: Peers) -> Served:
    from smeaton.service.start import open_service

    return open_service(options, peers)


if __name__ == "__main__":
    sys.exit(work(int(sys.argv[1]), _open))
