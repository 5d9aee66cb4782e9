"""The same rows give the same answers on every wire, bit for bit: REST, V1, V2 in JSON, V2 in binary; nulls too."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.protocols.by_hand import packed, unpacked

from smeaton.task.types import Type

DATATYPES = {"age": "FP64", "visits": "INT64", "member": "BOOL", "plan": "BYTES", "opened": "BYTES", "note": "BYTES"}
SUMS = {"a": "FP64", "b": "INT64", "c": "BOOL"}
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufdd0"), min_size=1, max_size=20)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.isoformat() + "Z")
ROW = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 1e300, allow_nan=False) | st.integers(0, 2**53),
        "visits": st.integers(-(2**53), 2**53),
        "member": st.booleans(),
        "plan": st.sampled_from(["basic", "pro"]) | TEXT,
        "opened": st.none() | MOMENT,
        "note": st.none() | TEXT,
    }
)
NULLABLE = st.fixed_dictionaries(
    {
        "a": st.none() | st.floats(-1e6, 1e6, allow_nan=False),
        "b": st.none() | st.integers(-1000, 1000),
        "c": st.none() | st.booleans(),
    }
)
Wire = Callable[[list[dict[str, Any]]], Awaitable[list[dict[str, Any]]]]


class Wires:
    """Asks one model over each wire, and gives the answers as REST does."""

    def __init__(self, client: Any, name: str, datatypes: dict[str, str]) -> None:
        self._client, self._name, self._datatypes = client, name, datatypes

    def all(self) -> dict[str, Wire]:
        return {
            "rest": self._rest,
            "v1 objects": self._v1,
            "v1 lists": lambda rows: self._v1([[row[name] for name in self._datatypes] for row in rows]),
            "v2 flat": lambda rows: self._v2(self._tensors(rows)),
            "v2 nested": lambda rows: self._v2(self._tensors(rows, nested=True)),
            "v2 nulls named": lambda rows: self._v2(self._tensors(rows, named=True)),
            "v2 binary": lambda rows: self._binary(rows, True),
            "v2 binary in, JSON out": lambda rows: self._binary(rows, False),
        }

    async def _send(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[bytes, Any]:
        status, found, told = await self._client.asend("POST", path, body, headers)
        assert status == 200, found
        return found, told

    async def _rest(self, rows: list[Any]) -> list[dict[str, Any]]:
        body, _ = await self._send(f"/models/{self._name}/predict", json.dumps({"rows": rows}).encode())
        return list(json.loads(body)["predictions"])

    async def _v1(self, instances: list[Any]) -> list[dict[str, Any]]:
        body, _ = await self._send(f"/v1/models/{self._name}:predict", json.dumps({"instances": instances}).encode())
        return list(json.loads(body)["predictions"])

    async def _v2(self, tensors: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body, headers = await self._send(f"/v2/models/{self._name}/infer", json.dumps({"inputs": tensors}).encode())
        return _rows(unpacked(body, headers))

    async def _binary(self, rows: list[Any], out: bool) -> list[dict[str, Any]]:
        tensors = self._tensors(rows, named=True, placeholders=False)
        given, headers = packed(tensors, parameters={"binary_data_output": out})
        body, told = await self._send(f"/v2/models/{self._name}/infer", given, headers)
        assert ("inference-header-content-length" in told) is out
        return _rows(unpacked(body, told))

    def _tensors(
        self, rows: list[dict[str, Any]], nested: bool = False, named: bool = False, placeholders: bool = True
    ) -> list[dict[str, Any]]:
        """One tensor a column. `named`: nulls are named in `nulls`; `placeholders`: something else stands there."""
        tensors = []
        for name, datatype in self._datatypes.items():
            values = [row[name] for row in rows]
            tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": [len(rows), 1]}
            nulls = [number for number, value in enumerate(values) if value is None]
            if named and nulls and (placeholders or datatype in ("INT64", "BOOL")):
                tensor["parameters"] = {"nulls": nulls}
                values = ["?" if value is None and placeholders else value for value in values]
            tensors.append(tensor | {"data": [[value] for value in values] if nested else values})
        return tensors


def _rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Output tensors as REST's predictions."""
    outputs = {output["name"]: output for output in content["outputs"]}
    rows = [{"prediction": value} for value in outputs["prediction"]["data"]]
    if "probability" in outputs:
        labels, shares = outputs["probability"]["parameters"]["labels"], outputs["probability"]["data"]
        for number, row in enumerate(rows):
            start = number * len(labels)
            row["probability"] = dict(zip(labels, shares[start : start + len(labels)], strict=True))
    return rows


def same(wires: Wires, rows: list[dict[str, Any]]) -> None:
    async def ask() -> dict[str, str]:
        return {name: json.dumps(await wire(rows)) for name, wire in wires.all().items()}

    answers = asyncio.run(ask())
    assert answers == dict.fromkeys(answers, answers["rest"])
    assert len(json.loads(answers["rest"])) == len(rows)


@pytest.fixture
def churn_wires(client: Any, churn: Any) -> Wires:
    return Wires(client(churn), "churn", DATATYPES)


@pytest.fixture
def sums_wires(client: Any, sums: Any) -> Wires:
    number, integer, boolean = (Type(type=kind, optional=True) for kind in ("number", "integer", "boolean"))
    return Wires(client(sums(a=number, b=integer, c=boolean)), "sums", SUMS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=4))
def test_rows_of_every_type(churn_wires: Wires, rows: list[dict[str, Any]]) -> None:
    same(churn_wires, rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(NULLABLE, min_size=1, max_size=4))
def test_nulls_of_numbers_whole_numbers_and_booleans(sums_wires: Wires, rows: list[dict[str, Any]]) -> None:
    same(sums_wires, rows)
