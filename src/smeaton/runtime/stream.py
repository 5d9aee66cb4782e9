"""Answers piece by piece: (row, output, delta), where the deltas of a cell joined equal the plain answer."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import aclosing
from typing import Any, TypeVar, cast

import msgspec
import numpy as np

from smeaton.errors import DeadlineExceeded, ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.loaded import Loaded
from smeaton.runtime.ops import Streamer
from smeaton.runtime.routing import rows_through, subset
from smeaton.task.table import Array

Delta = tuple[int, str, str]
T = TypeVar("T")

#: Seconds past the deadline in which an op that keeps the deadline itself may still hand over what it has.
GRACE = 0.05


def cell_text(value: Any) -> str | None:
    """A plain answer as its deltas spell it: text as it is, null as None (no delta), all else as JSON."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else f"{np.datetime_as_string(value)}Z"
    plain = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    if plain is None or (isinstance(plain, float) and math.isnan(plain)):
        return None
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def cells(values: Mapping[str, Array], outputs: tuple[str, ...], rows: Array | range) -> Iterator[Delta]:
    """One delta for each cell that is not null, row by row."""
    for row in rows:
        for name in outputs:
            text = cell_text(values[name][row])
            if text is not None:
                yield int(row), name, text


async def stream_step(
    last: Loaded, values: Mapping[str, Array], rows: int, outputs: tuple[str, ...], call: Call
) -> AsyncIterator[Delta]:
    """Stream a last step that can stream; rows that do not go through it give their `otherwise` as one delta.

    Raises:
        ProgramError: a delta names a row or an output that the step does not have.
        DeadlineExceeded, Cancelled: between two deltas.
    """
    step = last.step
    index = np.arange(rows) if step.when is None else rows_through(values[step.when], step.when)
    old = {name: values[other] for name, other in zip(step.outputs, step.otherwise, strict=False)}
    if old:
        for delta in cells(
            old, tuple(name for name in step.outputs if name in outputs), np.setdiff1d(range(rows), index)
        ):
            yield delta
    if not len(index):
        return
    pieces = cast(Streamer, last.runner).stream(subset(values, step.inputs, index), call)
    async with aclosing(cast(Any, pieces)):
        while True:
            call.check()
            try:
                row, name, text = await in_time(anext(pieces), call)
            except StopAsyncIteration:
                return
            if name not in step.outputs or not 0 <= row < len(index):
                raise ProgramError(f"it streamed row {row} of {name!r}, which it does not have", where=last.where)
            if name in outputs:
                yield int(index[row]), name, text


async def in_time(waiting: Awaitable[T], call: Call) -> T:
    """Await something until the call's deadline and a short grace.

    Raises:
        DeadlineExceeded: it took longer; it was cancelled.
    """
    left = call.seconds_left()
    if left is None:
        return await waiting
    try:
        async with asyncio.timeout(max(left, 0.0) + GRACE) as limit:
            return await waiting
    except TimeoutError as error:
        if not limit.expired():
            raise  # the op's own
        raise DeadlineExceeded(
            "the deadline of the call has passed", fix="allow more time, or send fewer rows"
        ) from error
