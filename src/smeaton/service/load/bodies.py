"""Rows as bodies of requests, wire by wire."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from smeaton.errors import InputError

Row = Mapping[str, Any]

WIRES = ("rest", "oip", "v1")


def read_rows(path: Path) -> list[Row]:
    """Rows of a file, one JSON object a line; a line of a bundle's samples gives its `input`.

    Raises:
        InputError: the file cannot be read, or holds no rows.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror}", fix="name a file of rows", where=str(path)) from error
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(msgspec.json.decode(line, type=dict[str, Any]))
        except msgspec.MsgspecError as error:
            where = f"{path}:{number}"
            raise InputError(f"no row: {error}", fix="write one JSON object a line", where=where) from error
    if not rows:
        raise InputError("there are no rows in it", fix="give rows to ask: --rows FILE.jsonl", where=str(path))
    samples = all(isinstance(row.get("input"), dict) and row.keys() <= {"input", "output"} for row in rows)
    return [row["input"] for row in rows] if samples else rows


def groups(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    """As many groups of `size` rows as there are rows, round and round, so that each row is asked equally often."""
    for start in range(len(rows)):
        yield [rows[(start * size + number) % len(rows)] for number in range(size)]


def path_of(wire: str, name: str) -> str:
    """Where a model answers on a wire."""
    return {"rest": f"/models/{name}/predict", "oip": f"/v2/models/{name}/infer", "v1": f"/v1/models/{name}:predict"}[
        wire
    ]


def bodies(wire: str, rows: Sequence[Row], size: int, inputs: Sequence[Mapping[str, Any]] = ()) -> list[bytes]:
    """Bodies with `size` rows each. `inputs` are those of the model's V2 metadata (name, datatype), for `oip`."""
    encode = msgspec.json.encode
    if wire == "oip":
        return [encode({"inputs": [_tensor(kind, group) for kind in inputs]}) for group in groups(rows, size)]
    key = "rows" if wire == "rest" else "instances"
    return [encode({key: group}) for group in groups(rows, size)]


def _tensor(kind: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """A column of the rows as a tensor [n, 1]."""
    name, datatype = kind["name"], kind["datatype"]
    return {"name": name, "datatype": datatype, "shape": [len(rows), 1], "data": [row.get(name) for row in rows]}
