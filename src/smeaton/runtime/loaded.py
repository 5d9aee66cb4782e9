"""Steps made ready to run: runners loaded, columns planned, state folders open."""

import contextlib
import hashlib
import inspect
from collections.abc import Awaitable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from smeaton.errors import DataError, ProgramError, SmeatonError
from smeaton.runtime.call import Call
from smeaton.runtime.check import op_of, place
from smeaton.runtime.ops import Closable, Runner
from smeaton.runtime.program import Program, Step
from smeaton.runtime.routing import recombine, rows_through, subset
from smeaton.runtime.state import StateFolder
from smeaton.task.table import Array, Table

#: Awaitables go out, their results come in.
Walk = Generator[Awaitable[Mapping[str, Array]], Mapping[str, Array], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One step with its runner. `waits`: the runner is `async def`."""

    step: Step
    runner: Runner
    waits: bool
    where: str
    state: StateFolder | None

    def store(self, values: dict[str, Array], result: Mapping[str, Array], rows: int) -> None:
        """Check what the runner answered and put it among the columns."""
        try:
            for name in self.step.outputs:
                column = result[name]
                if len(column) != rows:
                    raise ProgramError(f"it answered {len(column)} of {rows} rows in {name!r}", where=self.where)
                values[name] = column
        except (KeyError, TypeError) as error:
            raise ProgramError(
                f"it did not answer with the columns {', '.join(self.step.outputs)}", where=self.where
            ) from error

    def walk(self, values: dict[str, Array], rows: int, call: Call) -> Walk:
        """Run the step on the rows that go through; a runner that waits is handed out to be awaited."""
        step = self.step
        if step.when is None:
            result = yield from self.answer({name: values[name] for name in step.inputs}, call)
            self.store(values, result, rows)
            return
        index = rows_through(values[step.when], step.when)
        if not len(index):
            values.update({name: values[old] for name, old in zip(step.outputs, step.otherwise, strict=True)})
            return
        result = yield from self.answer(subset(values, step.inputs, index), call)
        part: dict[str, Array] = {}
        self.store(part, result, len(index))
        for name, old in zip(step.outputs, step.otherwise, strict=True):
            values[name] = recombine(part[name], values[old], index, name)

    def answer(
        self, columns: Table, call: Call
    ) -> Generator[Awaitable[Mapping[str, Array]], Mapping[str, Array], Mapping[str, Array]]:
        """The runner's answer, handing it out to be awaited where it waits."""
        result = self.runner(columns, call)
        if self.waits:
            return (yield cast(Awaitable[Mapping[str, Array]], result))
        return cast(Mapping[str, Array], result)

    def close(self) -> None:
        """Give back what the runner and the state folder hold."""
        try:
            if isinstance(self.runner, Closable):
                self.runner.close()
        finally:
            if self.state is not None:
                self.state.close()


def walk(steps: Sequence[Loaded], values: dict[str, Array], rows: int, call: Call) -> Walk:
    """Run steps in order, looking at the deadline and the caller before each."""
    for loaded in steps:
        call.check()
        try:
            yield from loaded.walk(values, rows, call)
        except SmeatonError:
            raise
        except Exception as error:
            error.add_note(f"in {loaded.where} of the program")
            raise


def load_steps(program: Program, folder: Path, state: Path | None, binding: str) -> tuple[Loaded, ...]:
    """Load every step; if one fails, what was already loaded is given back.

    Raises:
        ProgramError: a step does not fit its op, or needs a state folder and none was given.
        DataError: a state folder is in use, damaged, or of another bundle.
    """
    binding = binding or hashlib.sha256(msgspec.json.encode(program, order="deterministic")).hexdigest()
    with contextlib.ExitStack() as undo:
        steps: list[Loaded] = []
        for number, step in enumerate(program.steps):
            loaded = _load(number, step, folder, state, binding)
            undo.callback(loaded.close)
            steps.append(loaded)
        undo.pop_all()
    return tuple(steps)


def _load(number: int, step: Step, folder: Path, state: Path | None, binding: str) -> Loaded:
    op, where = op_of(step), place(number, step)
    held: StateFolder | None = None
    if step.state is not None:
        if state is None:
            raise ProgramError("this step needs a state folder", where=where, fix="name one with --state")
        seed = tuple(name for name in step.files if name.startswith(f"state/{step.state}/"))
        held = StateFolder(state, step.state, binding, seed, folder)
    elif op.effect == "state":
        raise ProgramError("this step keeps state and names no folder for it", where=where, fix="set its `state`")
    try:
        runner = op.load(step, folder, held)
    except BaseException as error:
        if held is not None:
            held.close()
        if isinstance(error, SmeatonError) or not isinstance(error, Exception):
            raise
        raise ProgramError(f"it cannot be loaded: {error}", where=where, fix="export the program again") from error
    return Loaded(step, runner, is_waiting(runner), where, held)


def is_waiting(runner: Any) -> bool:
    """Whether a runner is `async def` (as a function, or as an object's `__call__`)."""
    return inspect.iscoroutinefunction(runner) or inspect.iscoroutinefunction(getattr(runner, "__call__", None))  # noqa: B004


def lengths(table: Table, names: tuple[str, ...]) -> int:
    """Number of rows of the named columns.

    Raises:
        DataError: a column is missing, or the columns are not equally long.
    """
    missing = [name for name in names if name not in table]
    if missing:
        raise DataError(
            f"the table lacks the column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}",
            fix=f"send every input: {', '.join(names)}",
        )
    found = {len(table[name]) for name in names}
    if len(found) > 1:
        raise DataError(
            f"the columns are not equally long: {', '.join(f'{name} {len(table[name])}' for name in names)}",
            fix="send one value for each row in every column",
        )
    return found.pop() if found else 0
