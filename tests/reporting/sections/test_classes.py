"""Right and wrong, label by label."""

from pathlib import Path

import numpy as np
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.sections.answered import answered, classes, likeliest, two_labels
from tests.reporting.test_sections import checked

from smeaton.reporting.build import Build
from smeaton.reporting.forms import Section
from smeaton.reporting.sections.classes import part
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, object_column
from smeaton.task.types import Type

HOSTILE = '<script>alert("x")</script>'


def made(build: Build) -> Section:
    assert part.applies(build) == ""
    return checked(part.make(build))


def fact(section: Section, name: str) -> str:
    return next(one.value for one in section.facts if one.name == name)


def test_cells_count_what_was_answered(tmp_path: Path) -> None:
    target = np.array([0] * 6 + [1] * 4)
    said = object_column(["a", "a", "a", "a", "b", "b", "b", "b", "b", "a"])
    section = made(answered(tmp_path, Type(type="category", labels=("a", "b")), target, {PREDICTION: said}))
    cells = section.figures[0].columns
    assert cells["count"] == [4, 2, 1, 3]
    assert cells["value"] == pytest.approx([4 / 6, 2 / 6, 1 / 4, 3 / 4])
    assert "a answered as b, 2 of 6 rows" in section.figures[0].says
    first = section.grids[0].rows[0]
    assert first[:3] == ("a", 6, 5)
    assert [cell[0] for cell in first[3:6]] == pytest.approx([4 / 6, 4 / 5, 8 / 11])
    assert fact(section, "Right answers") == "70.0 %"
    assert fact(section, "Always a") == "60.0 %"


def test_shares_follow_weights_and_counts_do_not(tmp_path: Path) -> None:
    said = object_column([True, False, True, False])
    build = answered(
        tmp_path,
        Type(type="boolean", labels=(False, True)),
        np.array([1, 1, 0, 0]),
        {PREDICTION: said},
        weight=np.array([3.0, 1.0, 1.0, 1.0]),
    )
    section = made(build)
    assert section.figures[0].columns["count"] == [1, 1, 1, 1]
    assert section.figures[0].columns["value"] == pytest.approx([0.5, 0.5, 0.25, 0.75])
    assert any("weigh" in note.text for note in section.notes)
    assert "'weight'" in section.figures[0].how


def test_answers_that_are_none_are_wrong_and_said(tmp_path: Path) -> None:
    said = {
        PREDICTION: object_column(["a", "b", "z", None, "a"]),
        ERROR: object_column([None, None, None, "timeout", "timeout"]),
    }
    section = made(answered(tmp_path, Type(type="category", labels=("a", "b")), np.array([0, 1, 0, 1, 0]), said))
    assert "no valid answer" in section.figures[0].columns["column"]
    assert fact(section, "Right answers") == "40.0 %"
    assert any(note.text.startswith("3 rows have no valid answer") for note in section.notes)


def test_hundreds_of_labels_are_cut_to_the_worst(tmp_path: Path) -> None:
    labels = (*tuple(f"{HOSTILE} {'long ' * 1000}{number}" for number in range(150)), "", "מרחבא")
    code, chance = classes(len(labels), 2_000)
    section = made(answered(tmp_path, Type(type="category", labels=labels), code, likeliest(chance, labels)))
    assert [figure.chart for figure in section.figures] == ["captioned_bars", "grouped_intervals"]
    assert "weakest of" in section.figures[1].title
    assert len(section.grids[0].rows) == 20
    names = section.figures[0].columns["name"]
    assert len(names) == 12
    assert max(map(len, names)) <= 83


def test_any_number_of_labels_a_row(tmp_path: Path) -> None:
    target = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]], dtype=np.int8)
    said = object_column([["a"], ["a", "c"], [], ["c"]])
    kind = Type(type="list", of=Type(type="category", labels=("a", "b", "c")))
    section = made(answered(tmp_path, kind, target, {PREDICTION: said}))
    pairs = section.figures[0]
    assert pairs.columns["name"] == ["b → c"]
    assert pairs.columns["value"] == [1.0]
    assert fact(section, "All labels right") == "50.0 %"
    assert fact(section, "F1 over all labels") == "50.0 %"
    assert any("Never answered though rows have it: b" in note.text for note in section.notes)
    assert any("No row looked at has the label: c" in note.text for note in section.notes)


def test_rows_without_any_label_leave_nothing_to_show(tmp_path: Path) -> None:
    kind = Type(type="list", of=Type(type="category", labels=("a", "b")))
    said = {PREDICTION: object_column([[], []])}
    assert (
        part.applies(answered(tmp_path, kind, np.zeros((2, 2), dtype=np.int8), said)) == "no row looked at has a label"
    )


def test_a_label_for_what_fits_no_other(tmp_path: Path) -> None:
    kind = Type(type="category", labels=("a", "b", "none"), outside="none")
    target = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    said = object_column(["a", "a", "a", "none", "b", "b", "none", "a"])
    section = made(answered(tmp_path, kind, target, {PREDICTION: said}))
    assert fact(section, "Caught outside rows") == "50.0 %"
    assert fact(section, "Turned away though they belong") == "16.7 %"


def test_ordered_labels_may_be_near(tmp_path: Path) -> None:
    kind = Type(type="category", labels=("low", "mid", "high"), ordered=True)
    said = object_column(["mid", "mid", "low", "high"])
    section = made(answered(tmp_path, kind, np.array([0, 1, 2, 2]), {PREDICTION: said}))
    assert fact(section, "At most one step off") == "75.0 %"


def test_rows_of_a_group_make_wider_intervals(tmp_path: Path) -> None:
    code, chance = two_labels(300)
    kind, said = Type(type="boolean", labels=(False, True)), likeliest(np.round(chance), (False, True))
    widths = []
    for name, more in (("alone", {}), ("grouped", {"group": np.arange(300) // 30})):
        (tmp_path / name).mkdir()
        order = np.argsort(chance[:, 1], kind="stable")
        build = answered(tmp_path / name, kind, code[order], {key: one[order] for key, one in said.items()}, **more)
        interval = made(build).grids[0].rows[1][3]
        widths.append(interval[2] - interval[1])
    assert widths[1] > 1.5 * widths[0]


def test_two_rows_are_enough(tmp_path: Path) -> None:
    said = {PREDICTION: object_column(["a", "a"]), PROBABILITY: np.array([[0.9, 0.1], [0.6, 0.4]])}
    section = made(answered(tmp_path, Type(type="category", labels=("a", "b")), np.array([0, 1]), said))
    assert fact(section, "Right answers") == "50.0 %"


def test_of_a_real_build(opened: Opened) -> None:
    section = made(opened("three"))
    rows = len(opened("three").evidence.rows)
    assert sum(section.figures[0].columns["count"]) == rows
    assert f"{rows} rows" in section.figures[0].how
    assert "number" in part.applies(opened("number"))
