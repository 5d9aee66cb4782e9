"""The split: what is drawn of it, on time, on groups and on rows; drift between its parts."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reporting.sections.tables import build_of, plain, replaced
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.quality.forms import Drift, Shift
from smeaton.quality.parts import split_of
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Figure
from smeaton.reporting.sections.split import part


def moments(count: int) -> np.ndarray:
    return np.datetime64("2024-01-01", "us") + (np.arange(count) * 3_600).astype("timedelta64[s]")


def by_time(count: int = 600) -> Build:
    rows = plain(count)
    return build_of(replace(plain(count, time="when"), time=moments(count), table=dict(rows.table)), folds=3)


def by_group(groups: int = 12) -> Build:
    group = np.random.default_rng(0).integers(0, groups, 600)
    return build_of(replace(plain(600, group="who"), group=group))


def stretches(figure: Figure) -> list[dict[str, Any]]:
    return [dict(zip(figure.columns, one, strict=True)) for one in zip(*figure.columns.values(), strict=True)]


@pytest.mark.parametrize("build", [build_of(plain()), by_time(), by_group(), by_group(100)])
def test_every_row_of_a_fold_is_drawn_once(build: Build) -> None:
    figure = part.make(build).figures[0]
    check_figure(figure)
    for line in set(figure.columns["line"]):
        rows = dict.fromkeys(("train", "stop", "held", "test"), 0)
        for one in stretches(figure):
            if one["line"] == line and one["part"] != "unused":
                rows[one["part"]] += one["rows"]
        fold = build.folds[int(line.removeprefix("fold ")) - 1]
        test = split_of(build.dataset, build.folds)[1]
        assert rows == {"train": len(fold.train), "stop": len(fold.stop), "held": len(fold.held), "test": len(test)}


@pytest.mark.parametrize("build", [build_of(plain()), by_group(), by_group(100)])
def test_stretches_of_rows_follow_each_other(build: Build) -> None:
    found = stretches(part.make(build).figures[0])
    for line in {one["line"] for one in found}:
        mine = [one for one in found if one["line"] == line]
        assert mine[0]["start"] == 0
        for one, other in pairwise(mine):
            assert one["start"] < one["end"] <= other["start"]


def test_a_fold_by_time_is_judged_on_what_is_newer() -> None:
    figure, over_time = part.make(by_time()).figures[:2]
    assert figure.options["time"]
    for line in set(figure.columns["line"]):
        ends = {one["part"]: one for one in stretches(figure) if one["line"] == line}
        assert ends["train"]["end"] < ends["stop"]["start"] <= ends["stop"]["end"] < ends["held"]["start"]
        assert ends["held"]["end"] < ends["test"]["start"]
    assert figure.columns["line"][0] == "fold 3", "the oldest comes first"
    assert over_time.id == "split-time"
    assert len(over_time.columns["cell"]) == 20
    check_figure(over_time)


def test_the_moments_are_seconds_since_1970_in_utc() -> None:
    starts = [one["start"] for one in stretches(part.make(by_time()).figures[0]) if one["part"] == "train"]
    assert starts == [pytest.approx(1_704_067_200.0)] * 3


def test_groups_lie_whole_in_one_part() -> None:
    build = by_group()
    found = stretches(part.make(build).figures[0])
    assert all(len([one for one in found if one["line"] == line]) == 12 for line in {one["line"] for one in found})
    assert "'who'" in part.make(build).notes[0].text


def test_columns_that_drift_are_drawn_over_each_other() -> None:
    rows = plain(600, time="when")
    age = rows.table["age"] + np.linspace(0, 60, 600)
    build = build_of(replace(rows, time=moments(600), table={**rows.table, "age": age}))
    section = part.make(build)
    figure = next(figure for figure in section.figures if figure.id == "split-drift")
    assert figure.columns["cell"][0] == "age"
    mine = [one for one in stretches(figure) if one["cell"] == "age"]
    assert sum(one["size"] for one in mine) == pytest.approx(1)
    assert sum(one["other"] for one in mine) == pytest.approx(1)
    assert mine[0]["size"] > mine[0]["other"], "the newer part has fewer small values"
    assert section.grids[0].rows[0][0] == "age"
    assert any(note.mood == "warn" and "age" in note.text for note in section.notes)
    assert any(fact.mood == "warn" and fact.value.startswith("AUC") for fact in section.facts)
    check_figure(figure)
    check_grid(section.grids[0])


def test_parts_that_are_alike_say_so() -> None:
    build = build_of(plain())
    names = {"first": "the training rows", "second": "the sealed test"}
    alike = Drift(**names, rows=(9, 9), tested=4, auc=0.51, low=0.45, high=0.57, p=0.4)
    vars(build)["found"] = replaced(build.found, drifts=(alike,))
    section = part.make(build)
    assert not section.grids
    assert [note.mood for note in section.notes] == ["", "good"]
    assert [fact.mood for fact in section.facts if fact.value == "AUC 0.51"] == ["good"]
    apart = msgspec.structs.replace(alike, p=0.01, told_by=("age",))
    vars(build)["found"] = replaced(build.found, drifts=(apart,))
    assert any("several columns at once: age" in note.text for note in part.make(build).notes)


def test_what_is_missing_or_new_is_said_in_shares() -> None:
    build = build_of(plain())
    shifts = (
        Shift(column="region", what="missing", distance=0.3, p=0.001, first=0.1, second=0.4),
        Shift(column="region", what="unseen", distance=0.2, p=0.002, first=0.0, second=0.2),
        Shift(column="age", what="values", distance=0.1, p=0.003, psi=0.3),
    )
    drift = Drift(first="the training rows", second="the sealed test", rows=(9, 9), shifts=shifts, tested=9)
    vars(build)["found"] = replaced(build.found, drifts=(drift,))
    how = [row[2] for row in part.make(build).grids[0].rows]
    assert how[0] == "missing in 40 % instead of 10 %"
    assert how[1] == "values never seen before in 20 % of the rows"
    assert how[2].startswith("much other values")


def test_nothing_sealed_is_a_worry() -> None:
    rows = plain()
    task = rows.task.with_(test=msgspec.structs.replace(rows.task.test, share=0.0))
    section = part.make(build_of(replace(rows, task=task)))
    assert any(note.mood == "warn" and "sealed" in note.text for note in section.notes)
    assert "test" not in section.figures[0].columns["part"]


def test_a_build_without_a_solution_has_none() -> None:
    build = build_of(plain())
    vars(build)["board"] = msgspec.structs.replace(build.board, winner=None)
    assert "no solution" in part.applies(build)
