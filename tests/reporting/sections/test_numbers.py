"""How far numbers are off, and whether their intervals hold."""

from pathlib import Path

import numpy as np
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.sections.answered import answered
from tests.reporting.test_sections import check_figure

from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Figure, Section
from smeaton.reporting.sections._residuals import quantiles
from smeaton.reporting.sections.numbers import part
from smeaton.task.table import ERROR, HIGH, LOW, PREDICTION, Array, object_column
from smeaton.task.types import Type

NUMBER = Type(type="number", unit="EUR")


def made(build: Build) -> Section:
    assert part.applies(build) == ""
    section = part.make(build)
    for one in section.figures:
        check_figure(one)
    return section


def figure(section: Section, name: str) -> Figure:
    return next(one for one in section.figures if one.id == name)


def fact(section: Section, name: str) -> Fact:
    return next(one for one in section.facts if one.name == name)


def some(rows: int, seed: int = 0) -> tuple[Array, Array]:
    """Answers, and what was true: off by a normal error of 2."""
    draw = np.random.default_rng(seed)
    said = draw.uniform(0, 50, rows)
    return said, said + 2 * draw.standard_normal(rows)


def test_typical_errors_in_the_unit_of_the_target(tmp_path: Path) -> None:
    said, true = some(3_000)
    section = made(answered(tmp_path, NUMBER, true, {PREDICTION: said}))
    half, unit = fact(section, "Typical error").value.split()
    assert float(half) == pytest.approx(0.6745 * 2, rel=0.06)
    assert unit == "EUR"
    assert float(fact(section, "90 % of answers are within").value.split()[0]) == pytest.approx(1.645 * 2, rel=0.06)
    assert "EUR" in figure(section, "against").x
    assert fact(section, "On average").mood == ""


def test_few_rows_are_drawn_one_by_one_and_many_as_cells(tmp_path: Path) -> None:
    for rows, chart in ((100, "dots"), (3_000, "density")):
        folder = tmp_path / chart
        folder.mkdir()
        said, true = some(rows)
        one = figure(made(answered(folder, NUMBER, true, {PREDICTION: said})), "against")
        assert one.chart == chart
        drawn = len(one.columns["x"]) if chart == "dots" else sum(one.columns["count"])
        left = int(one.says.split(" rows lie outside")[0].split()[-1]) if "outside" in one.says else 0
        assert drawn + left == rows


def test_answers_that_lean_one_way_say_so(tmp_path: Path) -> None:
    said, true = some(2_000)
    section = made(answered(tmp_path, NUMBER, true, {PREDICTION: said - 3}))
    lean = fact(section, "On average")
    assert "too low" in lean.value
    assert lean.mood == "warn"
    assert all(middle > 1 for middle in figure(section, "along").columns["middle"])


def test_errors_that_grow_are_seen(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    said = draw.uniform(1, 50, 2_000)
    section = made(answered(tmp_path, NUMBER, said * (1 + 0.1 * draw.standard_normal(2_000)), {PREDICTION: said}))
    assert figure(section, "along").says.startswith("Large answers are off by more")
    fan = figure(section, "along").columns
    assert fan["high"][-1] - fan["low"][-1] > 4 * (fan["high"][0] - fan["low"][0])


def test_intervals_are_held_against_what_they_promise(tmp_path: Path) -> None:
    said, true = some(2_000)
    for name, wide, mood in (("right", 1.645 * 2, "good"), ("narrow", 2.0, "warn")):
        folder = tmp_path / name
        folder.mkdir()
        ends = {LOW: said - wide, HIGH: said + wide}
        ends[LOW][:50] = ends[HIGH][:50] = np.nan  # no band judges these
        section = made(answered(folder, NUMBER, true, {PREDICTION: said, **ends}))
        held = fact(section, "Inside their 90 % interval")
        assert held.mood == mood
        inside = (np.abs(true - said) <= wide)[50:]
        assert held.value == f"{100 * inside.mean():.1f} %"
        columns = figure(section, "coverage").columns
        assert len(columns["y"]) == 10
        assert np.mean(columns["y"]) == pytest.approx(inside.mean(), abs=0.005)
    assert "too few rows" in figure(section, "coverage").says
    assert all(columns["off"])


def test_a_target_over_decades_has_logarithmic_axes(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    said = np.exp(draw.uniform(0, 10, 1_500))
    said[:4] = -1.0
    true = np.exp(draw.uniform(0, 10, 1_500))
    true[4:] = said[4:] * np.exp(0.2 * draw.standard_normal(1_496))
    section = made(answered(tmp_path, Type(type="number"), true, {PREDICTION: said}))
    assert figure(section, "against").options["log"]
    assert figure(section, "residuals").options["log"]
    assert min(figure(section, "against").columns["x"]) > 0
    assert float(fact(section, "Half are within a factor of").value) == pytest.approx(np.exp(0.6745 * 0.2), abs=0.02)
    assert any(note.text.startswith("4 answers are 0 or below") for note in section.notes)


def test_a_quantile_is_judged_as_one(tmp_path: Path) -> None:
    said, true = some(2_000)
    kind = Type(type="number", quantile=0.9)
    section = made(answered(tmp_path, kind, true, {PREDICTION: said + 1.2816 * 2}))
    assert fact(section, "True values at or below").mood == "good"
    assert not [one for one in section.facts if one.name == "On average"]
    assert {one.id for one in section.figures} == {"against", "residuals", "along"}


def test_answers_that_are_no_numbers_are_left_out_and_said(tmp_path: Path) -> None:
    said = object_column([1.0, 2.0, None, float("inf"), 5.0, 6.0])
    errors = object_column([None, None, None, None, None, "timeout"])
    section = made(answered(tmp_path, NUMBER, np.arange(6.0), {PREDICTION: said, ERROR: errors}))
    assert any(note.text.startswith("3 rows have no number") for note in section.notes)
    (tmp_path / "none").mkdir()
    lost = {PREDICTION: object_column([None, None])}
    assert "too few" in part.applies(answered(tmp_path / "none", NUMBER, np.arange(2.0), lost))


@pytest.mark.parametrize("true", [np.full(40, 7.0), np.array([0.0, 0.0, 1e9]), np.array([1e-300, 1.0, 1e300])])
def test_odd_targets_still_have_pictures(tmp_path: Path, true: Array) -> None:
    section = made(answered(tmp_path, NUMBER, true, {PREDICTION: np.full(len(true), float(np.median(true)))}))
    assert len(section.figures) == 3


def test_heavy_rows_count_for_more(tmp_path: Path) -> None:
    true, weight = np.array([10.0, 10.0, 10.0, 10.0, 20.0]), np.array([1.0, 1.0, 1.0, 1.0, 9.0])
    section = made(answered(tmp_path, NUMBER, true, {PREDICTION: np.full(5, 10.0)}, weight=weight))
    assert fact(section, "Typical error").value == "10 EUR"
    assert quantiles(true, weight, [0.1, 0.5]) == [10.0, 20.0]


def test_of_a_real_build(opened: Opened) -> None:
    section = made(opened("number"))
    assert "Inside their 90 % interval" in [one.name for one in section.facts]
    assert "number" in part.applies(opened("two")) or "one label" in part.applies(opened("two"))
