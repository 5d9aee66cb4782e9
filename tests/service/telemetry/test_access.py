"""The access log: a line a request, gathered, and never waited for."""

import asyncio
import json
import os
from collections.abc import Iterator

import pytest

from smeaton.service.telemetry.access import AccessLog
from smeaton.service.telemetry.lines import KEPT
from smeaton.service.telemetry.served import Served
from smeaton.service.telemetry.trace import Trace

TRACE = Trace("4bf92f3577b34da6a3ce929d0e0e4736")


def served(path: str = "/predict", **more: str) -> Served:
    return Served("POST", path, 200, 0.0012345, 1_795_896_017_900_000_000, "r1", TRACE, **more)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    yield read, write
    os.close(read)
    os.close(write)


def everything(read: int) -> bytes:
    got = b""
    try:
        while more := os.read(read, 1 << 16):
            got += more
    except BlockingIOError:
        return got
    return got


def test_a_line_says_who_asked_what_and_how_it_ended(pipe: tuple[int, int]) -> None:
    async def run() -> None:
        log = AccessLog("json", "1", pipe[1])
        log.note(served(wire="rest", model="churn", version="v", caller="ci", client="127.0.0.1"))
        log.close()

    asyncio.run(run())
    assert json.loads(everything(pipe[0])) == {
        "at": "2026-11-28T20:00:17.900Z",
        "level": "info",
        "event": "access",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "ms": 1.234,
        "request": "r1",
        "trace": TRACE.trace_id,
        "wire": "rest",
        "model": "churn",
        "caller": "ci",
        "client": "127.0.0.1",
        "worker": "1",
    }


def test_as_text_and_without_what_is_not_known(pipe: tuple[int, int]) -> None:
    async def run() -> None:
        log = AccessLog("text", descriptor=pipe[1])
        log.note(served("/a b\n\u2028é\ud800" + "x" * 1000))
        log.close()

    asyncio.run(run())
    (line,) = everything(pipe[0]).decode().splitlines()
    assert line.startswith("2026-11-28T20:00:17.900Z info    access method=POST path=")
    assert line.endswith(f"status=200 ms=1.234 request=r1 trace={TRACE.trace_id}")
    assert len(line) < 400


def test_lines_come_by_themselves_and_together(pipe: tuple[int, int]) -> None:
    async def run() -> None:
        log = AccessLog("json", descriptor=pipe[1])
        for _ in range(5):
            log.note(served())
        assert everything(pipe[0]) == b""
        await asyncio.sleep(0.25)
        assert everything(pipe[0]).count(b"\n") == 5
        log.note(served())
        await asyncio.sleep(0.25)
        assert everything(pipe[0]).count(b"\n") == 1

    asyncio.run(run())


def test_what_was_lost_is_told_once_there_is_room(pipe: tuple[int, int]) -> None:
    async def run() -> AccessLog:
        log = AccessLog("json", descriptor=pipe[1])
        while not log.lines.dropped:
            log.note(served())
        log.note(served())
        assert log.lines.size <= KEPT
        got = everything(pipe[0])
        for _ in range(100):
            await asyncio.sleep(0.05)
            got += everything(pipe[0])
            if b"dropped" in got:
                break
        *lines, last = got.splitlines()
        assert all(json.loads(line)["event"] == "access" for line in lines)
        assert json.loads(last)["dropped"] == log.lines.dropped == 2
        log.close()
        return log

    assert asyncio.run(run()).lines.size == 0
