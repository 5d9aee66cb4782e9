"""The mixture of generated requests: made by hypothesis, sent over some connections."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress

from benchmarks.soak import elsewhere, malformed
from benchmarks.soak.asking import Answer, Caller
from benchmarks.soak.bodies import Bodies
from benchmarks.soak.case import SECRET, Case
from benchmarks.soak.judge import Judge
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from smeaton.service.load.target import Target

CONNECTIONS = 16
_QUIET_SECONDS = 0.3  # without a byte: no more is to come
_STATUS, _START = re.compile(rb"HTTP/1\.1 (\d{3}) "), re.compile(rb"HTTP/1\.1 (?=\d{3} )")


def _mixture(bodies: Bodies) -> st.SearchStrategy[Case]:
    weights = [
        (60, bodies.right()),
        (60, bodies.nearly()),
        (25, bodies.damaged()),
        (15, bodies.garbage()),
        (15, malformed.cases(bodies.key)),
        (10, elsewhere.elsewhere(bodies)),
        (4, elsewhere.reading(bodies)),
        (6, elsewhere.records(bodies)),
        (6, elsewhere.headers(bodies)),
        (1, elsewhere.large(bodies)),
    ]
    every = [strategy for weight, strategy in weights for _ in range(weight)]
    return st.integers(0, len(every) - 1).flatmap(every.__getitem__)


def generate(bodies: Bodies, count: int, number: int) -> list[Case]:
    """So many cases, the same ones for the same number."""
    found: list[Case] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_mixture(bodies))
    def keep(case: Case) -> None:
        found.append(case)

    keep()
    return found[:count]


async def send(target: Target, cases: list[Case], judge: Judge) -> None:
    """Send all, a few at a time."""
    left = iter(cases)
    await asyncio.gather(*(_send(target, left, judge) for _ in range(CONNECTIONS)))


async def _send(target: Target, left: Iterator[Case], judge: Judge) -> None:
    caller = Caller(target)
    try:
        for case in left:
            judge.judge(case, await (_raw(target, case.request) if case.raw else caller.ask(case.request)))
    finally:
        caller.close()


async def _raw(target: Target, request: bytes) -> Answer:
    """Send bytes over a connection of their own, and read until it ends or is quiet."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    pieces: list[bytes] = []
    try:
        writer.write(request)
        with suppress(TimeoutError, ConnectionError):
            while piece := await asyncio.wait_for(reader.read(65_536), _QUIET_SECONDS):
                pieces.append(piece)
    finally:
        writer.transport.abort()
    return _answer(b"".join(pieces))


def _answer(data: bytes) -> Answer:
    """The gravest of the replies, with the longest body of them; all bytes where one repeats a secret."""
    statuses = [int(status) for status in _STATUS.findall(data)]
    if not statuses:
        return Answer(0, b"", f"{len(data)} bytes that are no reply" if data else "nothing came back")
    bodies = [part.partition(b"\r\n\r\n")[2] for part in _START.split(data)]
    return Answer(max(statuses), data if SECRET.encode() in data else max(bodies, key=len))
