import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.routing import recombine, rows_through
from smeaton.runtime.stream import cell_text
from smeaton.task.table import object_column


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(), st.floats()), max_size=30))
def test_rows_come_back_in_order(rows: list[tuple[bool | None, float, float]]) -> None:
    mask = object_column([row[0] for row in rows])
    new, old = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    index = rows_through(mask, "go")
    kept = old.copy()
    whole = recombine(new[index], old, index, "y")
    expected = [row[1] if row[0] is True else row[2] for row in rows]
    np.testing.assert_array_equal(whole, np.array(expected, dtype=float))
    np.testing.assert_array_equal(old, kept)


@pytest.mark.parametrize(
    ("new", "old", "kind"),
    [
        (np.ones(1), np.ones(2), "float64"),
        (np.ones(1, dtype=np.float32), np.ones(2), "float64"),
        (np.ones(1, dtype=np.int64), np.ones(2), "float64"),
        (np.ones(1, dtype=bool), np.ones(2, dtype=np.int64), "object"),
        (object_column(["a"]), np.ones(2), "object"),
        (np.array(["2024-01-01"], dtype="M8[us]"), np.array(["2024", "2025"], dtype="M8[us]"), "datetime64[us]"),
        (np.ones((1, 3)), np.zeros((2, 3)), "float64"),
    ],
)
def test_the_type_holds_both_parts(new: np.ndarray, old: np.ndarray, kind: str) -> None:
    whole = recombine(new, old, np.array([1]), "y")
    assert whole.dtype == np.dtype(kind)
    assert np.all(whole[1] == new[0])
    assert np.all(whole[0] == old[0])


def test_different_widths_do_not_go_together() -> None:
    with pytest.raises(ProgramError, match="width"):
        recombine(np.ones((1, 3)), np.ones((2, 2)), np.array([1]), "y")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"), ("", ""), (None, None), (float("nan"), None), (np.float64(0.5), "0.5"),
        (np.bool_(True), "true"),
        (3, "3"), (np.array([0.25, 0.75]), "[0.25,0.75]"), (np.datetime64("NaT", "us"), None),
        (np.datetime64("2024-01-02T03:04:05", "us"), "2024-01-02T03:04:05.000000Z"),
    ],
)  # fmt: skip
def test_a_cell_as_text(value: object, text: str | None) -> None:
    assert cell_text(value) == text
