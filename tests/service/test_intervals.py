"""Prediction intervals are the same over every wire, in Python and in a file, whatever the inputs are called."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smeaton
from smeaton.bundle.verify import verify
from smeaton.flow.predict import predict_file
from smeaton.runtime.ops.interval import Band, ends
from smeaton.service.protocols._datatypes import output_datatype
from smeaton.task.types import Type

CALLED_ALIKE = {"low": Type(type="number"), "high": Type(type="number", optional=True)}
BAND = Band(low=-1.5, high=2.0, points=(0.0, 10.0), scales=(1.0, 3.0), min=0.0)


@pytest.fixture(params=[{}, CALLED_ALIKE], ids=["plain", "inputs called low and high"])
def bundle(request: pytest.FixtureRequest, make_interval_bundle: Any, tmp_path: Path) -> Path:
    path: Path = make_interval_bundle(tmp_path, request.param).path
    return path


def rows_of(bundle: Path, row: dict[str, Any]) -> list[dict[str, Any]]:
    with smeaton.load(bundle) as model:
        more = {"low": 3.0, "high": 4.0} if "low" in model.task.input_types else {}
    return [{**row, **more}, {**row, **more, "age": 95.0, "plan": "basic"}]


def test_they_are_the_same_everywhere(bundle: Path, row: dict[str, Any], client: Any, tmp_path: Path) -> None:
    rows = rows_of(bundle, row)
    with smeaton.load(bundle) as model:
        answers = model.predict(rows)
    prediction = np.array([answer["prediction"] for answer in answers])
    low, high = ends(BAND, prediction)
    assert [answer["low"] for answer in answers] == low.tolist()
    assert [answer["high"] for answer in answers] == high.tolist()
    served = client(bundle)
    assert served.post("/predict", {"rows": rows})[1]["predictions"] == answers
    inputs = [
        {"name": name, "shape": [2], "datatype": "BYTES" if isinstance(value, str) else "BOOL" if value is True else
         "INT64" if isinstance(value, int) else "FP64", "data": [one[name] for one in rows]}
        for name, value in rows[0].items()
    ]  # fmt: skip
    outputs = served.post("/v2/models/spend/infer", {"inputs": inputs})[1]["outputs"]
    assert [(one["name"], one["datatype"], one["shape"]) for one in outputs] == [
        (name, "FP64", [2, 1]) for name in ("prediction", "low", "high")
    ]
    assert outputs[1]["data"] == low.tolist()
    table = {name: [one[name] for one in rows] for name in rows[0]}
    source, target = tmp_path / "rows.csv", tmp_path / "out.csv"
    lines = [",".join(table), *(",".join(str(value) for value in one.values()) for one in rows)]
    source.write_text("\n".join(lines) + "\n")
    predict_file(bundle, source, target)
    head, first, *_ = target.read_text().splitlines()
    assert head == "prediction,low,high,error"
    assert first.split(",")[1:3] == [repr(float(low[0])), repr(float(high[0]))]


def test_they_are_described_and_verified(bundle: Path, client: Any) -> None:
    document = client(bundle).get("/openapi.json")[1]
    answer = document["components"]["schemas"]["spend.answer"]
    assert answer["required"] == ["prediction", "low", "high"]
    assert answer["properties"]["low"]["type"] == ["number", "null"]
    assert "90%" in answer["properties"]["high"]["description"]
    metadata = client(bundle).get("/v2/models/spend")[1]
    assert [one["name"] for one in metadata["outputs"]] == ["prediction", "low", "high"]
    verdict = verify(bundle)
    assert verdict.ok
    assert verdict.compared == "exact"
    with smeaton.load(bundle) as model:
        assert output_datatype(model.task, "low") == "FP64"


def test_a_row_that_cannot_be_read_has_no_interval(bundle: Path, row: dict[str, Any], tmp_path: Path) -> None:
    one = rows_of(bundle, row)[0]
    source, target = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    source.write_text(
        ",".join(one) + "\n" + ",".join("?" if name == "visits" else str(v) for name, v in one.items()) + "\n"
    )
    predict_file(bundle, source, target)
    assert '"prediction": null, "low": null, "high": null, "error": "visits' in target.read_text()
