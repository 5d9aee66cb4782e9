"""Trusted code: a function of rows, an estimator put together from plain data; nothing runs before it is trusted."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.errors import ExtraMissing, ProgramError, SmeatonError
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops._code_rows import call_function, plain_rows
from smeaton.runtime.ops._code_state import pack, read_packed, write_packed
from smeaton.runtime.ops._frame import frame
from smeaton.runtime.program import Program, Step
from smeaton.task.table import Table, object_column
from smeaton.task.types import Type

TYPES = {"age": Type(type="integer", optional=True), "plan": Type(type="category", optional=True)}
ROWS: Table = {"age": np.array([20.0, np.nan, 60.0]), "plan": object_column(["pro", None, "basic"])}
FORMS = {"age": {"type": "integer", "optional": True}, "plan": {"type": "category", "optional": True}}


def program(folder: Path, code: str, name: str = "rules.py:answer", **args: Any) -> Program:
    (folder / "rules.py").write_text(code)
    given = {"name": name, "types": FORMS, "labels": ["no", "yes"], **args}
    step = Step(op="code", inputs=("age", "plan"), outputs=("probability",), args=given, files=("rules.py",))
    return Program(inputs=("age", "plan"), steps=(step,), outputs=("probability",))


def answers(folder: Path, code: str, **args: Any) -> Any:
    made = program(folder, code, **args)
    with Engine(made, folder, types=TYPES, trust=["rules.py:answer"]) as engine:
        return engine.run(ROWS)["probability"].tolist()


def test_a_function_answers_rows_in_either_form(tmp_path: Path) -> None:
    all_at_once = "def answer(rows):\n    return ['yes' if (r['age'] or 0) > 30 else 'no' for r in rows]\n"
    one_by_one = "def answer(row):\n    return {'no': 0.75, 'yes': 0.25} if row['plan'] is None else 'yes'\n"
    assert answers(tmp_path, all_at_once) == [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert answers(tmp_path, one_by_one) == [[0.0, 1.0], [0.75, 0.25], [0.0, 1.0]]


def test_the_order_of_inputs_is_the_steps(tmp_path: Path) -> None:
    made = program(
        tmp_path,
        "def answer(row):\n    return dict(zip(['no', 'yes'], [1, 0])) if list(row) == ['age', 'plan'] else 'yes'\n",
    )
    turned = made.steps[0].__class__(
        **{**_fields(made.steps[0]), "args": {**made.steps[0].args, "types": dict(reversed(FORMS.items()))}}
    )
    whole = Program(inputs=made.inputs, steps=(turned,), outputs=made.outputs)
    with Engine(whole, tmp_path, types=TYPES, trust=["rules.py"]) as engine:
        assert engine.run(ROWS)["probability"].tolist() == [[1.0, 0.0]] * 3


def test_nothing_is_imported_before_it_is_trusted(tmp_path: Path) -> None:
    made = program(tmp_path, "open(__file__ + '.ran', 'w').close()\ndef answer(row):\n    return 'yes'\n")
    for trust in ((), ("other.py:answer",), ("rules.py:other",)):
        with pytest.raises(ProgramError, match=r"code from rules.py, which was not trusted") as raised:
            Engine(made, tmp_path, types=TYPES, trust=trust)
        assert "--trust-code rules.py:answer" in raised.value.fix
    assert not (tmp_path / "rules.py.ran").exists()
    Engine(made, tmp_path, types=TYPES, trust=("rules.py:answer",)).close()
    assert (tmp_path / "rules.py.ran").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def answer(row):\n    return 'maybe'\n", "answered 'maybe', which is none of the labels: no, yes"),
        ("def answer(row):\n    return {'no': 0.9}\n", "which are no probabilities of no, yes"),
        ("def answer(row):\n    return {'no': 0.5, 'yes': 0.5, 'x': 0}\n", "which are no probabilities"),
        ("def answer(rows):\n    return ['yes']\n", "gave 1 answers to 3 rows"),
        ("def answer(row):\n    return row['missing']\n", "raised KeyError: 'missing'"),
        ("def answer(row):\n    return True\n", "answered True, which is none of the labels"),
    ],
)
def test_a_wrong_answer_is_no_answer(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SmeatonError, match=message):
        answers(tmp_path, code)


def test_numbers_and_plain_values() -> None:
    types = {
        "a": Type(type="number"), "n": Type(type="integer", optional=True), "t": Type(type="timestamp", optional=True),
        "b": Type(type="boolean", optional=True),
    }  # fmt: skip
    table: Table = {
        "a": np.array([1.5, np.nan]), "n": np.array([3.0, np.nan]),
        "t": np.array(["2024-01-02T03:04:05", "NaT"], dtype="datetime64[us]"), "b": object_column([True, None]),
    }  # fmt: skip
    assert plain_rows(table, types) == [
        {"a": 1.5, "n": 3, "t": datetime(2024, 1, 2, 3, 4, 5), "b": True},
        {"a": None, "n": None, "t": None, "b": None},
    ]
    assert call_function(lambda row: row["n"] or 0, "f", table, types, ()).tolist() == [3.0, 0.0]
    with pytest.raises(SmeatonError, match=r"no finite number"):
        call_function(lambda row: float("nan"), "f", table, types, ())


@pytest.mark.parametrize(
    ("args", "files", "message"),
    [
        ({"more": 1}, ("rules.py",), "the arguments of a code step are wrong"),
        ({}, ("other.py",), "names its file first"),
        ({"types": {"age": {"type": "integer"}}}, ("rules.py",), "the type of each of its inputs"),
        ({"name": "rules.py:gone"}, ("rules.py",), "has no 'gone'"),
        ({}, ("rules.py", "fitted.json"), "one file or three"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(
    args: dict[str, Any], files: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    made = program(tmp_path, "def answer(row):\n    return 'yes'\n", **args)
    for name in ("other.py", "fitted.json"):
        (tmp_path / name).write_text("{}")
    step = made.steps[0].__class__(**{**_fields(made.steps[0]), "files": files})
    with pytest.raises(ProgramError, match=message):
        Engine(Program(inputs=made.inputs, steps=(step,), outputs=made.outputs), tmp_path, types=TYPES, trust=files)


def _fields(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__struct_fields__}


def test_versions_are_those_it_was_fitted_with(tmp_path: Path) -> None:
    code = "def answer(row):\n    return 'yes'\n"
    made = program(tmp_path, code, needs={"numpy": np.__version__})
    Engine(made, tmp_path, types=TYPES, trust=("rules.py",)).close()
    for needs, message in (({"numpy": "1.0.3"}, "fitted with numpy 1.0.3"), ({"no-such-package": "2.0"}, "none is")):
        with pytest.raises(ExtraMissing, match=message):
            Engine(program(tmp_path, code, needs=needs), tmp_path, types=TYPES, trust=("rules.py",))


def test_frames_are_pandas_or_one_array() -> None:
    made = frame(ROWS, TYPES, "pandas")
    assert [str(kind) for kind in made.dtypes] == ["float64", "object"]
    assert made["plan"].isna().tolist() == [False, True, False]
    plain = frame(ROWS, TYPES, "array")
    assert (plain.dtype, plain.shape) == (np.dtype(object), (3, 2))
    numbers = frame({"age": ROWS["age"]}, {"age": TYPES["age"]}, "array")
    assert numbers.dtype == np.float64


def test_pandas_is_asked_for_by_name_where_it_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ExtraMissing, match="pandas is not installed"):
        frame(ROWS, TYPES, "pandas")


def test_what_is_packed_comes_back(tmp_path: Path) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    sparse = pytest.importorskip("scipy.sparse")
    made = preprocessing.FunctionTransformer(np.log1p)
    made.parts = {"a": [1, 2.5, float("inf"), None, True], ("b", 2): "x", "c": slice(1, None)}
    made.arrays = [np.arange(3.0), np.array(["a", None], dtype=object), np.array(["a", "bc"]), sparse.eye(2).tocsc()]
    made.scalars = (np.float64(2.5), np.int64(3), np.bool_(True), np.dtype("<f8"))
    write_packed(pack(made), tmp_path)
    back = read_packed(tmp_path, ("fitted.json", "fitted.npz"), sys)
    assert back.func is np.log1p
    assert back.parts == made.parts
    assert back.scalars == made.scalars
    assert [type(one) for one in back.scalars] == [type(one) for one in made.scalars]
    for one, other in zip(back.arrays[:3], made.arrays[:3], strict=True):
        assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
    assert (back.arrays[3] != made.arrays[3]).nnz == 0


def test_what_has_no_plain_form_is_refused() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    for value, message in ((open, "neither scikit-learn's"), (lambda x: x, "neither"), ({1}, "set has no form")):
        with pytest.raises(ValueError, match=message):
            pack(preprocessing.FunctionTransformer(value))
    loop = preprocessing.FunctionTransformer()
    loop.self = loop
    with pytest.raises(ValueError, match="holds itself"):
        pack(loop)


@pytest.mark.parametrize(
    "form",
    [
        {"object": ["os", "stat_result"], "state": {}},
        {"name": ["builtins", "eval"]},
        {"name": ["subprocess", "run"]},
        {"array": "a9"},
        {"what": 1},
        "{",
    ],
)
def test_a_damaged_state_names_nothing_but_libraries(form: Any, tmp_path: Path) -> None:
    (tmp_path / "fitted.json").write_text(form if isinstance(form, str) else json.dumps(form))
    np.savez(tmp_path / "fitted.npz", a0=np.zeros(1))
    with pytest.raises(ProgramError, match="cannot be put together"):
        read_packed(tmp_path, ("fitted.json", "fitted.npz"), sys)
