"""The forms in which the servers are asked: rows to a body, a reply to the probability of true."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.model import CATEGORIES, NUMBERS

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Wire:
    """One form. `read` is given the decoded reply to one row, and fails on anything that holds no probability."""

    wrap: Callable[[Sequence[Row]], Any]
    read: Callable[[Any], float]


def _tensors(rows: Sequence[Row]) -> Any:
    """One tensor of the numbers and one of the categories; a column that a row lacks is left out of the data."""
    parts = {"numbers": ("FP64", NUMBERS), "categories": ("BYTES", CATEGORIES)}
    return {
        "inputs": [
            {
                "name": name,
                "shape": [len(rows), len(columns)],
                "datatype": datatype,
                "data": [row[column] for row in rows for column in columns if column in row],
            }
            for name, (datatype, columns) in parts.items()
        ]
    }


def _columns(rows: Sequence[Row]) -> Any:
    """One tensor a column, the way of tables in the protocol."""
    return {
        "inputs": [
            {
                "name": column,
                "shape": [len(rows), 1],
                "datatype": "FP64" if column in NUMBERS else "BYTES",
                "data": [row[column] for row in rows],
            }
            for column in (*NUMBERS, *CATEGORIES)
            if all(column in row for row in rows)
        ]
    }


def _number(value: Any) -> float:
    if not isinstance(value, float):
        raise TypeError(f"{type(value).__name__} instead of a probability")
    return value


def _of_outputs(reply: Any) -> float:
    return _number(reply["outputs"][0]["data"][1])


WIRES = {
    "rows": Wire(
        lambda rows: {"rows": list(rows)},
        lambda reply: _number(reply["predictions"][0]["probability"]["true"]),
    ),
    "list": Wire(lambda rows: {"rows": list(rows)}, lambda reply: _number(reply[0]["probability"]["true"])),
    "records": Wire(lambda rows: {"dataframe_records": list(rows)}, lambda reply: _number(reply["predictions"][0])),
    "tensors": Wire(_tensors, _of_outputs),
    "columns": Wire(_columns, _of_outputs),
}
