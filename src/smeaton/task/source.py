"""The grammar of `data`: files, a query over tables, or a pipeline of steps with checks."""

import re
from typing import Any, Literal, cast

from smeaton.errors import TaskError
from smeaton.task.address import VARIABLE, is_connection, read_address
from smeaton.task.items import Item, fields, mapping, nearest, text, texts, wrong
from smeaton.task.steps import in_order
from smeaton.task.task import Bar, Data, Source, Step, StepChecks
from smeaton.task.units import age

DATA_PARTS = ("examples", "test", "documents", "unlabelled")
_SOURCE = ("files", "query", "tables", "steps", "use")
_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ROWS = re.compile(r"(>=|<=) ?([0-9]{1,15})")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%")


def read_data(item: Item) -> Data:
    """The sources of a task: one, or one for each part.

    Raises:
        TaskError: it does not follow the grammar.
        ExtraMissing: it has steps, and DuckDB, which reads their queries, is not installed.
    """
    if isinstance(item.value, dict) and not set(_SOURCE) & item.value.keys():
        parts = fields(item, (*DATA_PARTS, *_SOURCE), "data")
        return Data(**{name: _source(part) for name, part in parts.items()})
    if isinstance(item.value, dict):
        mixed = next((name for name in DATA_PARTS if name in item.value), None)
        if mixed is not None:
            raise TaskError(
                f"data is either one source or has parts; {mixed!r} is a part",
                fix="put files, query, steps and tables under examples",
                where=item.keys[mixed],
            )
    return Data(examples=_source(item))


def read_path(item: Item, expected: str) -> str:
    """A path in one line."""
    path = text(item, expected)
    if any(ord(mark) < 32 for mark in path):
        raise wrong(item, "a path in one line")
    return path


def no_secrets(item: Item, path: tuple[str, ...] = ()) -> None:
    """Check that `${NAME}` stands only in the connection strings of `tables`.

    Raises:
        TaskError: it stands elsewhere, or is not of this form.
    """
    if isinstance(item.value, dict):
        for name, part in item.value.items():
            if "${" in name:
                raise TaskError("${NAME} cannot be part of a name", fix="write it out", where=item.keys[name])
            no_secrets(part, (*path, name))
    elif isinstance(item.value, list):
        for part in item.value:
            no_secrets(part, (*path, ""))
    elif isinstance(item.value, str) and "${" in item.value:
        inside = path[:1] == ("data",) and path[-2:-1] == ("tables",)
        inside = inside and len(path) == 3 + (len(path) > 3 and path[1] in DATA_PARTS)
        if inside and ("${" in VARIABLE.sub("", item.value) or "${" in item.value.partition("#")[2]):
            raise TaskError(
                "expected ${NAME} with letters, digits and _, before the #", fix="correct the name", where=item.where
            )
        if not inside or not is_connection(item.value):
            raise TaskError(
                "${NAME} is allowed only in the connection strings of data.tables",
                fix="write the value out; secrets have no place elsewhere in a task",
                where=item.where,
            )


def _source(item: Item) -> Source:
    expected = "a path, a glob or a URI, {files: [...]}, {query: ..., tables: {...}} or {steps: ..., tables: {...}}"
    if isinstance(item.value, str):
        return Source(files=(read_path(item, expected),))
    if isinstance(item.value, list):
        raise wrong(item, expected, "write {files: [...]}")
    if not isinstance(item.value, dict):
        raise wrong(item, expected)
    parts = fields(item, _SOURCE, "a source")
    if not parts:
        raise wrong(item, expected)
    if "files" in parts:
        if len(parts) > 1:
            raise TaskError("a source has files, or a query with tables", fix="keep one of them", where=item.where)
        return Source(files=_files(parts["files"]))
    if "query" in parts and "steps" in parts:
        raise TaskError("a source has a query, or steps", fix="make the query a step", where=item.keys["query"])
    if "use" in parts and "steps" not in parts:
        raise TaskError("use names a step, and there are no steps", fix="remove it", where=item.keys["use"])
    asked = "steps" if "steps" in parts else "query"
    for key in (asked, "tables"):
        if key not in parts:
            raise TaskError(f"a source with a {asked.rstrip('s')} needs {key!r}", fix=f"add {key}", where=item.where)
    tables = {name: _table(part) for name, part in mapping(parts["tables"], _TABLES).items()}
    _once(parts["tables"], tables)
    if asked == "query":
        return Source(query=text(parts["query"], "a query in SQL"), tables=tables)
    return _pipeline(parts, tables)


_TABLES = "a mapping of table names: {name: file or postgresql://...#schema.table}"


def _files(item: Item) -> tuple[str, ...]:
    if isinstance(item.value, str):
        return (read_path(item, "a path"),)
    files = texts(item, "path")
    if not files:
        raise wrong(item, "at least one file")
    return files


def _table(item: Item) -> str:
    found = read_path(item, "a file, or an address such as postgresql://host/db#schema.table")
    try:
        read_address(found)
    except ValueError as error:  # the text itself is not repeated: it may hold a password
        raise TaskError(str(error), fix="correct the address", where=item.where) from None
    return found


def _once(item: Item, names: dict[str, Any]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise TaskError(
                f"{name!r} and {other!r} are one name in SQL", fix="give one another name", where=item.keys[name]
            )


def _pipeline(parts: dict[str, Item], tables: dict[str, str]) -> Source:
    item = parts["steps"]
    steps: dict[str, Step] = {}
    for name, part in mapping(item, "a mapping of steps: {NAME: {query: SELECT ..., checks: {...}}}").items():
        if _STEP.fullmatch(name) is None:
            raise wrong(Item(name, item.keys[name]), "a name of letters, digits and _ for a step")
        same = next((table for table in tables if table.casefold() == name.casefold()), None)
        if same is not None:
            raise TaskError(
                f"{name!r} is a table and a step at once", fix="give the step another name", where=item.keys[name]
            )
        steps[name] = _step(name, part)
    _once(item, steps)
    in_order(steps, tables, {name: _query_of(part).where for name, part in item.value.items()})
    use = text(parts["use"], "the name of a step") if "use" in parts else None
    if use is not None and use not in steps:
        raise TaskError(f"there is no step {use!r}", fix=nearest(use, steps), where=parts["use"].where)
    return Source(tables=tables, steps=steps, use=use)


def _query_of(step: Item) -> Item:
    query: Item = step if isinstance(step.value, str) else step.value["query"]
    return query


def _step(name: str, item: Item) -> Step:
    if isinstance(item.value, str):
        return Step(query=text(item, "a query in SQL"))
    parts = fields(item, ("query", "checks"), "a step")
    if "query" not in parts:
        raise TaskError(f"the step {name!r} has no query", fix="add query: SELECT ...", where=item.where)
    checks = _checks(parts["checks"]) if "checks" in parts else StepChecks()
    return Step(query=text(parts["query"], "a query in SQL"), checks=checks)


def _checks(item: Item) -> StepChecks:
    parts = fields(item, StepChecks.__struct_fields__, "checks")
    found: dict[str, Any] = {}
    for name, example in (
        ("nulls", "{amount: 0}"), ("range", "{amount: [0, 100]}"), ("fresh", "{day: 7d}"), ("values", "{state: [open]}")
    ):  # fmt: skip
        if name in parts:
            columns = mapping(parts[name], f"a mapping of columns: {example}")
            found[name] = {column: _CHECKS[name](part) for column, part in columns.items()}
    if "rows" in parts:
        found["rows"] = _bounds(parts["rows"])
    if "unique" in parts:
        found["unique"] = _keys(parts["unique"])
    if "holds" in parts:
        found["holds"] = _conditions(parts["holds"])
    return StepChecks(**found)


def _bounds(item: Item) -> tuple[Bar, ...]:
    expected = 'a bound on the number of rows such as ">= 1000", or a list of two'
    bounds: list[Bar] = []
    for part in item.value if isinstance(item.value, list) and item.value else [item]:
        found = _ROWS.fullmatch(part.value) if isinstance(part.value, str) else None
        if found is None:
            raise wrong(part, expected)
        bounds.append(Bar(op=cast(Literal[">=", "<="], found[1]), value=float(found[2])))
    return tuple(bounds)


def _missing(item: Item) -> int | float:
    share = _SHARE.fullmatch(item.value) if isinstance(item.value, str) else None
    if share is not None and float(share[1]) <= 100:
        return float(share[1]) / 100
    if isinstance(item.value, bool) or not isinstance(item.value, int) or item.value < 0:
        raise wrong(item, "how many values may be missing: a number of rows such as 0, or a share such as 5%")
    return item.value


def _range(item: Item) -> tuple[Any, Any]:
    ends = [part.value for part in item.value] if isinstance(item.value, list) else []
    kinds = {str if isinstance(end, str) else float for end in ends if end is not None}
    plain = all(end is None or (isinstance(end, str | int | float) and not isinstance(end, bool)) for end in ends)
    if len(ends) != 2 or not plain or len(kinds) != 1:
        raise wrong(item, "the least and the greatest value: [0, 100], [0, null] or [2020-01-01, null]")
    if None not in ends and ends[0] > ends[1]:
        raise TaskError(f"the range ends before it begins: {ends[0]} > {ends[1]}", fix="swap them", where=item.where)
    return ends[0], ends[1]


def _age(item: Item) -> float:
    try:
        found = age(item.value)
    except ValueError as error:
        raise TaskError(str(error), fix="write the number with its unit", where=item.where) from error
    if not found:
        raise wrong(item, "an age of more than nothing")
    return found


def _values(item: Item) -> tuple[Any, ...]:
    values = [part.value for part in item.value] if isinstance(item.value, list) else []
    kinds = {str if isinstance(value, str) else bool if isinstance(value, bool) else float for value in values}
    if not values or len(kinds) != 1 or not all(isinstance(value, str | bool | int | float) for value in values):
        raise wrong(item, "a list of the values that may stand there, all texts or all numbers")
    if len(set(values)) != len(values):
        raise TaskError("a value stands twice in the list", fix="remove one", where=item.where)
    return tuple(values)


def _keys(item: Item) -> tuple[tuple[str, ...], ...]:
    if isinstance(item.value, list) and item.value and all(isinstance(part.value, list) for part in item.value):
        keys = tuple(texts(part, "column's name") for part in item.value)
    else:
        keys = (texts(item, "column's name"),)
    if not all(keys):
        raise wrong(item, "the columns of a key: [order_id], or several keys: [[order_id], [customer, day]]")
    return keys


def _conditions(item: Item) -> tuple[str, ...]:
    from smeaton.task.sql import read_query

    conditions = texts(item, "condition in SQL")
    for part in item.value:
        try:
            read_query(f"SELECT (\n{part.value}\n)")
        except ValueError as error:
            raise TaskError(
                f"this is no condition in SQL: {error}", fix="write one such as amount >= discount", where=part.where
            ) from error
    return conditions


_CHECKS: dict[str, Any] = {"nulls": _missing, "range": _range, "fresh": _age, "values": _values}
