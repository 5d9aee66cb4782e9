"""Formats of other frameworks are refused with the way that works."""

from pathlib import Path

import numpy as np
import pytest
from tables import make_profile, make_task

from smeaton.errors import TaskError
from smeaton.families._own import own_family
from smeaton.task.task import Solutions


@pytest.mark.parametrize(("file", "framework"), [("m.keras", "Keras"), ("m.pt2", "PyTorch")])
def test_a_framework_s_own_format_names_the_way_that_works(file: str, framework: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(b"")
    task = make_task("binary").with_(folder=str(tmp_path), solutions=Solutions(add=(file,)))
    with pytest.raises(TaskError, match=f"{framework}'s own format is not read here") as raised:
        own_family(file, task).space(task, make_profile(10, task, np.array([0, 1])))
    assert "model.onnx" in raised.value.fix


@pytest.mark.parametrize("file", ["m.pkl", "m.joblib", "m.pt", "gone.onnx"])
def test_pickles_and_absent_files_are_no_models(file: str, tmp_path: Path) -> None:
    if file != "gone.onnx":
        (tmp_path / file).write_bytes(b"")
    task = make_task("binary").with_(folder=str(tmp_path), solutions=Solutions(add=(file,)))
    with pytest.raises(TaskError, match=r"is no model, no prompt, model file"):
        own_family(file, task)
