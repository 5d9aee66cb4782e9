"""Types of long text columns: guessed from a sample, believed only if every cell reads as that type."""

import re

from smeaton.task.infer import infer_type
from smeaton.task.table import Array
from smeaton.task.types import Type
from smeaton.task.values import parse_column

SAMPLE = 2_000
#: Kinds that reading every cell confirms; words need counts over all cells.
_CONFIRMED = frozenset({"number", "integer", "boolean", "timestamp"})
_CODE = re.compile(r"^\s*[+-]?0[0-9]+\s*$", re.MULTILINE)


def infer_and_parse(column: Array, name: str) -> tuple[Type, Array | None]:
    """The type of a column as read, and its parsed form where that fell out on the way.

    Looking at every cell twice, once to guess and once to read, is what a build of a long table would wait for. So a
    sample of evenly spaced cells is guessed from; only if some cell does not read as that type are all looked at.

    Raises:
        DataError: the column holds something no type takes.
    """
    step = len(column) // SAMPLE
    if column.dtype != object or step < 2:
        return infer_type(column, name), None
    guess = infer_type(column[::step], name)
    if guess.type in _CONFIRMED:
        parsed, faults = parse_column(column, guess, name)
        if not faults and not _holds_codes(column):
            return guess, parsed
    return infer_type(column, name), None


def _holds_codes(column: Array) -> bool:
    """Whether some whole number begins with a zero: a code, which reading as a number would confirm and mangle."""
    return _CODE.search("\n".join(cell for cell in column.tolist() if cell.__class__ is str)) is not None
