"""A tiny HTTP server with known faults and delays, in a thread of its own."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator

Answer = Callable[[int], Awaitable[bytes | None]]


def reply(status: int = 200, body: bytes = b"{}", more: str = "") -> bytes:
    return f"HTTP/1.1 {status} Some\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


class Fake:
    """`answer(number)` gives the bytes to send for the number-th request; None resets the connection. Bytes that end
    early or ask to close end it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked = 0
        self.bodies: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int((head.lower().partition(b"content-length:")[2].split() or [b"0"])[0])
                self.bodies.append(await reader.readexactly(length))
                self.asked += 1
                content = await self.answer(self.asked)
                if content is None:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                writer.write(content)
                await writer.drain()
                if b"Connection: close" in content or b"Content-Length: 999" in content:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


@contextlib.contextmanager
def fake_service(answer: Answer) -> Iterator[Fake]:
    fake = Fake(answer)
    up, down = threading.Event(), threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(fake.talk, "127.0.0.1", 0, backlog=512)
        fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ask"
        up.set()
        await asyncio.to_thread(down.wait)
        server.close()
        talking = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        await asyncio.sleep(0.01)  # the sockets are closed a little after their writers

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert up.wait(10)
    try:
        yield fake
    finally:
        down.set()
        thread.join(10)


async def good(number: int) -> bytes:
    return reply()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
