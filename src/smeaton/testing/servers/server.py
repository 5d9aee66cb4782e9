"""`serve(script)`: a fake server on a free port of the loopback, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from smeaton.errors import InputError
from smeaton.testing.servers._app import Desk
from smeaton.testing.servers._send import CLOSE
from smeaton.testing.servers.script import Request, Script

#: The environment variable that holds the key, in a configuration that `Server.config` writes.
KEY = "SMEATON_FAKE_KEY"
_PATHS = {"openai": "/v1", "responses": "/v1", "anthropic": "", "gemini": ""}
_WAITING = 4096  # connections that may wait to be taken


class Server:
    """A running fake server. `requests` are those that were well formed, in order; `refused` says why others were not.

    `peak` is the most replies that were under way at once, `abandoned` counts calls whose caller went away early.
    """

    def __init__(self, script: Script, port: int = 0) -> None:
        self._desk = Desk(script)
        self._socket = _listening(port)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="smeaton-fake-server", daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._port)

    @property
    def requests(self) -> list[Request]:
        """What was asked so far."""
        return list(self._desk.asked)

    @property
    def refused(self) -> list[str]:
        """Why requests were refused so far."""
        return list(self._desk.refused)

    @property
    def active(self) -> int:
        """Replies under way."""
        return self._desk.traffic.active

    @property
    def peak(self) -> int:
        """The most replies that were under way at once."""
        return self._desk.traffic.peak

    @property
    def abandoned(self) -> int:
        """Calls whose caller went away before the reply was whole, other than by a `timeout` or `cut` of the script."""
        return self._desk.traffic.abandoned

    def url(self, wire: str = "openai") -> str:
        """The base address that clients of a wire are given: `openai`, `responses`, `anthropic` or `gemini`."""
        return f"http://127.0.0.1:{self.port}{_PATHS[wire]}"

    def config(self, path: Path, prices: Mapping[str, tuple[float, float]] | None = None) -> dict[str, str]:
        """Write an `llm.toml` that sends every provider's calls here, and return the environment that makes it hold.

        `prices` are dollars for a million tokens of input and of output, by model reference.
        """
        parts = []
        for name in _PATHS:
            parts += [f"[providers.{name}]", f'wire = "{name}"', f'url = "{self.url(name)}"', f'key_env = "{KEY}"', ""]
        for reference, (asked, said) in (prices or {}).items():
            parts += [f'[prices."{reference}"]', f"input = {asked}", f"output = {said}", 'as_of = "2026-01-01"', ""]
        path.write_text("\n".join(parts))
        return {"SMEATON_LLM_CONFIG": str(path), KEY: self._desk.script.key or "fake"}

    def close(self) -> None:
        """End at once; replies under way are cut off."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def wait(self) -> None:
        """Block until it ends."""
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        config = uvicorn.Config(self._desk.app(), lifespan="off", log_config=None, access_log=False)
        config.load()
        state = ServerState()
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self._port = self._socket.getsockname()[1]
        server = await self._loop.create_server(
            lambda: _Protocol(config, state, {}), sock=self._socket, backlog=_WAITING
        )
        self._ready.set()
        await self._ended.wait()
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        while state.tasks:
            await asyncio.wait(list(state.tasks))


class _Protocol(HttpToolsProtocol):
    """A connection that a script can end in the middle of a reply."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CLOSE: self.transport.close}  # type: ignore[dict-item]


@contextmanager
def serve(script: Script, port: int = 0) -> Iterator[Server]:
    """A server that answers as the script says, ended with the block. `port` 0 takes a free one.

    Raises:
        InputError: the port is taken.
    """
    server = Server(script, port)
    try:
        yield server
    finally:
        server.close()


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise InputError(f"port {port} cannot be used: {error.strerror}", fix="choose another port, or 0") from error
    listening.setblocking(False)
    return listening
