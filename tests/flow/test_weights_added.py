"""Weights in `solutions.add` are for the families that use some; they are no family themselves."""

from pathlib import Path

import pytest

from smeaton.errors import TaskError
from smeaton.flow.prepare import families
from smeaton.task.task import Data, Solutions, Source, Task
from smeaton.task.types import Type

OWN = "class Own:\n    def space(self, task, profile):\n        return None\n\n\nown = Own()\n"


def make_task(folder: Path, *added: str) -> Task:
    return Task(
        data=Data(examples=Source(files=("x.csv",))),
        output={"y": Type(type="number")},
        inputs={"note": Type(type="text")},
        solutions=Solutions(only=("baseline",), add=added),
        folder=str(folder),
    )


def test_weights_are_not_taken_for_code(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "mine.py").write_text(OWN)
    added = ("model", str(tmp_path / "model"), "hub:org/name", "mine.py:own")
    assert list(families(make_task(tmp_path, *added))) == ["baseline", "mine.py:own"]


def test_a_folder_that_is_not_there_says_what_may_be_added(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="'modle' is no model, no prompt, model file or folder with weights") as caught:
        families(make_task(tmp_path, "modle"))
    assert "weights (a folder, hub:org/name), a model file (.onnx" in caught.value.fix
    assert caught.value.fix.endswith("or file.py:name")
