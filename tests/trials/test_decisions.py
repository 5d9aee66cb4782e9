"""Decisions of a trial: stated by costs or learnt, judged without the rows they judge, and written into the program."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex
from smeaton.runtime.call import Call
from smeaton.runtime.ops.labels import part as labels_op
from smeaton.runtime.program import Program, Step
from smeaton.task.table import Array, object_column
from smeaton.task.task import Bar, Data, Task
from smeaton.task.types import Type
from smeaton.trials.decisions import (
    DECISION_FILE,
    codes,
    decided,
    decided_like,
    decision_words,
    given,
    goal_of,
    judged,
    learn,
    read_decisions,
    stated,
    takes_rule,
    with_rule,
)
from smeaton.trials.rules import Goal, Rule

BOOLEAN = Type(type="boolean", labels=(False, True))
THREE = Type(type="category", labels=("a", "b", "c"))
ROWS = 600


def task(output: Type = BOOLEAN, **more: object) -> Task:
    return Task(data=Data(), inputs={"x": Type(type="number")}, output={"y": output}, **more)  # type: ignore[arg-type]


def chances(seed: int = 0) -> Array:
    chance = np.random.default_rng(seed).beta(0.6, 3, ROWS)
    return np.column_stack([1 - chance, chance])


def dataset(**more: Array) -> Dataset:
    target = (np.random.default_rng(1).random(ROWS) < chances()[:, 1]).astype(np.int64)
    return Dataset(task(metric="f1"), {"x": np.zeros(ROWS)}, target, **more)


def folds(count: int) -> list[FoldIndex]:
    rows = np.arange(ROWS)
    return [FoldIndex(rows[rows % count != k], rows[:0], rows[rows % count == k]) for k in range(count)]


def answers(chance: Array, of: Task) -> dict[str, Array]:
    return {"prediction": object_column(of.labels)[chance.argmax(axis=1)], "probability": chance}


def test_costs_decide_at_once() -> None:
    of = task(THREE, costs={"a": {"b": 9.0}})
    rule = given(of)
    assert rule == Rule(costs=((0.0, 9.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)))
    assert goal_of(of, "cost") is None
    chance = np.array([[0.3, 0.7, 0.0], [0.05, 0.95, 0.0]])
    assert decided(answers(chance, of), rule, of)["prediction"].tolist() == ["a", "b"]
    assert given(task()) is None


@pytest.mark.parametrize(
    ("of", "metric", "found"),
    [
        (task(), "log_loss", None),
        (task(), "accuracy", None),
        (task(), "f1", Goal("f1")),
        (task(bars={"f1": Bar(op=">=", value=0.5)}), "log_loss", Goal("f1")),
        (task(bars={"recall": Bar(op=">=", value=0.9)}), "log_loss", Goal("", {"recall": 0.9})),
        (task(bars={"recall": Bar(op="<=", value=0.9)}), "log_loss", None),
        (task(bars={"precision": Bar(op=">=", value=0.9)}), "f1", Goal("f1", {"precision": 0.9})),
        (task(THREE), "macro_f1", Goal("macro_f1")),
        (task(THREE), "quadratic_kappa", None),
        (task(msgspec.structs.replace(THREE, ordered=True)), "quadratic_kappa", Goal("quadratic_kappa")),
        (task(msgspec.structs.replace(THREE, outside="c")), "macro_f1", None),
        (task(Type(type="number")), "rmse", None),
    ],
)
def test_when_rules_are_learnt(of: Task, metric: str, found: Goal | None) -> None:
    assert goal_of(of, metric) == found


@pytest.mark.parametrize("count", [1, 3])
def test_a_row_is_judged_by_a_rule_learnt_without_it(count: int) -> None:
    data, index = dataset(), folds(count)
    chance, goal = chances(), Goal("", {"recall": 0.7})
    held = [answers(chance[fold.held], data.task) for fold in index]
    rows = np.concatenate([fold.held for fold in index])
    found = learn(data, index, held, goal)
    by = np.asarray(found.judged_by)
    assert (by >= 0).all()
    rule = found.judges[by[10]]
    assert rule is not None
    # Turning around all rows that this judge judges changes nothing for it.
    turned = data.target.copy()
    turned[rows[by == by[10]]] = 1 - turned[rows[by == by[10]]]
    other = learn(Dataset(data.task, data.table, turned), index, held, goal)
    assert other.judges[by[10]] == rule
    assert other.ships != found.ships
    tables = judged(found, [[table] for table in held], data.task)
    said = np.concatenate([table[0]["prediction"] for table in tables])
    expected = object_column(data.task.labels)[codes(chance[rows[by == by[10]]], rule)]
    assert said[by == by[10]].tolist() == expected.tolist()


def test_the_future_teaches_nothing() -> None:
    time = np.datetime64("2024-01-01", "us") + np.arange(ROWS) * np.timedelta64(1, "h")
    data, index = dataset(time=time), folds(2)
    held = [answers(chances()[fold.held], data.task) for fold in index]
    found = learn(data, index, held, Goal("", {"recall": 0.6}))
    rows = np.concatenate([fold.held for fold in index])
    by = np.asarray(found.judged_by)
    assert (by[rows < ROWS // 10] == -1).all(), "the oldest rows keep the likeliest label"
    late = data.target.copy()
    late[ROWS // 2 :] = 1 - late[ROWS // 2 :]
    other = learn(Dataset(data.task, data.table, late, time=time), index, held, Goal("", {"recall": 0.6}))
    assert found.judges[:5] == other.judges[:5]
    assert found.judges[5:] != other.judges[5:]


def test_what_failed_stays_as_it_is() -> None:
    of = task()
    given_ = {**answers(np.array([[0.9, 0.1], [0.6, 0.4], [np.nan, np.nan]]), of)}
    given_["error"] = object_column(["late", None, None])
    given_["prediction"] = object_column([None, False, None])
    found = decided(given_, Rule(weights=(0.1, 0.9)), of)
    assert found["prediction"].tolist() == [None, True, None]
    assert decided(given_, None, of) == given_


def program(**args: object) -> Program:
    last = Step(op="labels", inputs=("probability",), outputs=("prediction",), args={"labels": ["a", "b", "c"], **args})
    first = Step(op="onnx", inputs=("x",), outputs=("probability",), files=("model.onnx",))
    return Program(inputs=("x",), steps=(first, last), outputs=("prediction", "probability"))


@pytest.mark.parametrize(
    "rule", [Rule(weights=(0.2, 1.0, 0.5)), Rule(cuts=(0.4, 1.7)), Rule(costs=((0.0, 1.0, 5.0),) * 3)]
)
def test_the_step_decides_as_the_rule(rule: Rule) -> None:
    assert takes_rule(program(rule="median"))
    step = with_rule(program(rule="median"), rule).steps[-1]
    chance = np.random.default_rng(0).dirichlet([1, 1, 1], 50)
    found = labels_op.load(step, Path(), None)({"probability": chance}, Call())["prediction"]
    of = task(THREE)
    assert found.tolist() == object_column(of.labels)[codes(chance, rule)].tolist()
    mean = {"prediction": found, "probability": chance + 1e-12}
    assert (
        decided_like(mean, {"prediction": found, "probability": chance}, rule, of)["prediction"].tolist()
        == found.tolist()
    )
    far = decided_like({**mean, "probability": chance[::-1]}, {**mean, "probability": chance}, rule, of)
    assert far["prediction"].tolist() == found[::-1].tolist()


def test_only_a_step_of_probabilities_takes_a_rule() -> None:
    step = Step(op="labels", inputs=("certain",), outputs=("prediction",), args={"labels": ["a"]})
    assert not takes_rule(Program(inputs=("x",), steps=(step,), outputs=("prediction",)))


def test_they_are_kept_with_the_trial(tmp_path: Path) -> None:
    assert read_decisions(tmp_path) is None
    kept = stated(Rule(weights=(0.5, 1.0)), 3)
    (tmp_path / DECISION_FILE).write_bytes(msgspec.json.encode(kept))
    assert read_decisions(tmp_path) == kept


def test_words() -> None:
    assert decision_words(None, task()) == ""
    assert decision_words(Rule(weights=(0.3, 0.7)), task()) == "answers true from a probability of 0.3 on"
    assert "lowest expected cost" in decision_words(given(task(costs={"true": {"false": 2.0}})), task())
    assert "weighs labels" in decision_words(Rule(weights=(1.0, 0.5, 0.2)), task(THREE))
    assert "3 ordered labels" in decision_words(Rule(cuts=(0.5, 1.5)), task(THREE))
