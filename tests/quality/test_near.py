"""Near-copies: planted ones are found whatever the noise, strangers and small worlds are not taken for any."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.quality._matrix import folded, matrix, scaled
from smeaton.quality.near import copies_by_chance, near_pairs
from smeaton.task.table import object_column


def table(rows: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    words = ["red", "green", "blue", "grey"]
    found: dict[str, Any] = {f"x{place}": rng.lognormal(size=rows) * 10**place for place in range(4)}
    found["year"] = rng.integers(1990, 2020, rows)
    found["colour"] = object_column(rng.choice(words, rows).tolist())
    return found


def doubled(first: dict[str, Any], again: np.ndarray) -> dict[str, Any]:
    return {name: np.concatenate([column, column[again]]) for name, column in first.items()}


def pairs_of(made: dict[str, Any], parts: np.ndarray) -> set[tuple[int, int]]:
    found = near_pairs(made, np.arange(len(parts)), parts)
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("noise", [0.0, 0.0005, 0.002])
def test_copies_with_rounded_numbers_and_other_writing_are_found(noise: float) -> None:
    rows, again = 1_500, np.arange(0, 300)
    made = doubled(table(rows), again)
    rng = np.random.default_rng(1)
    for name in ("x0", "x1", "x2", "x3"):
        made[name][rows:] *= 1 + rng.uniform(-noise, noise, len(again))
    made["colour"][rows:] = [f" {cell.upper()}!" for cell in made["colour"][rows:]]
    parts = np.repeat([0, 1], [rows, len(again)])
    found = pairs_of(made, parts)
    planted = {(one, rows + one) for one in again.tolist()}
    assert len(found & planted) >= 0.99 * len(planted)
    assert len(found - planted) <= 1


def test_one_corrected_column_of_many_is_named() -> None:
    rng = np.random.default_rng(0)
    made: dict[str, Any] = {f"x{place}": rng.normal(size=400) for place in range(12)}
    made = doubled(made, np.arange(50))
    made["x3"][400:] += 5
    found = near_pairs(made, np.arange(450), np.repeat([0, 1], [400, 50]))
    assert len(found.first) == 50
    assert set(found.differing) == {("x3",)}
    assert found.likeness == pytest.approx(11 / 12, abs=0.01)
    assert found.chance < 1e-6


def test_rows_of_one_part_are_no_pair_and_nulls_agree() -> None:
    made = {"x": np.array([1.0, 1.0, np.nan, np.nan]), "c": object_column(["a", "a", None, None])}
    assert pairs_of(made, np.array([0, 0, 0, 1])) == {(2, 3)}
    assert pairs_of(made, np.zeros(4)) == set()
    assert pairs_of({}, np.array([0, 1])) == set()


def test_near_numbers_differ_where_they_must() -> None:
    made = {"year": np.tile(np.arange(1990, 2020), 20), "x": np.arange(600) * 1.0}
    assert pairs_of(made, np.arange(600) % 2) == set()


def test_long_texts_are_compared_by_what_they_share() -> None:
    rng = np.random.default_rng(0)
    words = [f"word{place}" for place in range(500)]
    texts = [" ".join(rng.choice(words, 30)) for _ in range(200)]
    changed = [text.replace(text.split()[4], "other", 1).upper() for text in texts[:40]]
    made = {"text": object_column(texts + changed)}
    found = pairs_of(made, np.repeat([0, 1], [200, 40]))
    assert found == {(row, 200 + row) for row in range(40)}
    few = near_pairs(made, np.arange(240), np.repeat([0, 1], [200, 40]), characters=100)
    assert not len(few.first)
    assert "too much text" in few.notes[0]


def test_chance_is_high_where_rows_are_few_kinds_and_low_else() -> None:
    rng = np.random.default_rng(0)
    rows = 2_000
    small = {f"q{place}": rng.integers(0, 3, rows) for place in range(5)}
    one = rng.integers(0, 50, rows)
    tied = {f"m{place}": one * (place + 1) for place in range(10)}
    parts = np.arange(rows) % 2
    for made in (small, tied):
        assert near_pairs(made, np.arange(rows), parts).chance > 0.5
        keys = np.unique(np.stack(list(made.values())), axis=1, return_index=True)[1]
        assert copies_by_chance(made, np.arange(rows), keys) > 0.3
    assert near_pairs(table(rows), np.arange(rows), parts).chance < 0.01


def test_a_hundred_thousand_rows_take_seconds() -> None:
    made = doubled(table(100_000), np.arange(500))
    parts = np.repeat([0, 1], [80_000, 20_500])
    start = time.process_time()
    found = near_pairs(made, np.arange(100_500), parts)
    assert time.process_time() - start < 20  # a fault, not a measurement: it takes about two
    planted = {(one, 100_000 + one) for one in range(500)}
    assert planted <= set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=3, max_size=60), st.floats(0.01, 1000))
def test_the_scale_does_not_mind_units(values: list[float], unit: float) -> None:
    column = np.array(values)
    one, two = scaled(column), scaled(column * unit)
    assert np.allclose(one, two, atol=1e-3, rtol=1e-3)


def test_the_matrix_keeps_the_columns_that_tell_most() -> None:
    rng = np.random.default_rng(0)
    made = {"flag": rng.integers(0, 2, 100), "x": rng.normal(size=100), "v": rng.normal(size=(100, 8))}
    cells, names, notes = matrix(made, np.arange(100), 2, 0)
    assert set(names) == {"x", "v"}
    assert cells.shape == (100, 5)
    assert "2 columns" in notes[0]


def test_folding() -> None:
    assert folded("  Ｈello, WORLD!\n") == "hello world"
