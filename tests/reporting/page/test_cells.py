"""Cells: what people read, and what a table is sorted by."""

import math
import re

import pytest

from smeaton.reporting.forms import Head
from smeaton.reporting.page.cells import LONG, MOST, amount, cell, drawn, mark, span_of, text


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("number", 0.123456, "0.1235"),
        ("number", 1234567, "1,234,567"),
        ("number", 44_749.3, "44,749"),
        ("number", 12, "12"),
        ("number", -0.5, "-0.5000"),
        ("number", 1.5e18, "1.5e+18"),
        ("number", float("inf"), "unknown"),
        ("share", 0.1234, "12.3 %"),
        ("seconds", 0.0021, "2.1 ms"),
        ("seconds", -0.0021, "-2.1 ms"),
        ("bytes", 1_520_000, "1.52 MB"),
        ("dollars", 0.2, "$0.20"),
    ],
)
def test_amounts(kind: str, value: float, shown: str) -> None:
    assert amount(kind, value) == shown
    if math.isfinite(value):
        found = cell(Head(name="x", kind=kind), value, (0, 1))  # type: ignore[arg-type]
        assert float(re.findall(r'data-v="([^"]+)"', found)[0]) == pytest.approx(value)


def test_an_interval_is_drawn_to_the_scale_of_its_column() -> None:
    span = span_of([[1, 0, 2], None, [3, 2, 4]])
    assert span == (0, 4)
    places = [float(one) for one in re.findall(r'd="M([\d.]+) 6H([\d.]+)"', drawn([3, 2, 4], span))[1]]
    assert places == [32, 61]
    assert 'cx="46.5"' in drawn([3, 2, 4], span)
    assert drawn([1, float("-inf"), 2], span) == ""
    assert "0 to 2" in cell(Head(name="x", kind="interval"), [1.0, 0.0, 2.0], span)
    assert drawn([1, 1, 1], span_of([[1, 1, 1]])).count("circle") == 1, "a column of one value"


def test_nothing_is_a_dash_and_not_a_zero() -> None:
    for kind in ("text", "number", "interval", "mark"):
        found = cell(Head(name="x", kind=kind), None, (0, 1))  # type: ignore[arg-type]
        assert "–" in found
        assert "data-v" not in found


def test_a_mark_is_told_by_shape_and_name() -> None:
    assert len({re.sub("<[^>]*>", "", mark(value)) for value in ("ok", "warn", "bad")}) == 3
    assert mark("") == ""


def test_long_texts_are_cut_and_say_how_much() -> None:
    assert text("a" * LONG) == "a" * LONG
    assert text("a" * (LONG + 1)).startswith("<details>")
    assert "7 characters more" in text("a" * (MOST + 7))
    assert text("<b>") == "&lt;b&gt;"
