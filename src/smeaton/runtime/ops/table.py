"""Typed rows to feature matrices: the first step of every table program, in training, predict and service alike.

Arguments (`args`):

    columns      [{"name", "type"}]: what is read, with the pinned type; every column is checked, used or not
    parts        what stands in columns (fields of objects, ranks ...: `task/parts.py`), named below like columns
    numbers      [{"column"}] numbers, integers and booleans (0, 1); [{"column", "part"}] a part of a timestamp
    categories   column names: categories and booleans, as text
    texts        column names: texts, and categories that were texts in training, which may be in `categories` too

Outputs, in this order, those that there are: `numbers` (rows, k) float64 with NaN = null; `categories` (rows, k)
object of text with `NULL_TEXT` = null; one text column with None = null for each of `texts`.

It answers tables (columns, parsed in bulk) and request rows (mappings, by compiled readers) with the same bits. A row
must not hold other columns; one that may be null may be left out.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import ProgramError, RowFault, RowsError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._features import NULL_TEXT, PARTS, moment_part
from smeaton.runtime.program import Step
from smeaton.task.parts import Part, part_column, part_reader
from smeaton.task.table import Array, Table, object_column
from smeaton.task.types import Type, label_text
from smeaton.task.values import parse_column, value_reader

_Row = Mapping[str, Any]
_FLOAT, _OBJECT = np.dtype(np.float64), np.dtype(object)  # made once: a type in their place costs half a microsecond


class _Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    type: Type


class _Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    column: str
    part: str | None = None


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    columns: tuple[_Column, ...]
    parts: tuple[Part, ...] = ()
    numbers: tuple[_Number, ...] = ()
    categories: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class TableRunner:
    """A loaded `table` step; also a `RowReader`."""

    def __init__(self, step: Step, args: _Args) -> None:
        self._outputs = step.outputs
        self._args = args
        self._types = {column.name: column.type for column in args.columns}
        self._readers = [(column.name, value_reader(column.type)) for column in args.columns]
        self._kinds = self._types | {one.name: one.type for one in args.parts}
        place = {name: i for i, name in enumerate(self._kinds)}
        self._parts = [(place[one.column], part_reader(one)) for one in args.parts]
        plain = [place[number.column] for number in args.numbers if number.part is None]
        self._pick_numbers, self._plain = _picker(plain), len(plain)
        self._all_plain = len(plain) == len(args.numbers)
        self._pick_categories = _picker([place[name] for name in args.categories])
        self._texters = [_texter(self._kinds[name]) for name in args.categories]
        self._all_text = all(texter is _plain_text for texter in self._texters)
        self._texts = [place[name] for name in args.texts]
        self._place = place

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Features of a table. Columns may be raw or typed already.

        Raises:
            RowsError: values do not fit their types.
        """
        typed, faults = dict[str, Array](), list[RowFault]()
        for name, kind in self._types.items():
            typed[name], found = parse_column(columns[name], kind, name)
            faults += found
        if faults:
            raise _refused(faults)
        for one in self._args.parts:
            typed[one.name] = part_column(one, typed[one.column])
        made: list[Array] = []
        if self._args.numbers:
            made.append(np.column_stack([_numbers(typed[n.column], n.part) for n in self._args.numbers]))
        if self._texters:
            texts = [_texts(typed[name], self._kinds[name]) for name in self._args.categories]
            made.append(np.column_stack(texts))
        made.extend(typed[name] for name in self._args.texts)
        return dict(zip(self._outputs, made, strict=True))

    @property
    def types(self) -> Mapping[str, Type]:
        """The columns it reads with their types, in the order of cells."""
        return self._types

    def rows(self, rows: Sequence[_Row]) -> dict[str, Array]:
        """Features of request rows.

        Raises:
            RowsError: a value is missing, unknown, null where none may be, or of the wrong type.
        """
        return self.encode(self.cells(rows))

    def cells(self, rows: Sequence[_Row]) -> list[list[Any]]:
        """Request rows parsed and checked: the values of each row, in the order of `types`.

        Raises:
            RowsError: a value is missing, unknown, null where none may be, or of the wrong type.
        """
        readers, count = self._readers, len(self._readers)
        try:
            cells = [[read(row[name]) for name, read in readers] for row in rows]
            for row in rows:
                if len(row) != count:
                    return self._read_slowly(rows)
        except (ValueError, KeyError, TypeError):
            return self._read_slowly(rows)
        return cells

    def encode(self, cells: Sequence[Sequence[Any]]) -> dict[str, Array]:
        """Features of rows whose values were checked already."""
        if self._parts:
            cells = [[*row, *(read(row[place]) for place, read in self._parts)] for row in cells]
        made: list[Array] = []
        if self._args.numbers:
            made.append(self._number_matrix(cells))
        if self._texters:
            made.append(self._category_matrix(cells))
        made.extend(object_column([row[i] for row in cells]) for i in self._texts)
        return dict(zip(self._outputs, made, strict=True))

    def _number_matrix(self, cells: Sequence[Sequence[Any]]) -> Array:
        pick = self._pick_numbers
        matrix = _matrix([pick(row) for row in cells], self._plain, _FLOAT)
        if self._all_plain:
            return matrix
        columns, found = [], iter(matrix.T)
        for number in self._args.numbers:
            if number.part is None:
                columns.append(next(found))
            else:
                moments = [row[self._place[number.column]] for row in cells]
                columns.append(moment_part(np.array(moments, dtype="datetime64[us]"), number.part))
        return np.column_stack(columns)

    def _category_matrix(self, cells: Sequence[Sequence[Any]]) -> Array:
        pick, texters = self._pick_categories, self._texters
        if self._all_text:
            texts = [[NULL_TEXT if cell is None else cell for cell in pick(row)] for row in cells]
        else:
            texts = [[text(cell) for text, cell in zip(texters, pick(row), strict=True)] for row in cells]
        return _matrix(texts, len(texters), _OBJECT)

    def _read_slowly(self, rows: Sequence[_Row]) -> list[list[Any]]:
        """Read rows of which one at least is odd; all faults are found before any is raised."""
        faults: list[RowFault] = []
        cells = [self._read_row(number, row, faults) for number, row in enumerate(rows)]
        if faults:
            raise _refused(faults)
        return cells

    def _read_row(self, number: int, row: Any, faults: list[RowFault]) -> list[Any]:
        if not isinstance(row, Mapping):
            faults.append(RowFault(number, "", "expected an object with one value for each column"))
            return []
        cells = []
        for name, read in self._readers:
            if name not in row and not self._types[name].optional:
                faults.append(RowFault(number, name, "is missing"))
                continue
            try:
                cells.append(read(row.get(name)))
            except ValueError as error:
                faults.append(RowFault(number, name, str(error)))
        unknown = [name for name in row if name not in self._types]
        faults.extend(RowFault(number, str(name), "is no input of this program") for name in unknown)
        return cells


def _refused(faults: list[RowFault]) -> RowsError:
    faults.sort(key=lambda fault: fault.row)
    return RowsError(faults, fix="correct these values")


def _picker(places: list[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function that takes the cells at these places from a row, in C where it can."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: [row[i] for i in places]


def _matrix(rows: Sequence[Sequence[Any]], width: int, dtype: np.dtype[Any]) -> Array:
    """Rows of cells as a matrix; None becomes NaN, booleans 0 and 1."""
    return np.array(rows, dtype=dtype) if rows else np.empty((0, width), dtype=dtype)


def _plain_text(cell: Any) -> str:
    return NULL_TEXT if cell is None else cell


def _label_text(cell: Any) -> str:
    return NULL_TEXT if cell is None else label_text(cell)


def _texter(kind: Type) -> Callable[[Any], str]:
    """How a category's cell becomes text."""
    return _plain_text if kind.type == "category" and kind.base == "text" else _label_text


def _texts(column: Array, kind: Type) -> Array:
    """A typed category column as text, `NULL_TEXT` for nulls."""
    text = _texter(kind)
    return object_column([text(cell) for cell in column.tolist()])


def _numbers(column: Array, part: str | None) -> Array:
    """A typed column as float64, NaN for nulls."""
    return column.astype(np.float64) if part is None else moment_part(column, part)


class TableOp:
    """Parses, checks and encodes typed columns. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> TableRunner:
        """Compile the readers.

        Raises:
            ProgramError: the arguments do not fit the op, or inputs and outputs do not fit the arguments.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a table step are wrong: {error}") from error
        _check(step, args)
        return TableRunner(step, args)


def _check(step: Step, args: _Args) -> None:
    kinds = {column.name: column.type for column in args.columns}
    outputs = bool(args.numbers) + bool(args.categories) + len(args.texts)
    if set(step.inputs) != set(kinds) or len(kinds) != len(args.columns):
        raise ProgramError("a table step must describe each of its inputs once")
    if any(one.column not in kinds for one in args.parts):
        raise ProgramError("a part of a table step must be of one of its columns")
    kinds |= {one.name: one.type for one in args.parts}
    if len(kinds) != len(args.columns) + len(args.parts):
        raise ProgramError("the parts of a table step must have names of their own")
    if len(step.outputs) != outputs or not outputs:
        raise ProgramError(f"a table step with these arguments has {outputs} outputs, not {len(step.outputs)}")
    uses: list[tuple[str, tuple[str, ...]]]
    uses = [(n.column, ("number", "integer", "boolean") if n.part is None else ("timestamp",)) for n in args.numbers]
    uses += [(name, ("category", "boolean")) for name in args.categories]
    uses += [(name, ("text", "category")) for name in args.texts]
    for name, wanted in uses:
        held = kinds[name].type if name in kinds else None
        if held not in wanted:
            raise ProgramError(f"the column {name!r} is {held}; here it must be {' or '.join(wanted)}")
    for name in args.texts:
        base = kinds[name].base
        if base != "text":
            raise ProgramError(f"the category column {name!r} holds values of type {base}; a text must be text")
    for number in args.numbers:
        if number.part is not None and number.part not in PARTS:
            raise ProgramError(f"a moment has no part {number.part!r}; there are: {', '.join(PARTS)}")


part = TableOp()
