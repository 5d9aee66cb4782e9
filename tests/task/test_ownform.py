"""`solutions.add`: names, or mappings that say more; they are written back as they were read."""

from pathlib import Path
from typing import Any

import pytest

from smeaton.errors import TaskError
from smeaton.task.task import Own, Solutions
from smeaton.task.writer import task_text
from smeaton.task.yaml import parse_task, task_from

HEAD = "smeaton: 1\ndata: rows.csv\noutput: {y: boolean}\n"


def read(add: Any) -> Any:
    made = {"smeaton": 1, "data": "rows.csv", "output": {"y": "boolean"}, "solutions": {"add": add}}
    return task_from(made, Path("."))


def test_names_and_mappings_stand_side_by_side() -> None:
    task = parse_task(
        HEAD + "solutions:\n  add:\n"
        "    - model.py:make\n"
        "    - {file: rules.py:answer, trust: true}\n"
        "    - {file: old.ubj, inputs: [a, b], classes: [false, true], unseen: true}\n"
        "    - {file: net.onnx, inputs: {X: [a, b], plan: plan}}\n"
        "    - {file: plain.txt}\n",
        "x.yaml",
        Path("."),
    )
    assert task.solutions == Solutions(
        add=("model.py:make", "rules.py:answer", "old.ubj", "net.onnx", "plain.txt"),
        own={
            "rules.py:answer": Own(trust=True),
            "old.ubj": Own(inputs={"": ("a", "b")}, classes=(False, True), unseen=True),
            "net.onnx": Own(inputs={"X": ("a", "b"), "plan": ("plan",)}),
        },
    )
    assert task.solutions.of("plain.txt") == task.solutions.of("model.py:make") == Own()
    assert parse_task(task_text(task), "y.yaml", Path(".")) == task


@pytest.mark.parametrize(
    ("add", "message", "fix"),
    [
        ([{"file": "m.onnx", "trust": True}], "only code .* needs trust, and 'm.onnx' is none", "leave 'trust' out"),
        ([{"file": "m.py:make", "unseen": True}], "only of a model file", "leave 'unseen' out"),
        ([{"file": "m.py:make", "classes": ["a", "b"]}], "only a model file needs its classes", "leave"),
        ([{"file": "openai:gpt", "inputs": ["a"]}], "only a model file needs its inputs", "leave"),
        ([{"trust": True}], "the model has no 'file'", "add file: NAME"),
        ([{"file": "m.onnx", "unsen": True}], "a model has no key 'unsen'", "did you mean 'unseen'?"),
        (["m.onnx", {"file": "m.onnx"}], "stands twice", "remove one"),
        ([{"file": "m.onnx", "classes": ["a"]}], "a list of labels in the order", ""),
        ([{"file": "m.onnx", "classes": ["a", 1.5]}], "a label: text", ""),
        ([{"file": "m.onnx", "classes": ["a", "a"]}], "a label stands twice", "remove one"),
        ([{"file": "m.onnx", "inputs": 3}], "a list of columns, or a mapping", ""),
        ([{"file": "m.onnx", "unseen": "yes"}], "true or false", ""),
        ("m.onnx", "a list of file.py:name", ""),
    ],
)
def test_what_is_wrong_is_said(add: Any, message: str, fix: str) -> None:
    with pytest.raises(TaskError, match=message) as raised:
        read(add)
    assert fix in raised.value.fix
    assert raised.value.where
