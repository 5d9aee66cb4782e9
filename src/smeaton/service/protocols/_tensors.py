"""Tensors of a request as columns: names, datatypes, shapes and nulls; elements from JSON, or from the bytes behind it.

A path is made only for what is refused: a request may hold many tensors.
"""

from typing import Any

from smeaton.service.problem import Problem
from smeaton.service.protocols._binary import elements
from smeaton.service.protocols._datatypes import BINARY_ONLY, DATATYPES, FLOATS
from smeaton.service.protocols._elements import is_nested, json_values, scalars, vectors
from smeaton.service.protocols._form import Form, Input
from smeaton.service.protocols._refused import wrong

_NONE: frozenset[int] = frozenset()


class Tensor:
    """A tensor of a request: `columns` are the inputs it holds, `values` a list of values for each. It has `rows` rows
    of `width` elements."""

    __slots__ = ("columns", "nested", "path", "rows", "values", "width")

    def __init__(self, path: str, columns: tuple[str, ...], rows: int, width: int) -> None:
        self.path = path
        self.columns = columns
        self.rows, self.width = rows, width
        self.nested = False
        self.values: list[list[Any]] = []

    def spot(self, row: int, column: str) -> str:
        """The path to a value."""
        place = self.columns.index(column)
        if not self.nested:
            return f"{self.path}.data[{row * self.width + place}]"
        return f"{self.path}.data[{row}][{place}]" if len(self.columns) > 1 else f"{self.path}.data[{row}]"


def read_tensor(form: Form, given: Any, data: memoryview | None, path: str) -> Tensor:
    """A tensor of a request, its form and its elements checked as far as its datatype goes. `data` are its bytes, where
    it is sent so.

    Raises:
        Problem: what is wrong, with the path to it.
    """
    if given.__class__ is not dict:
        raise wrong("invalid_value", "an object was expected", path)
    quick = _quick(form, given, path)
    if quick is not None:
        return quick
    name: Any = given.get("name")
    shape: Any = given.get("shape")
    column = form.inputs.get(name) if name.__class__ is str else None
    if column is None:
        tensor = _table(form, shape, path)
    else:
        tensor = Tensor(path, (name,), *_size(shape, column, path))
    datatype = _datatype(form, given.get("datatype"), column, path)
    if tensor.rows > form.limits.rows:
        raise Problem(413, "too_many_rows", f"at most {form.limits.rows:,} rows fit in one request", f"{path}.shape")
    nulls = _nulls(given, tensor, column) if "parameters" in given else _NONE
    if data is None:
        _from_json(tensor, given.get("data"), datatype, column, nulls)
    else:
        from_binary(form, tensor, data, datatype, column, nulls)
    if column is not None and column.json:
        tensor.values = [json_values(tensor.values[0], form.limits, lambda row: tensor.spot(row, name))]
    return tensor


def _quick(form: Form, given: dict[str, Any], path: str) -> Tensor | None:
    """A tensor in the form that most have: a column of its own datatype, flat, nothing beside it. None where more must
    be looked at: what is wrong is said there, and what is taken here would be taken there."""
    name: Any = given.get("name")
    shape: Any = given.get("shape")
    data: Any = given.get("data")
    if name.__class__ is not str or shape.__class__ is not list or data.__class__ is not list or len(given) != 4:
        return None
    column, rows = form.inputs.get(name), len(data)
    if column is None or column.plain is None or given.get("datatype") != column.datatype:
        return None
    if not shape or shape[0].__class__ is not int or shape[0] != rows or rows > form.limits.rows:
        return None
    if len(shape) > 1 and (len(shape) > 2 or shape[1].__class__ is not int or shape[1] != 1):
        return None
    if not column.plain.issuperset(map(type, data)):
        return None
    tensor = Tensor(path, (name,), rows, 1)
    tensor.values = [data]
    return tensor


def from_binary(
    form: Form, tensor: Tensor, data: memoryview, datatype: str, column: Input | None, nulls: frozenset[int] = _NONE
) -> None:
    """Fill a tensor from its bytes.

    Raises:
        Problem: they are not those of so many elements, or one is none of the datatype.
    """
    width = tensor.width
    vector = column is not None and column.vector
    count = tensor.rows * width
    found = elements(datatype, count, data, _NONE if vector else nulls, tensor.path, form.limits.text)
    if vector:
        parts = [found[at : at + width] for at in range(0, count, width)]
        tensor.values = [vectors(parts, tensor.rows, width, datatype, nulls, tensor.path)]
    else:
        tensor.values = _columns(found, width)


def _from_json(tensor: Tensor, data: Any, datatype: str, column: Input | None, nulls: frozenset[int]) -> None:
    path = tensor.path
    if datatype in BINARY_ONLY:
        raise wrong("invalid_datatype", f"{datatype} is sent in binary only", f"{path}.datatype")
    if data.__class__ is not list:
        raise wrong("invalid_value", "a list was expected", f"{path}.data")
    rows, width = tensor.rows, tensor.width
    if column is not None and column.vector:
        tensor.nested = is_nested(data) or len(data) == rows
        tensor.values = [vectors(data, rows, width, datatype, nulls, path)]
        return
    found = scalars(data, rows * width, width, datatype, nulls, path)
    tensor.nested = found is not data and is_nested(data)
    tensor.values = _columns(found, width)


def _table(form: Form, shape: Any, path: str) -> Tensor:
    """A tensor that is named like no input: all numbers at once, if its shape says so."""
    sizes = shape if _is_shape(shape) and len(shape) == 2 else None
    single = len(form.inputs) == 1
    if not form.table or sizes is None or (sizes[1] < 2 and not single):
        raise wrong("unknown_input", f"the inputs are: {', '.join(form.inputs)}", f"{path}.name")
    if sizes[1] != len(form.table):
        message = f"a tensor of all numbers is [n, {len(form.table)}]: {', '.join(form.table)}"
        raise wrong("invalid_shape", message, f"{path}.shape")
    return Tensor(path, form.table, sizes[0], sizes[1])


def _is_shape(shape: Any) -> bool:
    if shape.__class__ is not list or not shape or set(map(type, shape)) != {int}:
        return False
    return bool(min(shape) >= 0)


def _size(shape: Any, column: Input, path: str) -> tuple[int, int]:
    """Rows, and elements of each."""
    if not _is_shape(shape):
        raise wrong("invalid_shape", "a list of sizes was expected", f"{path}.shape")
    if not column.vector:
        if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            message = "the shape must be [n, 1] or [n]: one tensor a column"
            raise wrong("invalid_shape", message, f"{path}.shape")
        return shape[0], 1
    if len(shape) != 2 or not shape[1] or column.width not in (-1, shape[1]):
        length = "d" if column.width < 0 else str(column.width)
        raise wrong("invalid_shape", f"the shape must be [n, {length}]: a vector a row", f"{path}.shape")
    return shape[0], shape[1]


def _datatype(form: Form, given: Any, column: Input | None, path: str) -> str:
    takes = form.table_takes if column is None else column.takes
    if given.__class__ is str and given in takes:
        return str(given)
    if given not in DATATYPES if given.__class__ is str else True:
        message = f"the datatypes are: {', '.join(sorted(DATATYPES))}"
    elif column is not None:
        message = f"this input takes {column.datatype}"
    elif given in FLOATS:
        message = "an integer input may be null here: send whole numbers, or each input as a tensor of its own"
    else:
        message = "a tensor of all numbers was expected"
    raise wrong("invalid_datatype", message, f"{path}.datatype")


def _nulls(given: dict[str, Any], tensor: Tensor, column: Input | None) -> frozenset[int]:
    """What `parameters.nulls` says is null: numbers of rows, in a table tensor those of elements."""
    path, parameters = f"{tensor.path}.parameters", given["parameters"]
    if parameters is None:
        return _NONE
    if parameters.__class__ is not dict:
        raise wrong("invalid_value", "an object was expected", path)
    nulls = parameters.get("nulls")
    if nulls is None:
        return _NONE
    if nulls.__class__ is not list:
        raise wrong("invalid_value", "a list of row numbers was expected", f"{path}.nulls")
    count = tensor.rows if column is not None else tensor.rows * tensor.width
    for place, number in enumerate(nulls):
        if number.__class__ is not int or not 0 <= number < count:
            message = f"a number from 0 to {count - 1:,} was expected" if count else "there is no element"
            raise wrong("invalid_value", message, f"{path}.nulls[{place}]")
    return frozenset(nulls)


def _columns(found: list[Any], width: int) -> list[list[Any]]:
    """Elements as one list of values for each column."""
    return [found] if width == 1 else [found[place::width] for place in range(width)]
