"""`Engine`: a program, loaded and answering.

Programs of plain steps run inline, without an event loop. One walk over the steps serves sync and async callers: it
hands out what has to be awaited (design section 13: nothing is written twice).
"""

import threading
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from smeaton.errors import OutOfMoney, ProgramError, RowFault, RowsError
from smeaton.runtime.background import Background
from smeaton.runtime.call import Call
from smeaton.runtime.check import check_allowed, check_program, effect_of, externals
from smeaton.runtime.files import check_files, copy_program
from smeaton.runtime.loaded import Loaded, lengths, load_steps, walk
from smeaton.runtime.ops import Effect, Learner, RowReader, Streamer
from smeaton.runtime.program import Program
from smeaton.runtime.stream import Delta, cells, in_time, stream_step
from smeaton.task.table import Array, Table, object_column
from smeaton.task.types import Type

Answers = dict[str, Array]
Rows = Sequence[Mapping[str, Any]]


class Engine:
    """A loaded program. It is itself a `Fitted`: `predict` and `export`.

    Args:
        program: what to run.
        folder: where its files lie.
        state: the state folder, needed where a step keeps state.
        types: the inputs' pinned types. Where given, inputs that no `table` step reads are parsed and checked here.
        allow_external: hosts the program may talk to. Default: none.
        trust: files of `code` steps that may run. Default: none.
        binding: hash of the bundle a state folder belongs to; default the program's own.

    Raises:
        ProgramError: it cannot run as written, or does what was not allowed.
        DataError: its state folder cannot be used.
    """

    def __init__(
        self,
        program: Program,
        folder: Path,
        state: Path | None = None,
        *,
        types: Mapping[str, Type] | None = None,
        allow_external: Collection[str] = (),
        trust: Collection[str] = (),
        binding: str = "",
    ) -> None:
        check_program(program)
        check_allowed(program, allow_external, trust)
        check_files(program, folder)
        self.program = program
        self.folder = folder
        self.effect: Effect = effect_of(program)
        self._types = types
        self._paid = any(external.price > 0 for external in externals(program))
        self._background = Background()
        self._writing = threading.Lock()
        self._steps = load_steps(program, folder, state, binding)
        self._waits = any(loaded.waits for loaded in self._steps)
        self._straight = not self._waits and all(loaded.step.when is None for loaded in self._steps)
        self._reader = _reader(program, self._steps)
        self._tail = self._steps[1:]
        self._closed = False

    @property
    def is_async(self) -> bool:
        """Whether a step waits: then async callers use `arun`, `arows`."""
        return self._waits

    @property
    def state_revision(self) -> int | None:
        """Writes committed to the state folders so far, over all steps; None for a program without state."""
        held = [loaded.state for loaded in self._steps if loaded.state is not None]
        return sum(state.revision for state in held) if held else None

    def predict(self, rows: Table) -> Answers:
        """Answers for a table, without a deadline."""
        return self.run(rows)

    def export(self, folder: Path) -> Program:
        """Copy the program and its files to another folder."""
        return copy_program(self.program, self.folder, folder)

    def run(self, table: Table, call: Call | None = None) -> Answers:
        """Answers for a table: one column for each program output, rows in order.

        Works from sync code everywhere, inside a running event loop too.

        Raises:
            DataError: an input column is missing; RowsError: a value does not fit its type.
            CallError: the deadline passed, the caller left, the money ran out.
        """
        call = self._admit(call)
        values, rows = self._columns(table)
        return self._finish(values, rows, self._steps, call)

    async def arun(self, table: Table, call: Call | None = None) -> Answers:
        """`run` for async callers: steps that wait are awaited here."""
        call = self._admit(call)
        values, rows = self._columns(table)
        return await self._afinish(values, rows, self._steps, call)

    def rows(self, rows: Rows, call: Call | None = None) -> Answers:
        """Answers for request rows (plain mappings), parsed and checked; a first step that reads rows refuses keys it
        does not know.

        Raises:
            RowsError: a value is missing or does not fit its type. CallError: as for `run`.
        """
        if self._reader is None:
            return self.run(self.table(rows), call)
        call = self._admit(call)
        return self._finish(dict(self._reader.rows(rows)), len(rows), self._tail, call)

    @property
    def reader(self) -> RowReader | None:
        """The first step, where it can start from request rows: `cells` then takes what it checked."""
        return self._reader

    def cells(self, cells: Sequence[Sequence[Any]], call: Call | None = None) -> Answers:
        """Answers for rows that `reader.cells` checked; only where there is a reader. Raises CallError as `run`."""
        assert self._reader is not None
        call = self._admit(call)
        return self._finish(dict(self._reader.encode(cells)), len(cells), self._tail, call)

    async def arows(self, rows: Rows, call: Call | None = None) -> Answers:
        """`rows` for async callers."""
        if self._reader is None:
            return await self.arun(self.table(rows), call)
        call = self._admit(call)
        values = dict(self._reader.rows(rows))
        if self._straight:
            return self._finish(values, len(rows), self._tail, call)
        return await self._afinish(values, len(rows), self._tail, call)

    async def astream(self, table: Table, call: Call | None = None) -> AsyncIterator[Delta]:
        """Answers piece by piece: (row, output, delta). Only the last step may stream; any other cell comes as one
        delta, a null cell as none. The deltas of a cell joined equal its plain answer (`stream.cell_text`)."""
        call = self._admit(call)
        values, rows = self._columns(table)
        outputs, last = self.program.outputs, self._steps[-1]
        streams = isinstance(last.runner, Streamer)
        await self._advance(values, rows, self._steps[:-1] if streams else self._steps, call)
        ready = tuple(name for name in outputs if name in values)
        for delta in cells(values, ready, range(rows)):
            yield delta
        if streams:
            call.check()
            async for delta in stream_step(last, values, rows, outputs, call):
                yield delta

    def astream_rows(self, rows: Rows, call: Call | None = None) -> AsyncIterator[Delta]:
        """`astream` for request rows."""
        return self.astream(self.table(rows), call)

    def table(self, rows: Rows) -> Answers:
        """Request rows as the program's input columns, objects as they came.

        Raises:
            RowsError: an input is missing from a row and may not be null.
        """
        types = self._types or {}
        faults = [
            RowFault(number, name, "is missing")
            for number, row in enumerate(rows)
            for name in self.program.inputs
            if name not in row and not (name in types and types[name].optional)
        ]
        if faults:
            raise RowsError(faults, fix=f"send every input: {', '.join(self.program.inputs)}")
        return {name: object_column([row.get(name) for row in rows]) for name in self.program.inputs}

    def write(self, state: str | None, items: Rows, call: Call | None = None) -> int:
        """Give items (documents, history) to the step with that state (None: the only one that learns); durable and
        visible when this returns the new revision.

        Raises:
            ProgramError: no step, or more than one, learns under that name.
        """
        call = Call() if call is None else call
        call.check()
        learners = {loaded.step.state: loaded.runner for loaded in self._steps if isinstance(loaded.runner, Learner)}
        chosen = list(learners.values()) if state is None else [learners[state]] if state in learners else []
        if len(chosen) != 1:
            raise ProgramError(
                f"{len(chosen)} steps of this program learn under the state {state!r}",
                fix=f"name one of: {', '.join(map(str, learners))}"
                if learners
                else "this program cannot be written to",
            )
        with self._writing:
            return chosen[0].write(items, call)

    def close(self) -> None:
        """Give everything back: runners, state folders, the private loop. May be called twice."""
        if self._closed:
            return
        self._closed = True
        for loaded in self._steps:
            loaded.close()
        self._background.close()  # the last: connections are closed in its loop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _admit(self, call: Call | None) -> Call:
        call = Call() if call is None else call
        if self._paid and call.purse is None:
            raise OutOfMoney("this program pays for its calls, and no money was given", fix="give a purse, or --spend")
        return call

    def _columns(self, table: Table) -> tuple[dict[str, Array], int]:
        rows = lengths(table, self.program.inputs)
        values = {name: table[name] for name in self.program.inputs}
        if self._types is None or self._reader is not None:  # the reader's step parses them itself
            return values, rows
        return _parsed(values, self._types), rows

    def _finish(self, values: dict[str, Array], rows: int, steps: Sequence[Loaded], call: Call) -> Answers:
        if self._straight:
            for loaded in steps:
                call.check()
                result = loaded.runner({name: values[name] for name in loaded.step.inputs}, call)
                loaded.store(values, result, rows)  # type: ignore[arg-type]  # plain runners return mappings
        elif self._waits:
            return self._wait(self._afinish(values, rows, steps, call))
        else:
            for _ in walk(steps, values, rows, call):
                raise ProgramError("a plain step asked to be awaited")
        return {name: values[name] for name in self.program.outputs}

    async def _afinish(self, values: dict[str, Array], rows: int, steps: Sequence[Loaded], call: Call) -> Answers:
        await self._advance(values, rows, steps, call)
        return {name: values[name] for name in self.program.outputs}

    async def _advance(self, values: dict[str, Array], rows: int, steps: Sequence[Loaded], call: Call) -> None:
        going = walk(steps, values, rows, call)
        try:
            waiting = next(going, None)
            while waiting is not None:
                result = await in_time(waiting, call)
                try:
                    waiting = going.send(result)
                except StopIteration:
                    return
        finally:
            going.close()

    def _wait(self, work: Coroutine[Any, Any, Answers]) -> Answers:
        return self._background.run(work)


def _reader(program: Program, steps: Sequence[Loaded]) -> RowReader | None:
    """The first step, if it can start from request rows and no later step reads the raw inputs."""
    first = steps[0]
    later = {name for loaded in steps[1:] for name in (*loaded.step.inputs, *loaded.step.otherwise, loaded.step.when)}
    if first.step.when is None and not later & set(program.inputs) and isinstance(first.runner, RowReader):
        return first.runner
    return None


def _parsed(values: dict[str, Array], types: Mapping[str, Type]) -> dict[str, Array]:
    from smeaton.task.values import parse_column

    parsed, faults = dict(values), list[RowFault]()
    for name, column in values.items():
        if name in types:
            parsed[name], found = parse_column(column, types[name], name)
            faults += found
    if faults:
        raise RowsError(sorted(faults, key=lambda fault: fault.row), fix="correct these values")
    return parsed
