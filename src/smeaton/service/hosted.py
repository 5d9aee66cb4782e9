"""`Hosted`: one bundle that answers, whatever wire the rows came over."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.bundle.read import Bundle
from smeaton.runtime.call import Call, Caller, Purse
from smeaton.runtime.engine import Engine
from smeaton.service.problem import Problem
from smeaton.service.settings import Settings
from smeaton.task.table import Array
from smeaton.task.task import Task

INLINE_ROWS = 64  # more rows than this are answered in a thread, so that they never stall the event loop


@dataclass(slots=True)
class Hosted:
    """A verified bundle with its engine, ready or not."""

    bundle: Bundle
    engine: Engine
    settings: Settings
    purse: Purse | None = None
    ready: bool = False

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

    def call(self, caller: str = "anonymous", trace: str = "") -> Call:
        """A call with this service's deadline and money."""
        deadline = time.monotonic() + self.settings.seconds
        return Call(deadline=deadline, caller=Caller(caller), purse=self.purse, trace=trace)

    async def answer(self, rows: Sequence[Mapping[str, Any]], call: Call) -> dict[str, Array]:
        """Columns of answers to request rows, in order.

        Raises:
            Problem: too many rows, or the model is not ready.
            RowsError: a value is missing or does not fit its type.
        """
        if not self.ready:
            raise Problem(503, "not_ready", "the model is not ready")
        if len(rows) > self.settings.max_rows:
            raise Problem(413, "too_many_rows", f"{len(rows)} rows; {self.settings.max_rows} at most in one request")
        if self.engine.is_async:
            return await self.engine.arows(rows, call)
        if len(rows) <= INLINE_ROWS:
            return self.engine.rows(rows, call)
        work = functools.partial(self.engine.rows, rows, call)
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def stream(self, rows: Sequence[Mapping[str, Any]], call: Call) -> AsyncIterator[tuple[int, str, str]]:
        """Answers piece by piece: (row, output, delta)."""
        if not self.ready:
            raise Problem(503, "not_ready", "the model is not ready")
        return self.engine.astream_rows(rows, call)

    async def learn(self, step: str | None, items: Sequence[Mapping[str, Any]], call: Call) -> int:
        """Write to the state of a step (the only stateful one if `step` is None); returns the new revision."""
        work = functools.partial(self.engine.write, step, items, call)
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def close(self) -> None:
        """Stop answering and give back what the engine holds."""
        self.ready = False
        self.engine.close()

    def warm_up(self) -> None:
        """Answer the stored samples once; ready only if a pure program answers them as it did when it was built."""
        from smeaton.bundle.verify import replay

        self.ready = self.engine.effect != "pure" or replay(self.bundle, self.engine).ok


def host(path: Path, settings: Settings, **engine: Any) -> Hosted:
    """Open, verify and warm up one bundle.

    Raises:
        BundleError: the bundle is damaged, altered, or of a future version.
    """
    from smeaton.bundle.read import open_bundle

    bundle = open_bundle(path)
    purse = engine.pop("purse", None)
    hosted = Hosted(bundle, bundle.engine(**engine), settings, purse)
    hosted.warm_up()
    return hosted
