"""Many labels, labels in order and structures from a task file to a board, a bundle, a file and a service, with the
constant baseline alone."""

import csv
import json
import random
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

import smeaton
from smeaton.bundle.read import open_bundle
from smeaton.bundle.verify import verify
from smeaton.errors import NoSolution, TaskError
from smeaton.flow.predict import predict_file
from smeaton.leaderboard.forms import Board
from smeaton.service.options import Options
from smeaton.service.start import assemble
from smeaton.task.yaml import task_from

WORDS = ["red", "green", "blue", "small", "large", "cheap", "fine"]


def row(draw: random.Random, number: int) -> dict[str, Any]:
    words = draw.sample(WORDS, 4)
    spans = [{"kind": "first", "start": 0, "end": len(words[0]), "text": words[0]}] if number % 3 else []
    return {
        "text": " ".join(words),
        "n": draw.random(),
        "tags": [word for word in words if word in ("red", "green", "blue")],
        "level": draw.choice(["low", "mid", "high"]),
        "order": {"colour": words[0], "amount": draw.choice([1, 2, None]), "kind": draw.choice(["a", "b"])},
        "slots": spans,
    }


@dataclass(frozen=True)
class Case:
    """An output, its metric, the form of the answer in the description of the service, and an answer's datatype."""

    output: str
    metric: str
    schema: dict[str, Any]


CASES = {
    "tags": Case(
        "tags: {type: list, of: category}",
        "macro_f1",
        {"type": "array", "items": {"type": "string", "enum": ["blue", "green", "red"]}, "uniqueItems": True},
    ),
    "level": Case(
        "level: {type: category, labels: [low, mid, high], ordered: true}", "", {"enum": ["low", "mid", "high"]}
    ),
    "order": Case(
        "order: {colour: category, amount: integer or null, kind: [a, b]}",
        "",
        {
            "type": "object",
            "properties": {
                "colour": {"type": ["string", "null"], "enum": [*sorted(WORDS), None]},
                "amount": {"type": ["integer", "null"], "minimum": -(2**53), "maximum": 2**53},
                "kind": {"type": ["string", "null"], "enum": ["a", "b", None]},
            },
            "required": ["amount", "colour", "kind"],
            "additionalProperties": False,
        },
    ),
    "slots": Case(
        "slots: {type: list, of: {type: object, fields: {kind: category, start: integer, end: integer, text: text}}}",
        "",
        {},
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("kinds")
    draw = random.Random(0)
    rows = [row(draw, number) for number in range(160)]
    (made / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    with (made / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0])
        for one in rows:
            writer.writerow(json.dumps(part) if isinstance(part, list | dict) else part for part in one.values())
    return made


def build(folder: Path, name: str) -> Any:
    home = folder / name
    home.mkdir()
    metric = f"metric: {CASES[name].metric}\n" if CASES[name].metric else ""
    (home / "smeaton.yaml").write_text(
        f"smeaton: 1\nname: {name}\ndata: ../rows.jsonl\ninputs: {{text: text, n: number}}\n"
        f"output: {{{CASES[name].output}}}\n{metric}solutions: {{only: [baseline]}}\nbudget: {{time: 30s}}\n"
    )
    return smeaton.build(home / "smeaton.yaml")


def answered(folder: Path, bundle: Path, given: str, wanted: str) -> tuple[Any, list[Any]]:
    """What came of answering a file, and the predictions in it."""
    out = bundle.parent / f"from_{given}.{wanted}"
    found = predict_file(bundle, folder / f"rows.{given}", out)
    if wanted == "jsonl":
        return found, [json.loads(line)["prediction"] for line in out.read_text(encoding="utf-8").splitlines()]
    with out.open(newline="", encoding="utf-8") as file:
        return found, [one["prediction"] for one in csv.DictReader(file)]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_from_a_task_file_to_an_answer(name: str, folder: Path) -> None:
    built = build(folder, name)
    assert built.winner == "baseline"
    assert built.test is not None
    verdict = verify(built.bundle)
    assert verdict.ok, verdict.problems
    assert (verdict.compared, verdict.samples) == ("exact", 32)
    board = next((folder / name / ".smeaton").glob("*/board.json"))
    assert [one.family for one in msgspec.json.decode(board.read_bytes(), type=Board).rows] == ["baseline"]

    found, plain = answered(folder, built.bundle, "jsonl", "jsonl")
    assert (found.rows, found.unreadable, found.judged, found.metric) == (160, 0, 160, built.metric)
    again, text = answered(folder, built.bundle, "csv", "csv")
    assert again.value == pytest.approx(found.value)
    assert [json.loads(value) if name != "level" else value for value in text] == plain

    card = (built.bundle / "card.md").read_text(encoding="utf-8")
    assert f"It answers `{name}` (" in card
    assert "macro" not in card or name == "tags"
    check_service(built.bundle, name, plain[0])


def check_service(bundle: Path, name: str, expected: Any) -> None:
    with ExitStack() as held:
        service = assemble([str(bundle)], Options(accept="a test"))
        held.callback(service.close)
        app = service.app
        client = held.enter_context(TestClient(app, base_url="http://localhost"))
        answer = client.post("/predict", json={"rows": [{"text": "red fine", "n": 0.5}]}).json()["predictions"][0]
        assert answer["prediction"] == expected
        schema = client.get("/openapi.json").json()["components"]["schemas"][f"{name}.answer"]["properties"]
        if CASES[name].schema:
            said = schema["prediction"]
            assert said | ({"required": sorted(said["required"])} if "required" in said else {}) == CASES[name].schema
        else:
            span = schema["prediction"]["items"]
            assert span["properties"]["start"]["type"] == "integer"
            assert span["properties"]["start"]["minimum"] == 0
            assert span["properties"]["kind"] == {"type": "string", "enum": ["first"]}
            assert sorted(span["required"]) == ["end", "kind", "start", "text"]
        if name in ("tags", "level"):
            assert set(answer["probability"]) == set(open_bundle(bundle).task.labels)
        tensors = [
            {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["red fine"]},
            {"name": "n", "datatype": "FP64", "shape": [1], "data": [0.5]},
        ]
        reply = client.post(f"/v2/models/{name}/infer", json={"inputs": tensors}).json()["outputs"][0]
        assert reply["datatype"] == "BYTES"
        assert reply["data"] == [expected if name == "level" else json.dumps(expected, separators=(",", ":"))]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("{a: image}", "an output of type image cannot be learnt yet"),
        ("{a: {type: list, of: number}}", "an output of type list cannot be learnt yet"),
    ],
)
def test_what_cannot_be_learnt_is_refused_with_the_way_out(output: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b,c\n" + "1,2,3\n" * 30)
    (tmp_path / "smeaton.yaml").write_text(f"smeaton: 1\ndata: d.csv\noutput: {output}\n")
    with pytest.raises(NoSolution, match=words):
        smeaton.build(tmp_path / "smeaton.yaml")


def test_two_outputs_are_refused_with_the_object_that_holds_both() -> None:
    with pytest.raises(TaskError, match="a task has one output, this has 2") as caught:
        task_from({"smeaton": 1, "data": "d.csv", "output": {"a": "number", "b": "text"}}, ".")
    assert "one object with a field for each: output: {NAME: {FIELD: TYPE, ...}}" in caught.value.fix
