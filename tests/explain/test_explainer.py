"""Contributions add up, agree with the definition, and are exact where they say so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.families.tables import as_program, make_fold, make_run, make_task

from smeaton import plugins
from smeaton.errors import InputError, RowsError
from smeaton.explain.explainer import ALIKE, ORDERS, SETS, TREES, Explainer, Explanation
from smeaton.runtime.answers import plain
from smeaton.runtime.engine import Engine
from smeaton.task.table import Table
from smeaton.task.task import Task


def as_rows(table: Table, count: int) -> list[dict[str, Any]]:
    columns = {name: plain(column[:count]) for name, column in table.items()}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def fitted(family: str, kind: str, folder: Path, config: dict[str, Any]) -> tuple[Engine, Task, list[dict[str, Any]]]:
    task = make_task(kind)
    fold, _ = make_fold(400, kind)
    made = plugins.load("families", family).fit(task, config, fold, make_run(folder / "scratch"))
    return as_program(made, task, folder / "program"), task, as_rows(fold.held, 20)


def adds_up(found: Explanation) -> bool:
    parts = sum(one.value for one in found.contributions)
    return bool(np.isclose(found.base + parts, found.value, rtol=1e-9, atol=1e-9))


def by_name(found: Explanation) -> dict[str, float]:
    return {one.column: one.value for one in found.contributions}


@pytest.fixture(scope="module")
def boosted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Task, list[dict[str, Any]]]:
    return fitted("boosting", "number", tmp_path_factory.mktemp("boosting"), {"rounds": 40})


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Task, list[dict[str, Any]]]:
    return fitted("linear", "binary", tmp_path_factory.mktemp("linear"), {})


def test_trees_say_what_asking_about_all_sets_says(
    boosted: tuple[Engine, Task, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, task, rows = boosted
    explainer = Explainer(engine, task, rows[1:8])
    found = explainer.explain(rows[0])
    monkeypatch.setattr(explainer, "_trees", None)
    asked = explainer.explain(rows[0])
    assert (found.method, asked.method) == (TREES, SETS)
    assert found.asked < asked.asked / 5
    assert adds_up(found)
    assert by_name(found) == pytest.approx(by_name(asked), rel=1e-9, abs=1e-9)
    assert found.unit == "prediction"
    assert found.value == pytest.approx(engine.rows(rows[:1])["prediction"][0], rel=1e-12)


def test_a_linear_model_is_exact_from_any_orders(tmp_path: Path) -> None:
    engine, task, rows = fitted("linear", "number", tmp_path, {})
    found = Explainer(engine, task, rows[1:8], most=100).explain(rows[0])
    asked = Explainer(engine, task, rows[1:8]).explain(rows[0])
    assert (found.method, asked.method) == (ALIKE, SETS)
    assert all(one.error == 0 for one in found.contributions)
    assert by_name(found) == pytest.approx(by_name(asked), rel=1e-9, abs=1e-9)
    assert adds_up(found)


def test_sampled_orders_come_within_their_errors(
    boosted: tuple[Engine, Task, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, task, rows = boosted
    exact = by_name(Explainer(engine, task, rows[1:]).explain(rows[0]))
    explainer = Explainer(engine, task, rows[1:], most=800)
    monkeypatch.setattr(explainer, "_trees", None)
    found = explainer.explain(rows[0])
    assert found.method == ORDERS
    assert adds_up(found)
    errors = np.array([one.error for one in found.contributions])
    apart = np.array([abs(one.value - exact[one.column]) for one in found.contributions])
    assert (errors > 0).any()
    assert (apart <= 5 * errors + 1e-9).all()


def test_labels_are_explained_by_their_odds(linear: tuple[Engine, Task, list[dict[str, Any]]]) -> None:
    engine, task, rows = linear
    explainer = Explainer(engine, task, rows)
    likely, other = explainer.explain(rows[0]), explainer.explain(rows[0], label=True)
    no = explainer.explain(rows[0], label=False)
    share = engine.rows(rows[:1])["probability"][0, 1]
    assert other.value == pytest.approx(np.log(share / (1 - share)))
    assert by_name(no) == pytest.approx({name: -value for name, value in by_name(other).items()})
    assert likely.label == (share > 0.5)
    with pytest.raises(InputError, match="no label 'maybe'"):
        explainer.explain(rows[0], label="maybe")


def test_a_column_like_all_references_adds_nothing(boosted: tuple[Engine, Task, list[dict[str, Any]]]) -> None:
    engine, task, rows = boosted
    same = [row | {"size": 1.5, "city": None} for row in rows]
    found = by_name(Explainer(engine, task, same[1:]).explain(same[0]))
    assert (found["size"], found["city"]) == (0.0, 0.0)
    assert set(found) == set(task.input_types)


def test_rows_are_checked(boosted: tuple[Engine, Task, list[dict[str, Any]]]) -> None:
    engine, task, rows = boosted
    explainer = Explainer(engine, task, rows[1:3])
    with pytest.raises(RowsError, match="size"):
        explainer.explain(rows[0] | {"size": "large"})
    with pytest.raises(RowsError, match="sise"):
        explainer.explain(rows[0] | {"sise": 1})
    with pytest.raises(InputError, match="no rows to compare"):
        Explainer(engine, task, [])
