"""What a chat step sends and takes beside one text and one label: lists, examples, masks, pictures, other models."""

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.errors import InputError, ProgramError, ProviderError
from smeaton.llm.purse import MemoryPurse
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops._chat_prompt import Prompt, write_prompt
from smeaton.runtime.ops.examples import Example, write_examples
from smeaton.runtime.program import Program, Step
from smeaton.task.table import object_column
from smeaton.task.types import Type
from smeaton.testing.servers import Request, Rule, Say, Script, serve

TEAMS = Type(type="category", labels=("billing", "bug"))
PRICES = {"openai:m": (1.0, 2.0), "anthropic:m": (1.0, 2.0)}


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`ask(answer, table, output, before, **args) -> (columns, requests)`."""

    def asked(
        answer: Any, table: Any, output: Type = TEAMS, before: tuple[Step, ...] = (), **args: Any
    ) -> tuple[dict[str, Any], list[Request]]:
        labels = list(output.labels or (output.of.labels if output.of else None) or ())
        outputs = ("prediction", *(("probability",) if labels else ()), "error", "usage")
        inputs = [{"name": name, "type": "text", "column": name} for name in table]
        args = {"model": "openai:m", "host": "local", "inputs": inputs, "attempts": 1, **args}
        args |= {"output": msgspec.to_builtins(output), "labels": labels}
        used = tuple(one["column"] for one in args["inputs"]) + ((args["examples"],) if "examples" in args else ())
        chat = Step(op="chat", inputs=used, outputs=outputs, args=args, files=("prompt.md",))
        (tmp_path / "prompt.md").write_text(write_prompt(Prompt("Sort it.")))
        with serve(Script(answer)) as server:
            for name, value in server.config(tmp_path / "llm.toml", PRICES).items():
                monkeypatch.setenv(name, value)
            program = Program(inputs=tuple(table), steps=(*before, chat), outputs=outputs)
            with Engine(program, tmp_path, allow_external=["local"]) as engine:
                columns = {name: object_column(values) for name, values in table.items()}
                return engine.run(columns, Call(purse=MemoryPurse(1.0))), server.requests

    return asked


def say(answer: Any) -> list[Rule]:
    return [Rule(say=Say(json={"answer": answer}))]


def test_many_labels(ask: Any) -> None:
    output = Type(type="list", of=TEAMS)
    found, _ = ask(say(["bug", "Billing"]), {"text": ["x"]}, output)
    assert found["prediction"].tolist() == [["bug", "billing"]]
    assert found["probability"].tolist() == [[0.9, 0.9]]
    found, _ = ask(say([]), {"text": ["y"]}, output)
    assert found["prediction"].tolist() == [[]]
    assert found["probability"][0].tolist() == pytest.approx([0.1, 0.1])


def test_many_labels_by_repeats(ask: Any) -> None:
    rules = [Rule(say=Say(json={"answer": ["bug"]}), times=2), Rule(say=Say(json={"answer": ["billing", "bug"]}))]
    output = Type(type="list", of=TEAMS)
    found, requests = ask(rules, {"text": ["x"]}, output, probability="repeats", repeats=3, temperature=1.0)
    assert found["prediction"].tolist() == [["bug"]]
    assert found["probability"][0].tolist() == pytest.approx([2 / 5, 4 / 5])
    assert len({request.body.get("seed") for request in requests}) == 3


def test_examples_are_turns_and_the_nearest_is_the_last(ask: Any, tmp_path: Path) -> None:
    examples = [Example({"text": "a crash"}, "bug"), Example({"text": "a refund"}, "billing")]
    (tmp_path / "examples.jsonl").write_bytes(write_examples(examples))
    shots = Step(
        op="examples",
        inputs=("text",),
        outputs=("shots",),
        args={"columns": ["text"], "k": 2},
        files=("examples.jsonl",),
    )
    _, requests = ask(say("bug"), {"text": ["the refund"]}, TEAMS, (shots,), examples="shots")
    turns = [(role, json.loads(text)) for role, text in requests[0].texts if role != "system"]
    assert turns == [
        ("user", {"text": "a crash"}),
        ("assistant", {"answer": "bug"}),
        ("user", {"text": "a refund"}),
        ("assistant", {"answer": "billing"}),
        ("user", {"text": "the refund"}),
    ]
    _, requests = ask(say("bug"), {"text": ["the refund!"]}, TEAMS, (shots,), examples="shots", max_input=70)
    assert len([role for role, _ in requests[0].texts if role != "system"]) == 3  # the farther one had no room
    reasoned = [Rule(say=Say(json={"reasoning": "hm", "answer": "bug"}))]
    found, requests = ask(reasoned, {"text": ["refund?"]}, TEAMS, (shots,), examples="shots", reasoning="field")
    assert found["prediction"].tolist() == ["bug"]
    assert list(requests[0].schema["properties"]) == ["reasoning", "answer"]
    assert '{"inputs":{"text":"a refund"},"answer":"billing"}\n\nNow' in requests[0].user


def test_masked_columns_leave_as_tokens(ask: Any) -> None:
    args = {"columns": ["email"], "salt": "0123456789abcdef"}
    mask = Step(op="mask", inputs=("email",), outputs=("masked",), args=args)
    shown = [
        {"name": "text", "type": {"type": "text"}, "column": "text"},
        {"name": "email", "type": {"type": "text"}, "column": "masked"},
    ]
    table = {"text": ["hello", None], "email": ["ann@example.com", None]}
    _, requests = ask(say("bug"), table, TEAMS, (mask,), inputs=shown, parallel=1)
    assert "ann@example.com" not in json.dumps([request.body for request in requests])
    assert json.loads(requests[0].user)["email"].startswith("<email_")
    assert json.loads(requests[1].user) == {"text": None, "email": None}


def test_pictures_go_as_pictures(ask: Any) -> None:
    picture = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    shown = [{"name": "photo", "type": "image", "column": "photo"}]
    found, requests = ask(say("bug"), {"photo": [picture, b"no picture"]}, TEAMS, inputs=shown)
    assert [request.images for request in requests] == [1]
    assert found["prediction"].tolist() == ["bug", None]
    assert "neither PNG" in found["error"][1]


def test_another_model_answers_where_the_first_does_not(ask: Any) -> None:
    rules = [Rule(wire="openai", say=Say(fault="500")), *say("bug")]
    found, requests = ask(
        rules, {"text": ["x"]}, fallback=[{"model": "anthropic:m", "host": "local", "price": 0.1}], how="json"
    )
    assert found["prediction"].tolist() == ["bug"]
    assert found["usage"][0]["model"] == "anthropic:m"
    assert [request.wire for request in requests] == ["openai", "anthropic"]


def test_a_refused_key_ends_the_call(ask: Any) -> None:
    with pytest.raises(ProviderError) as raised:
        ask([Rule(say=Say(fault="401"))], {"text": ["x", "y"]}, parallel=1)
    assert raised.value.kind == "key"


def test_bare_labels_and_numbers(ask: Any) -> None:
    found, requests = ask([Rule(say="Label: BUG.")], {"text": ["x"]}, how="text")
    assert found["prediction"].tolist() == ["bug"]
    assert requests[0].schema is None
    found, _ = ask([Rule(say="42.")], {"text": ["x"]}, Type(type="integer"), how="text")
    assert found["prediction"].tolist() == [42]
    assert found["prediction"].dtype == np.int64


@pytest.mark.parametrize(
    "wrong",
    [
        {"how": "text", "reasoning": "field"},
        {"probability": "repeats", "repeats": 0},
        {"parallel": 0},
        {"fallback": [{"model": "openai:m", "host": "elsewhere.example"}]},
        {"extra": 1},
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(ask: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ProgramError):
        ask(say("bug"), {"text": ["x"]}, **wrong)


def test_an_unknown_provider_is_refused(ask: Any) -> None:
    with pytest.raises(InputError, match="names no model of a known provider"):
        ask(say("bug"), {"text": ["x"]}, model="nobody:m")
