"""SQL over tables: they are loaded, then DuckDB is shut in, then the query runs on what is inside."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.sources._columns import from_masked
from smeaton.errors import DataError
from smeaton.extras import needs
from smeaton.task.infer import infer_type
from smeaton.task.table import Array
from smeaton.task.values import parse_column

if TYPE_CHECKING:
    from smeaton.data.read import Raw


def run_query(query: str, tables: "Mapping[str, Raw]") -> dict[str, Array]:
    """The answer of one SELECT over the named tables.

    Columns of text files get the types that `task/infer.py` sees in them. One thread: the same query gives the same
    rows in the same order, and sums add up in the same order.

    Raises:
        DataError: the query is not one SELECT, or DuckDB refuses it.
    """
    with needs("build"):
        import duckdb
    with duckdb.connect(":memory:", config={"threads": 1}) as engine:
        for name, raw in tables.items():
            _load(engine, name, raw)
        # The order matters: once the configuration is locked nothing can be opened again.
        for setting in ("python_enable_replacements", "enable_external_access"):
            engine.execute(f"SET {setting} = false")
        engine.execute("SET lock_configuration = true")
        try:
            statements = engine.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise DataError("the query is not one SELECT", where="query", fix="write a single SELECT statement")
            answer = engine.execute(statements[0]).fetchnumpy()
        except duckdb.Error as error:
            raise DataError(
                str(error).strip().splitlines()[0],
                where="query",
                fix=f"a query sees only its tables: {', '.join(tables) or 'none are given'}",
            ) from error
    return {name: from_masked(column) for name, column in answer.items()}


def _load(engine: Any, name: str, raw: "Raw") -> None:
    table = {}
    for column, values in raw.table.items():
        if values.dtype != object:
            table[column] = values
            continue
        parsed, faults = parse_column(values, infer_type(values, column), column)
        table[column] = values if faults else parsed
    registered = "smeaton_loading"
    engine.register(registered, {key: _one_kind(values) for key, values in table.items()})
    quoted = '"' + name.replace('"', '""') + '"'
    engine.execute(f"CREATE TABLE {quoted} AS SELECT * FROM {registered}")  # noqa: S608
    engine.unregister(registered)


def _one_kind(column: Array) -> Array:
    """Objects of one type as they are; mixed ones (labels 1 and 'a') as text: a SQL column has one type."""
    if column.dtype != object:
        return column
    kinds = set(map(type, column.tolist())) - {type(None)}
    if len(kinds) == 1:
        return column
    return np.array([None if value is None else str(value) for value in column.tolist()], dtype=object)
