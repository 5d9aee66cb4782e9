"""`Hosted`: one bundle that answers, whatever wire the rows came over."""

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from starlette.requests import Request

from smeaton.bundle.read import Bundle
from smeaton.bundle.verify import replay
from smeaton.runtime.call import Call, Purse
from smeaton.runtime.engine import Engine
from smeaton.service.problem import Problem, place
from smeaton.service.settings import Settings
from smeaton.task.table import Array
from smeaton.task.task import Task

INLINE_ROWS = 64  # more rows than this are answered in a thread, so that they never stall the event loop

Rows = Sequence[Mapping[str, Any]]
Delta = tuple[int, str, str]


@dataclass(slots=True)
class Hosted:
    """A verified bundle with its engine. `why` says what keeps it from being ready."""

    bundle: Bundle
    engine: Engine
    settings: Settings
    purse: Purse | None = None
    ready: bool = False
    why: str = "not warmed up yet"
    inputs: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.inputs = frozenset(self.engine.program.inputs)

    @property
    def name(self) -> str:
        """Name of the model in routes."""
        return self.bundle.manifest.name

    @property
    def version(self) -> str:
        """First digits of the bundle's hash."""
        return self.bundle.hash[:12]

    @property
    def task(self) -> Task:
        """The task it solves."""
        return self.bundle.manifest.task

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the steps' states."""
        return tuple(step.state for step in self.engine.program.steps if step.state is not None)

    def warm_up(self) -> None:
        """Answer the stored samples once; ready only if a pure program answers them as it did when it was built."""
        if self.engine.effect == "pure":
            verdict = replay(self.bundle, self.engine)
            self.ready, self.why = verdict.ok, "; ".join(verdict.problems[:1])
        else:
            self.ready, self.why = True, ""

    def call(self, request: Request) -> Call:
        """A call with this service's deadline and money."""
        deadline = time.monotonic() + self.settings.seconds
        return Call(deadline=deadline, purse=self.purse, trace=request.scope["request_id"])

    async def answer(self, rows: Rows, request: Request) -> dict[str, Array]:
        """Columns of answers to request rows, in order.

        Raises:
            Problem: no rows, too many, a column the model does not have, or the model is not ready.
            RowsError: a value is missing or does not fit its type.
            CallError: no time or no money is left.
        """
        self._admit(rows)
        call = self.call(request)
        if self.engine.is_async:
            async with _watched(request, call):
                return await self.engine.arows(rows, call)
        if len(rows) <= INLINE_ROWS:
            return self.engine.rows(rows, call)
        return await asyncio.get_running_loop().run_in_executor(None, self.engine.rows, rows, call)

    async def stream(self, rows: Rows, request: Request) -> AsyncGenerator[Delta, None]:
        """Answers piece by piece: (row, output, delta). Raises as `answer` does."""
        self._admit(rows)
        call = self.call(request)
        pieces = cast(AsyncGenerator[Delta, None], self.engine.astream_rows(rows, call))
        async with _watched(request, call), aclosing(pieces) as deltas:
            async for delta in deltas:
                yield delta

    async def learn(self, step: str | None, items: Rows, request: Request) -> int:
        """Write to the state of a step (the only stateful one if `step` is None); returns the new revision.

        Raises:
            Problem: the model keeps no state, or none of that name.
            RowsError: an item is not what the step takes.
        """
        states = self.states
        if not states:
            raise Problem(404, "no_state", "this model does not learn after shipping")
        if step not in states and (step is not None or len(states) > 1):
            raise Problem(422, "unknown_step", f"name one of its states: {', '.join(states)}", "step")
        self._admit_count(items)
        work = functools.partial(self.engine.write, step, items, self.call(request))
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def close(self) -> None:
        """Stop answering and give back what the engine holds."""
        self.ready = False
        self.why = "closed"
        self.engine.close()

    def _admit(self, rows: Rows) -> None:
        self._admit_count(rows)
        known = self.inputs
        for number, row in enumerate(rows):
            if not row.keys() <= known:
                extra = min(row.keys() - known)
                path = place("rows", number, extra)
                raise Problem(422, "unknown_column", "the model has no input of this name", path)

    def _admit_count(self, rows: Rows) -> None:
        if not self.ready:
            raise Problem(503, "not_ready", "the model is not ready")
        if not rows:
            raise Problem(422, "no_rows", "at least one row was expected")
        if len(rows) > self.settings.max_rows:
            raise Problem(413, "too_many_rows", f"at most {self.settings.max_rows:,} rows fit in one request")


@asynccontextmanager
async def _watched(request: Request, call: Call) -> AsyncIterator[None]:
    """End a call that waits when its caller goes away: nobody would read what it still pays for."""
    gone = asyncio.Event()
    call.cancelled = gone.is_set

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def host(bundle: Bundle, settings: Settings, purse: Purse | None = None, **engine: Any) -> Hosted:
    """Load and warm up one opened bundle; `engine` are arguments of `Bundle.engine`.

    Raises:
        ProgramError: it does what was not allowed, or cannot run here. DataError: its state cannot be used.
    """
    hosted = Hosted(bundle, bundle.engine(**engine), settings, purse)
    try:
        hosted.warm_up()
    except BaseException:
        hosted.close()
        raise
    return hosted


def state_folder(bundle: Bundle, given: str | None, several: bool) -> Path:
    """Where a bundle keeps its state: beside it, or in the given folder (one folder inside for each of several)."""
    if given is None:
        return bundle.default_state
    return Path(given) / bundle.manifest.name if several else Path(given)
