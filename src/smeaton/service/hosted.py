"""`Hosted`: one bundle that answers, whatever wire the rows came over."""

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from smeaton.bundle.read import Bundle
from smeaton.bundle.verify import read_samples, replay
from smeaton.errors import SmeatonError
from smeaton.llm.purse import Purse
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.service.answered import Answered, Run
from smeaton.service.batching import Batcher
from smeaton.service.decode import RowDecoder
from smeaton.service.embedding import Embedder, encoder_of
from smeaton.service.exchange import Asked
from smeaton.service.leaving import Presence
from smeaton.service.problem import Problem, place
from smeaton.service.settings import Limits
from smeaton.service.witness import Nobody, Witness
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.task.types import label_text

log = logging.getLogger("smeaton.service")

FAULTS = 3  #: faults of ours in a row after which a model counts as not able to answer
_RECHECK_SECONDS = 1.0
INLINE_BYTES = 65_536  #: a larger body is read in a thread

RowMap = Mapping[str, Any]
Rows = Sequence[Any]  #: checked rows, as one model takes them
Delta = tuple[int, str, str]


class Hosted:
    """A verified bundle with its engine. `why` says what keeps it from being ready."""

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        limits: Limits | None = None,
        purse: Purse | None = None,
        witness: Witness | None = None,
    ) -> None:
        self.bundle = bundle
        self.engine = engine
        self.limits = limits or Limits()
        self.purse = purse
        self.witness: Witness = witness or Nobody()
        self.ready = False
        self.why = "not warmed up yet"
        self.inputs = frozenset(engine.program.inputs)
        self.name = bundle.manifest.name
        self.version = bundle.hash[:12]  #: first digits of the bundle's hash
        self.task: Task = bundle.manifest.task
        self.columns: tuple[str, ...] = tuple(engine.reader.types) if engine.reader else engine.program.inputs
        self._batched = engine.effect == "pure" and not engine.is_async
        self._faults = 0
        self._busy = 0
        self._rows = 0  # of requests that are answered one by one, and wait
        self._retired = False
        self._encoder = encoder_of(engine.program)
        self._embedder: Embedder | None = None
        self._recheck: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._decoders: dict[str, RowDecoder] = {}
        most, waiting = self.limits.batch, self.limits.queue
        self._names = tuple(label_text(label) for label in self.task.labels)
        self._batcher = Batcher(self._run, self._names, most, waiting, self._tell)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the steps' states."""
        return tuple(step.state for step in self.engine.program.steps if step.state is not None)

    def warm_up(self) -> None:
        """Answer the stored samples once; ready only if a pure program answers them as it did when it was built."""
        if self.engine.effect != "pure":
            self.ready, self.why = True, ""
            return
        verdict = replay(self.bundle, self.engine)
        self.ready, self.why = verdict.ok, "; ".join(verdict.problems[:1])
        if verdict.ok and verdict.samples:
            self._learn_pace()

    def decoder(self, key: str, **more: Any) -> RowDecoder | None:
        """What decodes bodies `{key: [row, ...], ...}` of plain rows in one pass; `more` are other keys with their
        types. None for programs whose rows only their steps can read."""
        if self.engine.reader is None:
            return None
        if key not in self._decoders:
            self._decoders[key] = RowDecoder(self.engine.reader.types, key, self.limits.text, **more)
        return self._decoders[key]

    def check(self, rows: Sequence[RowMap], root: str = "rows") -> Rows:
        """Rows as a caller wrote them, checked (as far as that goes before the program runs).

        Raises:
            Problem: a column the model does not have. RowsError: a value is missing or does not fit its type.
        """
        self.admit(len(rows), root)
        known = self.inputs
        for number, row in enumerate(rows):
            if not row.keys() <= known:
                path = place(root, number, min(row.keys() - known))
                raise Problem(422, "unknown_column", "the model has no input of this name", path)
        return self.engine.reader.cells(rows) if self.engine.reader is not None else rows

    def admit(self, count: int, root: str = "rows") -> None:
        """Refuse requests that need no look at their rows; `root` names the list they came in.

        Raises:
            Problem: the model is not ready; there are no rows, or too many.
        """
        if not self.ready:
            raise Problem(503, "not_ready", "the model is not ready", retry=1)
        if not count:
            raise Problem(422, "no_rows", "at least one row was expected", root)
        if count > self.limits.rows:
            raise Problem(413, "too_many_rows", f"at most {self.limits.rows:,} rows fit in one request", root)

    async def answer(self, rows: Rows, asked: Asked) -> Answered:
        """Answers to checked rows, in order; told to the witness.

        Raises:
            Problem: the model is not ready, too many requests wait, no rows or too many.
            RowsError: a value does not fit its type. CallError: no time or no money is left.
        """
        self.admit(len(rows))
        began = time.perf_counter()
        answered = self._batcher.at_once(rows, asked.call) if asked.alone and self._batched else None
        if answered is None:
            with self._held():
                answered = await self._answer(rows, asked)
        self._faults = 0
        self.witness.answered(self, asked, rows, answered, time.perf_counter() - began)
        return answered

    async def stream(self, rows: Rows, asked: Asked) -> AsyncGenerator[Delta, None]:
        """Answers piece by piece: (row, output, delta). Raises as `answer` does. `rows` are mappings."""
        self.admit(len(rows))
        began, cells = time.perf_counter(), dict[tuple[int, str], str]()
        with self._held(), self._waiting(len(rows)):
            pieces = cast(AsyncGenerator[Delta, None], self.engine.astream_rows(rows, self._priced(asked.call)))
            async with Presence(asked) as caller, aclosing(pieces) as deltas:
                while (delta := await caller.wait(anext(deltas, None))) is not None:
                    row, output, text = delta
                    cells[row, output] = cells.get((row, output), "") + text
                    yield delta
        self._faults = 0
        self.witness.streamed(self, asked, rows, cells, time.perf_counter() - began)

    @property
    def embeds(self) -> bool:
        """Whether there is an encoder in it that can be asked by itself."""
        return self._encoder is not None

    async def vectors(self, texts: Sequence[str], asked: Asked) -> Array:
        """Vectors of texts by the encoder inside of the model, float32 (texts, dim); only where it `embeds`.

        Raises:
            Problem: the model is not ready; no texts or too many. CallError: no time is left.
        """
        self.admit(len(texts), "input")
        assert self._encoder is not None
        with self._held():
            if self._embedder is None:
                load = functools.partial(Embedder, self.bundle, self._encoder, self.limits, self._tell)
                made = await asyncio.get_running_loop().run_in_executor(None, load)
                if self._embedder is None:
                    self._embedder = made
                else:  # another request was faster
                    made.close()
            return await self._embedder.vectors(texts, asked.call)

    async def learn(self, step: str | None, items: Sequence[RowMap], call: Call) -> int:
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
        self.admit(len(items), "items")
        with self._held():
            revision = await self._in_thread(functools.partial(self.engine.write, step, items, self._priced(call)))
            return int(revision)

    def faulted(self) -> None:
        """A request failed by a fault of ours. After some in a row the model is not ready, until its samples are
        answered right again."""
        self._faults += 1
        if self._faults < FAULTS or not self.ready or self._retired:
            return
        self.ready, self.why = False, f"{self._faults} requests in a row failed by a fault of the service"
        log.error("%s is not ready: %s", self.name, self.why, extra={"model": self.name})
        self._recheck = asyncio.get_running_loop().create_task(self._recover())

    def retire(self) -> None:
        """Another takes its place: what is in flight is finished, then everything is given back."""
        self._retired = True
        if not self._busy:
            self.close()

    def close(self) -> None:
        """Stop answering and give back what the engine holds."""
        self.ready, self.why = False, "closed"
        self._retired = True
        if self._recheck is not None:
            self._recheck.cancel()
        self._batcher.close()
        if self._embedder is not None:
            self._embedder.close()
        if self._thread is not None:
            self._thread.shutdown(wait=False)
        self.engine.close()

    async def parse(self, read: Any, body: bytes) -> Any:
        """What `read(body)` gives; a large body is read in a thread."""
        if len(body) <= INLINE_BYTES:
            return read(body)
        return await asyncio.get_running_loop().run_in_executor(None, read, body)

    async def _answer(self, rows: Rows, asked: Asked) -> Answered:
        if self._batched:
            return await self._batcher.answer(rows, asked.call)
        call = self._priced(asked.call)
        began = time.perf_counter()
        with self._waiting(len(rows)):
            if self.engine.is_async:
                async with Presence(asked) as caller:
                    columns = await caller.wait(self.engine.arows(self._mappings(rows), call))
            else:
                columns = await self._in_thread(functools.partial(self._run, rows, call))
        seconds = time.perf_counter() - began
        self._tell(len(rows), 1, 0.0, seconds)
        return Answered(Run(columns, self._names, len(rows), seconds), 0, len(rows))

    def _run(self, items: Rows, call: Call) -> Any:
        engine = self.engine
        return engine.rows(items, call) if engine.reader is None else engine.cells(items, call)

    def _mappings(self, rows: Rows) -> Sequence[RowMap]:
        """Checked rows as the engine's async callers take them."""
        if self.engine.reader is None:
            return rows
        return [dict(zip(self.columns, row, strict=True)) for row in rows]

    def _tell(self, rows: int, requests: int, queued: float, ran: float) -> None:
        self.witness.ran(self, rows, requests, queued, ran)

    def _priced(self, call: Call) -> Call:
        call.purse = self.purse
        return call

    async def _in_thread(self, work: Any) -> Any:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="smeaton-model")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _learn_pace(self) -> None:
        """Time runs of one row, two, four ..., as long as they are quick: so the first batches already find their
        place, on the loop or in the thread. (A first run in the thread would wait for the loop, and seem slow.)"""
        rows = list(self.check([sample.input for sample in read_samples(self.bundle)[: self.limits.rows]]))
        pace, size = self._batcher.pace, 1
        while size <= self.limits.batch:
            part = (rows * (size // len(rows) + 1))[:size]
            for _ in range(2):  # the first of a size is slower
                began = time.perf_counter()
                self._run(part, Call())
                seconds = time.perf_counter() - began
            pace.note(size, seconds)
            if not pace.is_quick(size):
                return
            size *= 2

    async def _recover(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._retired:
            await asyncio.sleep(_RECHECK_SECONDS)
            try:
                if self.engine.effect == "pure":
                    verdict = await loop.run_in_executor(None, replay, self.bundle, self.engine)
                    well, why = verdict.ok, "; ".join(verdict.problems[:1])
                else:
                    well, why = True, ""
            except Exception as error:  # it still fails: said, and tried again
                log.exception("%s still fails", self.name, extra={"model": self.name})
                well, why = False, error.message if isinstance(error, SmeatonError) else "its samples fail"
            if well and not self._retired:
                self._faults, self.ready, self.why = 0, True, ""
                log.warning("%s is ready again", self.name, extra={"model": self.name})
                return
            self.why = why

    @contextlib.contextmanager
    def _waiting(self, rows: int) -> Iterator[None]:
        """Bound the rows that wait at once, each with its own request: a machine that hangs must not fill this one."""
        if self._rows >= self.limits.queue:
            raise Problem(429, "queue_full", "too many rows wait for this model", retry=1)
        self._rows += rows
        try:
            yield
        finally:
            self._rows -= rows

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            if self._retired and not self._busy:
                self.close()


def host(
    bundle: Bundle,
    limits: Limits | None = None,
    purse: Purse | None = None,
    witness: Witness | None = None,
    **engine: Any,
) -> Hosted:
    """Load and warm up one opened bundle; `engine` are arguments of `Bundle.engine`.

    Raises:
        ProgramError: it does what was not allowed, or cannot run here. DataError: its state cannot be used.
    """
    hosted = Hosted(bundle, bundle.engine(**engine), limits, purse, witness)
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
