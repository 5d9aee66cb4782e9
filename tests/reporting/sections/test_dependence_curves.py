"""Partial dependence of programs whose dependence is known."""

import numpy as np
import pytest
from tests.reporting.sections.fold_programs import made

from smeaton.reporting.sections._dependence import curves, has_curve
from smeaton.reporting.sections._patience import Patience
from smeaton.task.table import object_column
from smeaton.task.types import Type


def test_a_straight_line_comes_out_straight_with_the_rows_around_it() -> None:
    draw = np.random.default_rng(0)
    table = {"x": draw.uniform(0, 10, 400), "z": draw.normal(size=400)}
    work = made(table, table["x"], lambda rows: 2 * rows["x"] + rows["z"])
    (curve,), late = curves(work, ["x"], Patience(30))
    slope = np.diff(curve.value) / np.diff(curve.x)
    assert slope == pytest.approx(2.0)
    assert 0 < curve.x[0] < 0.5
    assert 9.5 < curve.x[-1] < 10
    # The middle 80 % of a standard normal spread lie within 1.28 of the line.
    assert (curve.high - curve.low) == pytest.approx(2 * 1.28, abs=0.35)
    assert (curve.answer, curve.names, late) == (-1, (), [])
    assert len(curve.rug) == 60


def test_of_many_labels_the_one_that_moves_most_is_drawn_and_of_two_the_second() -> None:
    kinds = {"c": Type(type="category")}
    table = {"c": object_column(["u", "v"] * 100)}

    def three(rows: dict[str, np.ndarray]) -> np.ndarray:
        return np.array([[0.1, 0.8, 0.1] if value == "u" else [0.3, 0.2, 0.5] for value in rows["c"].tolist()])

    (curve,), _ = curves(made(table, np.zeros(200, int), three, kinds=kinds, labels="abc"), ["c"], Patience(30))
    assert curve.answer == 1
    assert dict(zip(curve.names, curve.value.tolist(), strict=True)) == pytest.approx({"u": 0.8, "v": 0.2})
    assert curve.counts == (100, 100)
    two = made(table, np.zeros(200, int), lambda rows: three(rows)[:, :2], kinds=kinds, labels="ab")
    assert curves(two, ["c"], Patience(30))[0][0].answer == 1


def test_moments_keep_their_type_and_missing_values_are_no_point() -> None:
    when = np.datetime64("2024-01-01", "us") + np.arange(200) * np.timedelta64(1, "D")
    when[::7] = np.datetime64("NaT")
    kinds = {"when": Type(type="timestamp")}
    work = made({"when": when}, np.zeros(200), lambda rows: rows["when"].astype(np.int64) / 1e15, kinds=kinds)
    (curve,), _ = curves(work, ["when"], Patience(30))
    assert curve.x.dtype == when.dtype
    assert not np.isnat(curve.x).any()
    assert (np.diff(curve.value) > 0).all()


def test_texts_vectors_and_values_that_hardly_repeat_have_no_curve() -> None:
    table = {
        "text": object_column([f"text {n}" for n in range(100)]),
        "name": object_column([f"n{n}" for n in range(100)]),
        "kind": object_column(["a", "b"] * 50),
        "vector": np.zeros((100, 3), dtype=np.float32),
        "constant": np.ones(100),
    }
    kinds = {name: Type(type="category") for name in ("name", "kind")}
    kinds |= {"text": Type(type="text"), "vector": Type(type="vector"), "constant": Type(type="number")}
    work = made(table, np.zeros(100), lambda rows: np.zeros(len(rows["kind"])), kinds=kinds)
    assert [name for name in table if has_curve(work, name)] == ["kind", "constant"]
    found, late = curves(work, ["kind", "constant"], Patience(30))
    assert [curve.column for curve in found] == ["kind"]
    assert found[0].moves == 0
    assert late == []


def test_what_there_is_no_time_for_is_named() -> None:
    table = {name: np.arange(100.0) for name in "abcd"}
    work = made(table, table["a"], lambda rows: rows["a"], pace=1.0)
    assert curves(work, list("abcd"), Patience(0.5)) == ([], list("abcd"))


def test_rows_that_fail_have_no_part_in_the_curve() -> None:
    table = {"x": np.linspace(0, 1, 100), "z": np.arange(100.0) % 10}
    work = made(table, table["x"], lambda rows: np.where(rows["z"] == 0, np.nan, rows["x"]))
    (curve,), _ = curves(work, ["x"], Patience(30))
    assert curve.rows == 90
    assert np.isfinite(curve.value).all()
    assert curves(made(table, table["x"], lambda rows: rows["x"] * np.nan), ["x"], Patience(30)) == ([], [])
