"""Two opinions as one: Bayes' rule exactly, and nothing where nothing was said."""

from pathlib import Path

import numpy as np
import pytest

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.combine import part
from smeaton.runtime.program import Step
from smeaton.task.table import Array, object_column
from smeaton.testing.conformance import check_op

TABLE = np.array([[0.8, 0.1, 0.1], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4]])


def step(folder: Path, table: Array = TABLE) -> Step:
    np.save(folder / "said.npy", table)
    names = ("p", "said"), ("prediction", "probability")
    return Step(op="combine", inputs=names[0], outputs=names[1], args={"labels": ["a", "b", "c"]}, files=("said.npy",))


def test_it_is_an_op(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).dirichlet([1.0] * 3, 9)
    said = object_column(["a", "b", "c", None, "x", "a", "a", "b", "c"])
    check_op(part, step(tmp_path), {"p": rows, "said": said}, tmp_path)


def test_it_is_bayes_rule(tmp_path: Path) -> None:
    rows = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    found = part.load(step(tmp_path), tmp_path, None)({"p": rows, "said": object_column(["b", "c"])}, Call())
    for row, said in enumerate((1, 2)):
        joint = rows[row] * TABLE[:, said]
        assert found["probability"][row] == pytest.approx(joint / joint.sum())
    assert found["prediction"].tolist() == ["b", "c"]


def test_where_nothing_was_said_there_is_no_prediction(tmp_path: Path) -> None:
    rows = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    found = part.load(step(tmp_path), tmp_path, None)({"p": rows, "said": object_column([None, "nonsense"])}, Call())
    assert found["prediction"].tolist() == [None, None]
    assert found["probability"] == pytest.approx(rows)


def test_what_cannot_be_leaves_the_model_s_word(tmp_path: Path) -> None:
    rows = np.array([[1.0, 0.0, 0.0]])
    runner = part.load(step(tmp_path, np.eye(3)), tmp_path, None)
    assert runner({"p": rows, "said": object_column(["b"])}, Call())["probability"] == pytest.approx(rows)


@pytest.mark.parametrize("table", [np.eye(2), np.ones((3, 3)), -np.eye(3), np.eye(3, dtype=np.float32)])
def test_a_table_of_something_else_is_refused(table: Array, tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="table"):
        part.load(step(tmp_path, table), tmp_path, None)
