"""A text column to hashed words: (rows, buckets) float32 of length 1. The specification is docs/text_op.md.

Arguments: `buckets` (default 256), `words` (sizes of token runs, default [1, 2]), `chars` (sizes of character runs,
default none). One input (`text:<name>`), one output (`words:<name>`).
"""

from pathlib import Path

import msgspec

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._words import word_vectors
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    buckets: int = 256
    words: tuple[int, ...] = (1, 2)
    chars: tuple[int, ...] = ()


class TextRunner:
    """A loaded `text` step."""

    def __init__(self, step: Step, args: _Args) -> None:
        self._input, self._output = step.inputs[0], step.outputs[0]
        self._args = args

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Hash a text column; nulls become zeros."""
        args = self._args
        return {self._output: word_vectors(columns[self._input].tolist(), args.buckets, args.words, args.chars)}


class TextOp:
    """Hashed words. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> TextRunner:
        """Check the arguments.

        Raises:
            ProgramError: sizes below 1, no features, or not one input and one output.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a text step are wrong: {error}") from error
        sizes = args.words + args.chars
        if len(step.inputs) != 1 or len(step.outputs) != 1:
            raise ProgramError("a text step has one input and one output")
        if not sizes or min(sizes) < 1 or not 1 <= args.buckets <= 1 << 24:
            raise ProgramError("a text step needs run sizes of 1 or more, and 1 to 2^24 buckets")
        return TextRunner(step, args)


part = TextOp()
