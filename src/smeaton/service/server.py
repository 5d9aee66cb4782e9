"""Listening: a socket, uvicorn behind it, and a clean end."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from smeaton.errors import InputError
from smeaton.service.settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_IDLE_SECONDS = 30  # an idle connection is kept this long


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket: a port that is taken is said before anything else happens.

    Raises:
        InputError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
        fix = "choose another port, or 0 for any free one"
        raise InputError(f"cannot listen on {host}:{port}: {why}", fix=fix) from error
    return listening


def address(listening: socket.socket) -> str:
    """The URL of a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(app: Starlette, listening: socket.socket, settings: Settings, announce: Callable[[], None]) -> None:
    """Answer until SIGINT or SIGTERM; what is in flight is finished first. `announce` is called once connections are
    taken. Inside a running event loop (a notebook) the server gets a thread of its own, and this waits for it.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Every request ends by its deadline, so waiting a little longer loses none.
        timeout_graceful_shutdown=int(settings.seconds) + 2,
        timeout_keep_alive=_IDLE_SECONDS,
    )
    server = _Server(config, announce)
    if not _inside_a_loop():
        server.run(sockets=[listening])
        return
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="smeaton-serve")
    with _ended_by_signals(server):
        thread.start()
        thread.join()


@contextlib.contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Take signals as a wish to end. Only the main thread may listen to them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, server.handle_exit) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it is up and takes a signal as a wish to end, not as a death."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections, then say so."""
        await super().startup(sockets)
        self._announce()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Uvicorn would raise the signal again after a clean end, and the process would not exit with 0."""
        return _ended_by_signals(self)


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
