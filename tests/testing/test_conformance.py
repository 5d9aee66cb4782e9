"""The kit accepts what keeps the promises and names what does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton import plugins
from smeaton.families import Refusal, Space
from smeaton.llm.purse import MemoryPurse
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect
from smeaton.runtime.program import Program, Step
from smeaton.runtime.state import StateFolder
from smeaton.task.table import Array, Table, object_column
from smeaton.testing import check_answers, check_family, check_op, check_program_files
from smeaton.testing.fakes import Index

TEXT = {"text": object_column(["crash again", "refund", "crash refund", None])}


def test_the_fake_ops_conform(tmp_path: Path) -> None:
    args = {"labels": ["bug", "billing"], "script": [["crash", "bug"]], "default": "billing"}
    chat = Step(op="fake_chat", inputs=("text",), outputs=("p", "q", "e"), args={"host": "h", "price": 0.1, **args})
    check_op(plugins.load("ops", "fake_chat"), chat, TEXT, purse=lambda: MemoryPurse(1.0))
    (tmp_path / "state/index").mkdir(parents=True)
    name = "state/index/documents.jsonl"
    (tmp_path / name).write_text('{"text":"crash","answer":"bug"}\n{"text":"refund","answer":"billing"}\n')
    index = Step(
        op="fake_index", inputs=("text",), outputs=("p", "q", "e", "u"), args={"labels": ["bug", "billing"]},
        files=(name,), state="index",
    )  # fmt: skip
    held = StateFolder(tmp_path / "held", "index", "x", index.files, tmp_path)
    check_op(plugins.load("ops", "fake_index"), index, TEXT, tmp_path, lambda: held)
    held.close()


@dataclass
class Broken:
    """A pure op with one promise broken."""

    how: str
    effect: Effect = "pure"
    calls: int = 0

    def load(self, step: Step, files: Path, state: Any) -> "Broken":
        return self

    def __call__(self, columns: Table, call: Call) -> Mapping[str, Array]:
        column = columns["x"]
        self.calls += 1
        if self.how == "changes":
            column += 1
        if self.how == "forgets":
            return {}
        if self.how == "short":
            return {"y": column[:-1]}
        if self.how == "random":
            return {"y": column + self.calls}
        if self.how == "looks around":
            return {"y": column - np.roll(column, 1)}
        return {"y": column.astype(np.int64) if len(column) == 0 and self.how == "odd empty" else column * 2}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("changes", "must not change its input"),
        ("forgets", "are missing"),
        ("short", "has 2 of 3 rows"),
        ("random", "gave other answers"),
        ("looks around", "depends on the other rows"),
        ("odd empty", "is int64 for 0 rows"),
    ],
)
def test_a_broken_op_is_named(how: str, message: str) -> None:
    step = Step(op="x", inputs=("x",), outputs=("y",))
    with pytest.raises(AssertionError, match=message):
        check_op(Broken(how), step, {"x": np.array([1.0, 2.0, 4.0])})
    check_op(Broken("not at all"), step, {"x": np.array([1.0, 2.0, 4.0])})


@dataclass(frozen=True)
class Odd(Index):
    """An index with one promise broken."""

    how: str = field(default="")

    def space(self, task: Any, profile: Any) -> Any:
        if self.how == "silent refusal":
            return Refusal(" ")
        return Space(starts=({"x": {1}},) if self.how == "no JSON" else ({},))

    def fit(self, task: Any, config: Any, fold: Any, run: Any) -> Any:
        fitted = super().fit(task, config, fold, run)
        if self.how == "changes rows":
            fold.train.x["body"][0] = "changed"
        if self.how == "extra file":
            fitted.files = {**fitted.files, "notes.txt": b"?"}
        if self.how == "another program":
            program, good = fitted.export, fitted.predict
            other = super().fit(task, config, fold, run)
            step = fitted.program.steps[1]
            args = {**step.args, "labels": list(reversed(step.args["labels"]))}
            steps = (fitted.program.steps[0], Step(**{**_fields(step), "args": args}))
            other.program = Program(inputs=fitted.program.inputs, steps=steps, outputs=fitted.program.outputs)
            del program

            @dataclass
            class Two:
                def predict(self, rows: Table) -> Table:
                    return good(rows)

                def export(self, folder: Path) -> Program:
                    return other.export(folder)

            return Two()
        return fitted


def _fields(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__struct_fields__}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("silent refusal", "says why"),
        ("no JSON", "plain JSON"),
        ("changes rows", "must not change the rows"),
        ("extra file", "the folder holds"),
        ("another program", "is off by"),
    ],
)
def test_a_broken_family_is_named(how: str, message: str, desk: Any) -> None:
    with pytest.raises((AssertionError, TypeError), match=message):
        check_family(Odd(how=how), desk.task, desk.fold, desk.profile)


def test_answers_are_checked(desk: Any) -> None:
    good = {"prediction": object_column(["bug", None]), "error": object_column([None, "late"])}
    chance = np.array([[0.2, 0.5, 0.3], [np.nan] * 3])
    check_answers(good | {"probability": chance}, 2, desk.task)
    for bad, message in (
        ({"probability": chance[:, :2]}, "of shape"),
        ({"probability": chance.astype(np.float32)}, "float64"),
        ({"probability": chance * 2}, "lies from 0 to 1|sum to 1"),
        ({"probability": chance[:1]}, "has 1 of 2 rows"),
        ({"probability": chance, "prediction": object_column(["nobody", None])}, "none of the labels"),
        ({"probability": chance, "error": object_column([None, None])}, "none of the labels"),
        ({}, "has a column 'probability'"),
    ):
        with pytest.raises(AssertionError, match=message):
            check_answers({**good, **bad}, 2, desk.task)


def test_code_in_a_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"")
    step = Step(op="x", inputs=("x",), outputs=("y",), files=("model.pkl",))
    with pytest.raises(AssertionError, match="may hold code"):
        check_program_files(Program(inputs=("x",), steps=(step,), outputs=("y",)), tmp_path)
