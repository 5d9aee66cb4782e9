"""Scaling and curves of many columns at once: what each column alone gives, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.families import _curves
from smeaton.families._curves import learn_curves, learn_numbers


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    rows, columns = draw(st.integers(0, 40)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 1_000)))
    found = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-8, 9, columns)
    for place in range(columns):
        kind = draw(st.sampled_from(["plain", "gaps", "few values", "constant", "no values"]))
        if kind == "gaps":
            found[rng.random(rows) < 0.3, place] = np.nan
        elif kind == "few values":
            found[:, place] = rng.integers(0, 3, rows)
        elif kind in ("constant", "no values"):
            found[:, place] = 4.5 if kind == "constant" else np.nan
    return found


def alone(numbers: np.ndarray, place: int) -> tuple[float, float, float, float]:
    """Ends, mean and deviation of one column."""
    known = numbers[:, place][~np.isnan(numbers[:, place])]
    if not len(known):
        return 0.0, 0.0, 0.0, 1.0
    edges = np.quantile(known, [0.01, 0.99])
    bottom, top = edges if edges[1] > edges[0] else (known.min(), known.max())
    low, high = bottom - 0.5 * (top - bottom), top + 0.5 * (top - bottom)
    clipped = np.clip(known, low, high)
    mean, scale = clipped.mean(), clipped.std()
    return low, high, mean, scale if scale > 1e-12 * max(1.0, abs(mean)) else 1.0


@pytest.mark.parametrize("cells", [1, 60, 500_000])
@settings(max_examples=50, deadline=None)
@given(numbers=matrices(), knots=st.integers(3, 12))
def test_columns_are_learnt_as_each_alone(cells: int, numbers: np.ndarray, knots: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_curves, "_CELLS", cells)
        scaling = learn_numbers(numbers)
        curves = learn_curves(numbers, knots, scaling.fill)
    expected = np.array([alone(numbers, place) for place in range(numbers.shape[1])]).T
    np.testing.assert_array_equal([scaling.low, scaling.high, scaling.mean, scaling.scale], expected)
    starts: list[tuple[int, float]] = []
    for place, column in enumerate(numbers.T):
        known = column[~np.isnan(column)]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, knots + 1))) if len(known) else known
        if len(edges) >= 4 and np.diff(edges).min() > 1e-9 * max(1.0, float(np.abs(edges).max())):
            starts += [(place, edge) for edge in edges[:-1].tolist()]
    found = [] if curves is None else list(zip(curves.columns.tolist(), curves.low.tolist(), strict=True))
    assert found == starts
