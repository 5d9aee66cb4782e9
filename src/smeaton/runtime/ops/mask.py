"""Columns replaced by stable tokens, so that a value can be told from others and not be read. Pure.

For each input one output: `<name_1a2b3c4d5e6f>`, the same for the same value of the same column; null stays null. A
value is replaced whole, whatever its type. Arguments: `columns`, what each input is called in its tokens, and `salt`
(16 characters or more), without which nobody can make the token of a guessed value.

The token is the beginning (48 bits) of HMAC-SHA256 (RFC 2104) with the salt as the key, over the canonical JSON of name
and value.
"""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._chat_cell import as_json
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table, object_column

_DIGITS = 12
_SALT = 16  # the fewest characters


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    columns: tuple[str, ...]
    salt: str


def token(salt: str, name: str, value: Any) -> str | None:
    """The token of one typed value of the column `name`, None for null."""
    shown = as_json(value)
    if shown is None:
        return None
    message = msgspec.json.encode([name, shown], order="deterministic")
    return f"<{name}_{hmac.new(salt.encode(), message, hashlib.sha256).hexdigest()[:_DIGITS]}>"


class MaskRunner:
    """A loaded `mask` step."""

    def __init__(self, step: Step, args: _Args) -> None:
        self._columns = tuple(zip(step.inputs, step.outputs, args.columns, strict=True))
        self._salt = args.salt

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Tokens for every value."""
        return {
            output: object_column([token(self._salt, name, value) for value in columns[column]])
            for column, output, name in self._columns
        }


class MaskOp:
    """Columns as tokens. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> MaskRunner:
        """Check the arguments.

        Raises:
            ProgramError: they are wrong, or there is not one output and one name for each input.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a mask step are wrong: {error}") from error
        if len(args.salt) < _SALT:
            raise ProgramError(f"the salt of a mask step has {_SALT} characters or more")
        if not len(step.inputs) == len(step.outputs) == len(args.columns):
            raise ProgramError("a mask step has one output and one name for each input")
        return MaskRunner(step, args)


part = MaskOp()
