"""The charts of answers: every mark says what it shows, nothing of the user's becomes more than text."""

import pytest
from tests.reporting.charts.drawing import HOSTILE, figure, said, words

from smeaton.reporting.charts._scales import log_ticks
from smeaton.reporting.svg import draw


def test_heat_says_each_cell_and_writes_few_numbers() -> None:
    names = [HOSTILE, "", "ok"]
    cells = [(down, over) for down in names for over in names]
    columns = {
        "row": [down for down, _ in cells],
        "column": [over for _, over in cells],
        "value": [0.5, 0.25, 0.25] * 3,
        "count": [2, 1, 1_001] * 3,
        "note": ["n"] * 9,
    }
    one = figure("heat", columns, options={"agree": True})
    marks = [text for text in said(one) if ": " in text]
    assert len(marks) == 9
    assert marks[0].endswith(": 50 %; n")
    assert "(empty), ok: 25 %; n" in marks
    assert "1,001" in words(one)
    many = [str(number) for number in range(20)]
    columns = {"row": many, "column": many, "value": [1.0] * 20, "count": [77] * 20}
    assert "77" not in words(figure("heat", columns))


def test_heat_tells_right_cells_from_wrong_ones() -> None:
    columns = {"row": ["a", "a"], "column": ["a", "b"], "value": [0.9, 0.1]}
    assert draw(figure("heat", columns, options={"agree": True}), "f").svg.count("var(--warn)") == 1
    assert "var(--warn)" not in draw(figure("heat", columns), "f").svg


def test_histogram_stacks_series_and_marks_values() -> None:
    columns = {
        "start": [0.0, 0.5, 0.0, 0.5],
        "end": [0.5, 1.0, 0.5, 1.0],
        "count": [3, 0, 1, 2],
        "series": ["yes", "yes", HOSTILE, HOSTILE],
    }
    one = figure("histogram", columns, options={"kind": "share", "rules": [{"x": 0.25, "name": "here"}]})
    marks = said(one)
    assert "yes, 0 % to 50 %: 3 rows" in marks
    assert sum("rows" in text or "row" in text for text in marks) == 3
    assert "here: 25 %" in marks
    assert "yes" in words(one)
    log = figure("histogram", {"start": [1.0, 10.0], "end": [10.0, 100.0], "count": [1, 2]}, options={"log": True})
    assert said(log) == ["1 to 10: 1 row", "10 to 100: 2 rows"]


def test_curves_have_lines_guides_points_and_rules() -> None:
    columns = {
        "x": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.5],
        "y": [0.0, 1.0, 0.2, 0.9, 0.0, 1.0, 0.7],
        "series": ["one", "one", HOSTILE, HOSTILE, "chance", "chance", "one"],
        "mark": ["line", "line", "line", "line", "guide", "guide", "point"],
        "note": ["first curve", "", "other curve", "", "what chance does", "", "as it ships"],
    }
    options = {"kind_x": "share", "kind_y": "share", "rules": [{"x": 0.3, "name": "cut"}], "domain_x": [0, 1]}
    one = figure("curves", columns, options=options, x="across", y="up")
    marks = said(one)
    assert {"first curve", "other curve", "what chance does", "cut: 30 %", "as it ships: 50 %, 70 %"} <= set(marks)
    written = words(one)
    assert "one" in written
    assert "chance" not in written, "a line to compare with has no colour of its own"
    assert "across" in written
    plain = figure("curves", {"x": [1.0, 2.0], "y": [3.0, 4.0]})
    assert "var(--accent)" in draw(plain, "f").svg


def test_points_off_the_line_differ_by_shape_and_colour() -> None:
    columns = {
        "x": [0.2, 0.8],
        "y": [0.25, 0.5],
        "low": [0.15, 0.4],
        "high": [0.35, 0.6],
        "off": [False, True],
        "note": ["40 rows", "50 rows"],
    }
    options = {"kind_x": "share", "kind_y": "share", "diagonal": True, "domain_x": [0, 1], "domain_y": [0, 1]}
    one = figure("interval_points", columns, options=options)
    assert "at 20 %: 25 %, 15 % to 35 %; 40 rows" in said(one)
    picture = draw(one, "f").svg
    assert "var(--warn)" in picture
    assert "var(--accent)" in picture
    level = figure("interval_points", columns, options={"level": 0.9, "level_name": "promised", "kind_y": "share"})
    assert "promised: 90 %" in said(level)
    assert "promised" in words(level)


def test_groups_of_intervals_leave_out_what_is_not_known() -> None:
    columns = {
        "name": ["a", "a", HOSTILE, HOSTILE],
        "series": ["recall", "precision"] * 2,
        "value": [0.5, None, 0.7, 0.8],
        "low": [0.4, None, 0.6, 0.7],
        "high": [0.6, None, 0.8, 0.9],
    }
    marks = said(figure("grouped_intervals", columns, options={"kind": "share", "domain": [0, 1]}))
    assert sum(": " in text and "%" in text for text in marks) == 3
    assert "a, recall: 50 %, 40 % to 60 %" in marks


def test_captions_have_the_width_to_themselves() -> None:
    long = "word " * 500
    columns = {
        "name": [long, HOSTILE],
        "value": [0.2, 0.1],
        "low": [0.1, None],
        "high": [0.3, None],
        "note": ["12 rows", ""],
    }
    one = figure("captioned_bars", columns, options={"kind": "share", "warn": True})
    assert "(12 rows)" in words(one)
    marks = set(said(one))
    assert len(marks) == 2
    assert any(text.endswith("(12 rows): 20 %, 10 % to 30 %") for text in marks)
    assert draw(one, "f").width <= 380


def test_cells_of_a_density_say_their_rows() -> None:
    columns = {"x": [1.0, 10.0], "x_end": [10.0, 100.0], "y": [1.0, 1.0], "y_end": [10.0, 10.0], "count": [1, 2_000]}
    options = {"domain": [1.0, 100.0], "diagonal": True, "log": True}
    marks = said(figure("density", columns, options=options))
    assert {"1 row: 1 to 10, 1 to 10", "2,000 rows: 10 to 100, 1 to 10", "both are the same"} <= set(marks)


def test_dots_are_one_for_each_row() -> None:
    columns = {"x": [1.0, 2.0, 2.0], "y": [3.0, 4.0, 4.0], "note": ["", HOSTILE, ""]}
    marks = said(figure("dots", columns, options={"domain": [0, 5], "diagonal": True}))
    assert "1, 3" in marks
    assert len(marks) == 1 + 3, "the diagonal and the dots"


@pytest.mark.parametrize("options", [{}, {"level": 1.0, "log_x": True, "log_y": True}])
def test_a_fan_says_its_middle_and_its_half(options: dict[str, object]) -> None:
    columns = {
        "x": [1.0, 10.0],
        "lowest": [0.5, 0.4],
        "low": [0.8, 0.7],
        "middle": [1.0, 1.1],
        "high": [1.2, 1.5],
        "highest": [2.0, 2.5],
        "count": [30, 1_000],
    }
    marks = said(figure("fan", columns, options=options))
    assert "at 10: middle 1.1, half lie within 0.7 to 1.5; 1,000 rows" in marks


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1, 1e6], [10.0**power for power in range(7)]),
        ([0.6, 1.8], [0.7, 1, 1.5]),
        ([3, 60], [5, 10, 20, 50]),
        ([0.0, -1.0], []),
    ],
)
def test_ticks_of_a_logarithmic_scale(values: list[float], ticks: list[float]) -> None:
    assert log_ticks(values) == pytest.approx(ticks)


def test_very_many_decades_have_few_ticks() -> None:
    assert len(log_ticks([1e-300, 1e300])) <= 8
