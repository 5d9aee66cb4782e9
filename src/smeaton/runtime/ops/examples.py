"""The examples to show a model beside each row: the nearest ones, or the same for all. Pure.

Inputs: columns as typed. One output, a json column: a list of `{"inputs": {...}, "answer": ...}`, the nearest first.
File: `examples.jsonl`, one such object a line. Arguments:

    columns       the names that the step's inputs have in the examples, in the order of its inputs
    k             how many examples at most
    how           `nearest` (`_examples_index.py`) or `fixed` (the first ones, in their order)
    per_label     at most so many with the same answer (0 = any number)
    exclude_same  leave out examples whose inputs are those of the row: rows that examples were taken from would
                  otherwise find their own answer
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._chat_cell import as_json
from smeaton.runtime.ops._examples_index import Index
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table, object_column


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row with its answer, as plain JSON."""

    inputs: dict[str, Any]
    answer: Any


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    columns: tuple[str, ...]
    k: int
    how: Literal["nearest", "fixed"] = "nearest"
    per_label: int = 0
    exclude_same: bool = False


class ExamplesRunner:
    """A loaded `examples` step."""

    def __init__(self, step: Step, args: _Args, examples: Sequence[Example]) -> None:
        self._names = tuple(zip(step.inputs, args.columns, strict=True))
        self._output, self._args, self._examples = step.outputs[0], args, examples
        self._shown = [msgspec.to_builtins(example) for example in examples]
        self._answers = [msgspec.json.encode(example.answer, order="deterministic") for example in examples]
        self._index = Index([example.inputs for example in examples]) if args.how == "nearest" else None

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """The examples of each row."""
        rows = zip(*(columns[column] for column, _ in self._names), strict=True)
        names = [name for _, name in self._names]
        found = [self._of({name: as_json(cell) for name, cell in zip(names, row, strict=True)}) for row in rows]
        return {self._output: object_column(found)}

    def _of(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        args, chosen, seen = self._args, list[int](), Counter[bytes]()
        for place in range(len(self._examples)) if self._index is None else self._index.nearest(row):
            if len(chosen) == args.k:
                break
            if args.exclude_same and self._examples[place].inputs == row:
                continue
            if args.per_label and seen[self._answers[place]] >= args.per_label:
                continue
            seen[self._answers[place]] += 1
            chosen.append(place)
        return [self._shown[place] for place in chosen]


class ExamplesOp:
    """Examples beside rows. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> ExamplesRunner:
        """Read the examples.

        Raises:
            ProgramError: the arguments are wrong, or a line is no example with the step's inputs.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of an examples step are wrong: {error}") from error
        if len(step.inputs) != len(args.columns) or len(step.outputs) != 1 or len(step.files) != 1:
            raise ProgramError("an examples step has a name for each input, one output and one file")
        if args.k < 0 or args.per_label < 0:
            raise ProgramError("an examples step shows 0 examples or more")
        examples = read_examples(files / step.files[0])
        odd = next((number for number, one in enumerate(examples, 1) if set(one.inputs) != set(args.columns)), 0)
        if odd:
            raise ProgramError(f"example {odd} has other inputs than {', '.join(args.columns)}", where=step.files[0])
        return ExamplesRunner(step, args, examples)


def read_examples(path: Path) -> list[Example]:
    """Examples from a file of JSON lines.

    Raises:
        ProgramError: a line is no example.
    """
    try:
        return msgspec.json.Decoder(Example).decode_lines(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise ProgramError(f"the examples cannot be read: {error}", where=path.name) from error


def write_examples(examples: Sequence[Example]) -> bytes:
    """The file of examples."""
    return b"".join(msgspec.json.encode(example) + b"\n" for example in examples)


part = ExamplesOp()
