"""Tensors of a request as columns: names, datatypes, shapes, nulls; elements from JSON, or from the bytes behind it."""

from itertools import chain
from typing import Any

from smeaton.service.body import parse_object
from smeaton.service.problem import Problem
from smeaton.service.protocols._binary import elements
from smeaton.service.protocols._datatypes import BINARY_ONLY, DATATYPES, FLOATS, INTEGERS, LARGEST, RANGES
from smeaton.service.protocols._form import Form, Input
from smeaton.service.protocols._refused import wrong
from smeaton.service.settings import Limits

_NULL = type(None)
_KINDS: dict[str, frozenset[type]] = {
    **dict.fromkeys(FLOATS, frozenset({int, float, _NULL})),
    **dict.fromkeys(INTEGERS, frozenset({int, _NULL})),
    "BOOL": frozenset({bool, _NULL}),
    "BYTES": frozenset({str, _NULL}),
}
#: What an element may be at most: a float64 too large for FP32 would be infinite there.
_BOUNDS: dict[str, tuple[float, float]] = {
    **RANGES,
    **{name: (-LARGEST[name], LARGEST[name]) for name in ("FP16", "FP32")},
}


class Tensor:
    """A tensor of a request: `columns` are the inputs it holds, `values` a list of values for each."""

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
    name: Any = given.get("name")
    shape: Any = given.get("shape")
    column = form.inputs.get(name) if name.__class__ is str else None
    if column is None:
        tensor = _table(form, shape, path)
        takes = form.table_takes
    else:
        tensor = Tensor(path, (name,), *_size(shape, column, f"{path}.shape"))
        takes = column.takes
    datatype = _datatype(given.get("datatype"), takes, column, path)
    if tensor.rows > form.limits.rows:
        raise Problem(413, "too_many_rows", f"at most {form.limits.rows:,} rows fit in one request", f"{path}.shape")
    vector = column is not None and column.vector
    nulls = _nulls(given, tensor, vector, path)
    if data is not None:
        found = elements(datatype, tensor.rows * tensor.width, data, nulls, path, form.limits.text)
    else:
        found = _from_json(given.get("data"), datatype, tensor, nulls, vector)
    tensor.values = columns_of(found, tensor, vector)
    if column is not None and column.json:
        tensor.values = [json_values(found, form.limits, tensor)]
    return tensor


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
    return shape.__class__ is list and bool(shape) and all(size.__class__ is int and size >= 0 for size in shape)


def _size(shape: Any, column: Input, path: str) -> tuple[int, int]:
    """Rows, and elements of each."""
    if not _is_shape(shape):
        raise wrong("invalid_shape", "a list of sizes was expected", path)
    if not column.vector:
        if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            raise wrong("invalid_shape", "the shape must be [n, 1] or [n]: one tensor a column", path)
        return shape[0], 1
    if len(shape) != 2 or not shape[1] or column.width not in (-1, shape[1]):
        length = "d" if column.width < 0 else str(column.width)
        raise wrong("invalid_shape", f"the shape must be [n, {length}]: a vector a row", path)
    return shape[0], shape[1]


def _datatype(given: Any, takes: frozenset[str], column: Input | None, path: str) -> str:
    if given.__class__ is not str or given not in DATATYPES:
        raise wrong("invalid_datatype", f"the datatypes are: {', '.join(sorted(DATATYPES))}", f"{path}.datatype")
    if given not in takes:
        if column is not None:
            message = f"this input takes {column.datatype}"
        elif given in FLOATS:
            message = "an integer input may be null here: send whole numbers, or each input as a tensor of its own"
        else:
            message = "a tensor of all numbers was expected"
        raise wrong("invalid_datatype", message, f"{path}.datatype")
    return str(given)


def _nulls(given: dict[str, Any], tensor: Tensor, vector: bool, path: str) -> frozenset[int]:
    """Numbers of the elements that `parameters.nulls` says are null. For a vector it names rows."""
    parameters = given.get("parameters")
    if parameters is None:
        return frozenset()
    if parameters.__class__ is not dict:
        raise wrong("invalid_value", "an object was expected", f"{path}.parameters")
    nulls = parameters.get("nulls")
    if nulls is None:
        return frozenset()
    if nulls.__class__ is not list:
        raise wrong("invalid_value", "a list of row numbers was expected", f"{path}.parameters.nulls")
    count = tensor.rows if vector else tensor.rows * tensor.width
    for place, number in enumerate(nulls):
        if number.__class__ is not int or not 0 <= number < count:
            message = f"a number from 0 to {count - 1:,} was expected" if count else "there is no element"
            raise wrong("invalid_value", message, f"{path}.parameters.nulls[{place}]")
    if vector:
        return frozenset(row * tensor.width + place for row in nulls for place in range(tensor.width))
    return frozenset(nulls)


def _from_json(data: Any, datatype: str, tensor: Tensor, nulls: frozenset[int], vector: bool) -> list[Any]:
    path = tensor.path
    if datatype in BINARY_ONLY:
        raise wrong("invalid_datatype", f"{datatype} is sent in binary only", f"{path}.datatype")
    if data.__class__ is not list:
        raise wrong("invalid_value", "a list was expected", f"{path}.data")
    kinds = set(map(type, data))
    if list in kinds:
        tensor.nested = True
        data = _flat(data, tensor, vector)
        kinds = set(map(type, data))
    count = tensor.rows * tensor.width
    if len(data) != count:
        message = f"the number of elements is not the product of the shape, {count:,}"
        raise wrong("invalid_shape", message, f"{path}.shape")
    if nulls:
        data = [None if number in nulls else value for number, value in enumerate(data)]
        kinds = set(map(type, data))
    odd = _odd(data, datatype, kinds)
    if odd is not None:
        row, place = divmod(odd, tensor.width)
        path = f"{path}.data[{odd}]"
        if tensor.nested:
            path = f"{tensor.path}.data[{row}]" + (f"[{place}]" if tensor.width > 1 else "")
        raise wrong("invalid_value", f"an element of {datatype} was expected", path)
    return list(data)


def _flat(data: list[Any], tensor: Tensor, vector: bool) -> list[Any]:
    """Nested `[[a, b], [c, d]]` row by row. Null in place of a vector is one null for each of its elements."""
    width = tensor.width
    rows = [[None] * width if item is None and vector else item for item in data]
    for number, item in enumerate(rows):
        if item.__class__ is not list or len(item) != width:
            raise wrong("invalid_shape", f"a list of {width:,} was expected", f"{tensor.path}.data[{number}]")
    return list(chain.from_iterable(rows))


def _odd(data: list[Any], datatype: str, kinds: set[type]) -> int | None:
    """The first element that a datatype does not have."""
    known = _KINDS[datatype]
    if not kinds <= known:
        return next(number for number, value in enumerate(data) if type(value) not in known)
    low, high = _BOUNDS.get(datatype, (None, None))
    if low is None or high is None:
        return None
    values = data if _NULL not in kinds else [value for value in data if value is not None]
    if not values or (low <= min(values) and max(values) <= high):
        return None
    return next(number for number, value in enumerate(data) if value is not None and not low <= value <= high)


def columns_of(found: list[Any], tensor: Tensor, vector: bool) -> list[list[Any]]:
    """Elements as one list of values for each column; a vector without any number is null."""
    width = tensor.width
    if vector:
        rows = [found[at : at + width] for at in range(0, len(found), width)]
        return [[None if all(value is None for value in row) else row for row in rows]]
    return [found] if width == 1 else [found[place::width] for place in range(width)]


def json_values(found: list[Any], limits: Limits, tensor: Tensor) -> list[Any]:
    """Values of type json from their texts, None for null.

    Raises:
        Problem: a text is no JSON.
    """
    (name,) = tensor.columns
    return [_json(value, limits, tensor.spot(row, name)) for row, value in enumerate(found)]


def _json(value: Any, limits: Limits, path: str) -> Any:
    """A value of type json, from its text. It is read as strictly as a body."""
    if value is None or not value.strip():
        return None
    try:
        found = parse_object(b'{"value":' + value.encode() + b"}", limits)
    except Problem as error:
        raise wrong("invalid_value", "JSON was expected", path) from error
    if len(found) > 1:
        raise wrong("invalid_value", "one value of JSON was expected", path)
    return found["value"]
