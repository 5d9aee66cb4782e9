"""Permutation importance: what it finds, and what it does where time is short."""

import numpy as np
import pytest
from tests.reporting.sections.fold_programs import made

from smeaton import plugins
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._permuted import permuted, plan
from smeaton.task.table import object_column
from smeaton.task.types import Type

RMSE = plugins.load("metrics", "rmse")


def columns(rows: int = 600) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {name: draw.normal(size=rows) for name in ("strong", "weak", "noise", "unread")}


def test_a_column_is_as_important_as_what_the_answers_lose_without_it() -> None:
    table = columns()
    work = made(
        table, 3 * table["strong"] + table["weak"], lambda rows: 3 * rows["strong"] + rows["weak"],
        inputs=("strong", "weak", "noise"),
    )  # fmt: skip
    found = permuted(work, RMSE, Patience(30))
    assert [piece.column for piece in found.pieces] == ["strong", "weak", "noise"]
    strong, weak, noise = found.pieces
    # Of a perfect answer the error is that of two independent draws: the root of 2 times its spread.
    assert strong.value == pytest.approx(3 * 2**0.5, rel=0.15)
    assert weak.value == pytest.approx(2**0.5, rel=0.15)
    assert strong.low < strong.value < strong.high
    assert (noise.value, noise.low, noise.high) == (0, 0, 0)
    assert found.unread == ("unread",)
    assert (found.untried, found.folds, strong.repeats, found.rows) == ((), 2, 5, 600)


def test_the_truth_lies_in_the_interval_about_as_often_as_it_should() -> None:
    inside = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        table = {"x": draw.normal(size=200)}
        work = made(table, table["x"] + draw.normal(size=200), lambda rows: rows["x"], folds=1)
        piece = permuted(work, plugins.load("metrics", "mae"), Patience(30)).pieces[0]
        inside += piece.low < (6 / np.pi) ** 0.5 - (2 / np.pi) ** 0.5 < piece.high
    assert inside >= 33


def test_better_is_higher_turns_the_sign() -> None:
    draw = np.random.default_rng(0)
    known = object_column(["a", "b"])[draw.integers(0, 2, 400)]
    work = made(
        {"c": known}, (known == "b").astype(np.int64), lambda rows: np.eye(2)[(rows["c"] == "b").astype(int)],
        kinds={"c": Type(type="category")}, labels=("a", "b"),
    )  # fmt: skip
    piece = permuted(work, plugins.load("metrics", "accuracy"), Patience(30)).pieces[0]
    assert piece.value == pytest.approx(0.5, abs=0.08)
    assert piece.low > 0.3


def test_of_thousands_of_columns_those_that_the_answers_follow_are_tried() -> None:
    draw = np.random.default_rng(0)
    table = {f"c{number:04}": draw.normal(size=400) for number in range(1000)}
    work = made(table, table["c0999"], lambda rows: rows["c0999"], pace=1e-3)
    found = permuted(work, RMSE, Patience(10))
    assert found.pieces[0].column == "c0999"
    assert 0 < len(found.pieces) < 1000
    assert len(found.pieces) + len(found.untried) == 1000


def test_without_time_nothing_is_tried_and_all_is_said() -> None:
    table = columns(50)
    found = permuted(made(table, table["strong"], lambda rows: rows["strong"], pace=10.0), RMSE, Patience(0.5))
    assert found.pieces == ()
    assert set(found.untried) == set(table)
    assert found.rows == 0


@pytest.mark.parametrize(
    ("affordable", "columns", "rows", "expected"),
    [
        (1e9, 10, 20_000, (4000, 5, 10)),
        (60_000, 10, 20_000, (1000, 5, 10)),
        (16_000, 10, 20_000, (500, 3, 10)),
        (5_000, 10, 20_000, (500, 1, 10)),
        (2_600, 10, 20_000, (250, 1, 10)),
        (5_000, 1000, 20_000, (500, 1, 10)),
        (90, 1000, 20_000, (100, 1, 0)),
        (1e9, 3, 40, (40, 5, 3)),
        (130, 3, 40, (40, 1, 3)),
        (50, 3, 40, (40, 1, 1)),
    ],
)
def test_rows_are_thinned_first_then_repeats_then_columns(
    affordable: float, columns: int, rows: int, expected: tuple[int, int, int]
) -> None:
    assert plan(affordable, columns, rows) == expected
