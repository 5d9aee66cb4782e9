"""Spans and fields from a task file to a board, a bundle, a file and a service: the tagger beats the constant answer,
and what it says is typed JSON in whatever script the text is."""

import json
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

import smeaton
from smeaton.bundle.verify import verify
from smeaton.flow.predict import predict_file
from smeaton.leaderboard.forms import Board
from smeaton.service.options import Options
from smeaton.service.start import assemble

CITIES = ("Leeds", "São Paulo", "東京", "New York", "Łódź", "Ürümqi", "Αθήνα", "Bath")
ITEMS = ("blue chair", "crème brûlée", "настольная лампа", "round table", "sofa 🛋", "şemsiye")
SPANS = """output:
  slots:
    type: list
    of: {type: object, fields: {slot: [city, day], start: integer, end: integer, text: text}}
"""
FIELDS = "output: {order: {date: text, amount: number or null, item: text}}\n"


def spans(draw: random.Random) -> dict[str, Any]:
    """A sentence and the cities and days in it."""
    city, day = (draw.choice(CITIES), "city"), (draw.choice(("Monday", "Dienstag", "mañana", "明日")), "day")
    parts: list[tuple[str, str]] = draw.choice((
        [("go to ", ""), city, (" on ", ""), day, (", 🚆 please", "")],
        [("on ", ""), day, (" is a train from ", ""), city, (" to ", ""), (draw.choice(CITIES), "city")],
        [("nothing to see here in ", ""), (draw.choice(("spring", "été", "春")), "")],
    ))  # fmt: skip
    text, found = "", []
    for piece, slot in parts:
        if slot:
            found.append({"slot": slot, "start": len(text), "end": len(text) + len(piece), "text": piece})
        text += piece
    return {"text": text, "slots": found}


def fields(draw: random.Random) -> dict[str, Any]:
    """A note about an order and what it says."""
    date, amount, item = f"{draw.randint(1, 28)}. märz", round(draw.uniform(3, 9_000), 2), draw.choice(ITEMS)
    priced = draw.random() < 0.8
    text = f"bitte {item} bis {date}" + (f" für € {amount:,.2f}" if priced else "") + draw.choice((" – danke", "."))
    return {"text": text, "order": {"date": date, "amount": amount if priced else None, "item": item}}


def built(folder: Path, name: str, output: str, rows: list[dict[str, Any]]) -> Any:
    """What a build of these rows gives, its bundle verified and the tagger ahead of the constant answer."""
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    (folder / "smeaton.yaml").write_text(
        f"smeaton: 1\nname: {name}\ndata: rows.jsonl\ninputs: {{text: text}}\n{output}budget: {{time: 15s}}\n"
    )
    found = smeaton.build(folder / "smeaton.yaml")
    assert found.winner == "tagger"
    verdict = verify(found.bundle)
    assert verdict.ok, verdict.problems
    board = next((folder / ".smeaton").glob("*/board.json"))
    ranked = [row.family for row in msgspec.json.decode(board.read_bytes(), type=Board).rows]
    assert ranked.index("tagger") < ranked.index("baseline")
    return found


def answers(folder: Path, found: Any, rows: list[dict[str, Any]]) -> list[Any]:
    """Answers to the texts of new rows, from a file."""
    given, out = folder / "new.jsonl", folder / "answers.jsonl"
    given.write_text("".join(json.dumps({"text": one["text"]}) + "\n" for one in rows), encoding="utf-8")
    said = predict_file(found.bundle, given, out)
    assert (said.rows, said.unreadable) == (len(rows), 0)
    return [json.loads(line)["prediction"] for line in out.read_text(encoding="utf-8").splitlines()]


def check_service(found: Any, name: str, rows: list[dict[str, Any]], expected: list[Any]) -> Any:
    """The service answers as the file did; the form of its answer."""
    with ExitStack() as held:
        service = assemble([str(found.bundle)], Options(accept="a test"))
        held.callback(service.close)
        app = service.app
        client = held.enter_context(TestClient(app, base_url="http://localhost"))
        reply = client.post("/predict", json={"rows": [{"text": one["text"]} for one in rows]}).json()["predictions"]
        assert [one["prediction"] for one in reply] == expected
        schema = client.get("/openapi.json").json()["components"]["schemas"][f"{name}.answer"]["properties"]
        return schema["prediction"]


@pytest.mark.slow
def test_spans_from_a_task_file_to_an_answer(tmp_path: Path) -> None:
    draw = random.Random(0)
    found = built(tmp_path, "slots", SPANS, [spans(draw) for _ in range(300)])
    assert found.test.value > 0.9
    new = [spans(draw) for _ in range(60)]
    said = answers(tmp_path, found, new)
    for one, given in zip(new, said, strict=True):
        for span in given:
            assert list(span) == ["slot", "start", "end", "text"]
            assert one["text"][span["start"] : span["end"]] == span["text"]
    assert sum(given == one["slots"] for one, given in zip(new, said, strict=True)) >= 54
    assert any(not span["text"].isascii() for given in said for span in given)
    schema = check_service(found, "slots", new, said)
    assert schema["items"]["properties"]["slot"] == {"type": "string", "enum": ["city", "day"]}


@pytest.mark.slow
def test_fields_from_a_task_file_to_an_answer(tmp_path: Path) -> None:
    draw = random.Random(1)
    found = built(tmp_path, "order", FIELDS, [fields(draw) for _ in range(300)])
    assert found.test.value > 0.9
    new = [fields(draw) for _ in range(60)]
    said = answers(tmp_path, found, new)
    assert sum(given == one["order"] for one, given in zip(new, said, strict=True)) >= 54
    assert {type(given["amount"]) for given in said} == {float, type(None)}
    schema = check_service(found, "order", new, said)
    assert schema["properties"]["amount"]["type"] == ["number", "null"]
