"""The contract of an op: one runtime building block, one file in this folder, bound to the name `part`.

The engine loads an op once per step and calls its runner for each table. A plain runner is called inline and must not
block; a runner whose work waits is `async def` and is awaited.
"""

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from smeaton.runtime.call import Call
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table
from smeaton.task.types import Type

Effect = Literal["pure", "state", "external"]


class Runner(Protocol):
    """A loaded op. Takes the step's input columns, returns one column for each of `step.outputs`, rows in order."""

    def __call__(self, columns: Table, call: Call) -> Mapping[str, Array] | Awaitable[Mapping[str, Array]]:
        """Answer a table; raise a CallError where the whole call fails."""
        ...


@runtime_checkable
class RowReader(Protocol):
    """A runner that can also start from request rows (plain mappings): the fast path of the first step.

    `rows` is `encode` of `cells`: a service checks the rows of each request alone, and runs those of many together.
    """

    @property
    def types(self) -> Mapping[str, Type]:
        """The columns it reads with their types, in the order of cells."""
        ...

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Array]:
        """Parse, check and encode request rows.

        Raises:
            RowsError: a value is missing, unknown or of the wrong type.
        """
        ...

    def cells(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Any]]:
        """Parse and check request rows; the values of each row as `task.readers` gives them.

        Raises:
            RowsError: as for `rows`.
        """
        ...

    def encode(self, cells: Sequence[Sequence[Any]]) -> Mapping[str, Array]:
        """Encode rows that were checked already."""
        ...


@runtime_checkable
class Streamer(Protocol):
    """A runner that can answer piece by piece; only the last step of a program may."""

    def stream(self, columns: Table, call: Call) -> AsyncIterator[tuple[int, str, str]]:
        """Yield (row, output, delta); the deltas of a cell joined equal the plain answer."""
        ...


@runtime_checkable
class Learner(Protocol):
    """A runner with state that accepts writes after shipping (documents, history)."""

    def write(self, items: Sequence[Mapping[str, Any]], call: Call) -> int:
        """Make the items durable, then visible; returns the new state revision."""
        ...


@runtime_checkable
class Closable(Protocol):
    """A runner that holds something to give back."""

    def close(self) -> None:
        """Give it back. Called once."""
        ...


class State(Protocol):
    """The folder one stateful step owns; see `runtime/state.py`."""

    folder: Path

    @property
    def revision(self) -> int:
        """Grows by one with each committed write."""
        ...

    def records(self) -> Iterator[bytes]:
        """Every committed record, oldest first. Seed files lie in `folder / "seed"`."""
        ...

    def append(self, records: Sequence[bytes]) -> int:
        """Commit records as one write: on disk when this returns, all or none of them. Returns the new revision."""
        ...


class Op(Protocol):
    """One runtime building block.

    `effect`: `pure` = same rows, same answer, for ever; `state` = depends on its state folder; `external` = talks to
    another machine. An external step names it in `args["host"]`, and its price bound in `args["price"]` (dollars a
    call), so that a service can decide before it starts.
    """

    effect: Effect

    def load(self, step: Step, files: Path, state: State | None) -> Runner:
        """Load the step's files from the folder `files`.

        Raises:
            ProgramError: the step's arguments or files do not fit the op.
        """
        ...
