"""The learnt portfolio: which class a table belongs to, starts as they fit the table, and the file that ships."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from tables import make_profile, make_rows, make_task

from smeaton.families import Space, forest, linear, network
from smeaton.families import _catboost as catboost
from smeaton.families import _lightgbm as lightgbm
from smeaton.families import _xgboost as xgboost
from smeaton.families._columns import COLUMNS
from smeaton.families._portfolio import (
    FILE,
    SMALL,
    Class,
    Portfolio,
    Start,
    adapted,
    boosting_starts,
    kind_of,
    learned,
    learned_from,
    lowest_rate,
    placed,
    read_portfolio,
    starts_of,
    with_common,
)
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.task import Budget, Task
from smeaton.task.types import Type

KINDS = ("number", "binary", "4", "12")
NUMBERS = {"a": Type(type="number"), "b": Type(type="integer")}


def profile_of(task: Task, rows: int) -> Profile:
    return msgspec.structs.replace(make_profile(rows, task, make_rows(400, _kind(task)).y), rows=rows)


def _kind(task: Task) -> str:
    return {0: "number", 2: "binary"}.get(len(task.labels), str(len(task.labels)))


def made(*classes: Class) -> Portfolio:
    starts = {
        "fast": Start(family="linear", config={"knots": 0}),
        "slow": Start(family="boosting", config={"learning_rate": 0.001, "num_leaves": 8}),
        "log": Start(family="boosting", config={"learning_rate": 0.001, "num_leaves": 8, "log": True}),
    }
    return Portfolio(starts=starts, classes=classes)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_that_ships_has_an_order_for_every_kind_and_size(kind: str) -> None:
    task = make_task(kind)
    for rows in (100, 2_000, 20_000, 2_000_000):
        for seconds in (20.0, 60.0, 3600.0):
            short = task.with_(budget=Budget(time=seconds))
            found = learned(short, profile_of(short, rows))
            assert len(found) >= 3
            assert len({start.family for start in found}) >= 2
            assert len({msgspec.json.encode(start) for start in found}) == len(found)


def test_the_file_that_ships_says_where_it_comes_from() -> None:
    kept = read_portfolio(FILE)
    assert {"command", "date", "tables", "versions"} <= set(kept.provenance)
    assert len(kept.provenance["tables"]) >= 20


def test_the_file_that_ships_asks_families_for_nothing_they_do_not_know() -> None:
    known = {
        "boosting": lightgbm.DEFAULTS,
        "mixed": lightgbm.DEFAULTS,
        "linear": linear.DEFAULTS,
        "xgboost": xgboost.DEFAULTS,
        "catboost": catboost.DEFAULTS,
        "forest": forest.DEFAULTS,
        "network": network.DEFAULTS,
    }
    starts = read_portfolio(FILE).starts
    assert {start.family for start in starts.values()} >= {"boosting", "linear"}
    for name, start in starts.items():
        assert set(start.config) <= {*known[start.family], *COLUMNS}, name


def test_the_first_class_that_holds_the_table_and_the_budget_decides() -> None:
    portfolio = made(
        Class(kind="binary", rows=1000, seconds=90.0, order=("fast",)),
        Class(kind="binary", rows=1000, order=("slow", "fast")),
        Class(kind="binary", order=("slow",)),
        Class(kind="number", order=("fast",)),
    )

    def names(seconds: float, rows: int) -> list[str]:
        task = make_task("binary").with_(budget=Budget(time=seconds))
        return [start.family for start in learned_from(portfolio, task, profile_of(task, rows))]

    assert names(60, 500) == ["linear"]
    assert names(90, 999) == ["linear"]
    assert names(91, 999) == ["boosting", "linear"]
    assert names(60, 1000) == ["boosting"]
    assert learned_from(portfolio, make_task("4"), profile_of(make_task("4"), 500)) == ()


def test_other_kinds_of_answers_have_no_order() -> None:
    text = make_task("number").with_(output={"y": Type(type="text")})
    assert kind_of(text) is None
    assert learned(text, Profile(rows=500, columns=())) == ()
    assert [kind_of(make_task(kind)) for kind in KINDS] == ["number", "binary", "multiclass", "many classes"]


def test_starts_are_fitted_to_the_table_and_none_comes_twice() -> None:
    portfolio = made(Class(kind="binary", order=("slow", "log", "fast")))
    task = make_task("binary").with_(budget=Budget(time=10.0))
    profile = profile_of(task, 200_000)
    first, second = learned_from(portfolio, task, profile)
    assert first.config["learning_rate"] == round(lowest_rate(task, profile), 4) > 0.001
    assert "log" not in first.config
    assert second.family == "linear"


def test_nothing_is_asked_of_columns_that_are_not_there() -> None:
    config = {"num_leaves": 8, "encode": "target", "texts": "scores", "derive": ["counts", "pairs", "cross", "gaps"]}
    task = make_task("binary", NUMBERS)
    plain = Profile(rows=500, columns=tuple(ColumnProfile(name=n, type=t.type) for n, t in NUMBERS.items()))
    assert adapted("boosting", config, task, plain) == {"num_leaves": 8, "derive": ["pairs"], "refit": True}
    every = make_task("binary")
    derived = ["counts", "pairs"]  # one category has no crossing, one moment no gap
    assert adapted("boosting", config, every, profile_of(every, 500)) == {**config, "derive": derived, "refit": True}
    assert adapted("boosting", {"refit": False}, every, profile_of(every, 500)) == {"refit": False}
    assert adapted("boosting", {}, every, profile_of(every, SMALL)) == {"refit": False}


def test_the_curves_of_very_large_tables_are_left_out() -> None:
    task = make_task("binary")
    assert adapted("linear", {"knots": 8}, task, profile_of(task, 2_000_000))["knots"] == 8
    assert adapted("linear", {"knots": 8}, task, profile_of(task, 4_000_000))["knots"] == 0
    assert adapted("network", {"knots": 8}, task, profile_of(task, 4_000_000))["knots"] == 8


def test_what_a_familys_own_starts_have_in_common_holds_for_the_learnt_ones() -> None:
    own = [{"encode": "target", "work": 120, "kind": "extra"}, {"encode": "target", "work": 120, "kind": "random"}]
    assert with_common({"kind": "other", "encode": "onehot"}, own) == {"kind": "other", "encode": "onehot", "work": 120}
    assert with_common({"kind": "other"}, own[:1]) == {"kind": "other"}
    assert with_common({"kind": "other"}, []) == {"kind": "other"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_familys_own_starts_come_behind_the_learnt_ones(kind: str) -> None:
    task = make_task(kind)
    profile = profile_of(task, 1_000)
    first = [dict(start.config) for start in learned(task, profile) if start.family == "linear"]
    found = starts_of("linear", task, profile, [{"own": 1}, *first])
    assert list(found) == [*first, {"own": 1}]
    assert starts_of("nothing known", task, profile, [{"own": 1}]) == ({"own": 1},)


@pytest.mark.parametrize("kind", KINDS)
def test_placed_spaces_know_their_places(kind: str) -> None:
    task = make_task(kind)
    profile = profile_of(task, 1_000)
    order = learned(task, profile)
    places: list[int] = []
    for family in sorted({start.family for start in order}):
        space = placed(family, Space(starts=({"own": 1},), effort=3.0), task, profile)
        assert space.places
        assert space.effort == 3.0
        assert space.starts[-1] == {"own": 1}
        assert [dict(order[place].config) for place in space.places] == list(space.starts[: len(space.places)])
        places.extend(space.places)
    assert sorted(places) == list(range(len(order)))
    blend = Space(starts=({},), needs_pool=2)
    assert placed("boosting", blend, task, profile) is blend
    assert placed("own", blend, task, profile) is blend


def test_an_order_over_starts_that_are_not_there_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.json"
    path.write_bytes(msgspec.json.encode(Portfolio(classes=(Class(kind="number", order=("gone",)),))))
    with pytest.raises(ValueError, match="gone"):
        read_portfolio(path)


def test_more_labels_take_less_penalty_and_random_splits_first() -> None:
    few, many = make_task("4"), make_task("12")
    assert boosting_starts(few, profile_of(few, 500))[0]["lambda_l2"] == pytest.approx(5.0 * 2 / 4)
    found = adapted("xgboost", {"reg_lambda": 3.0, "min_child_weight": 1.0}, few, profile_of(few, 500))
    assert found == {"reg_lambda": 1.5, "min_child_weight": 0.5, "refit": True}
    starts = boosting_starts(many, profile_of(many, 500))
    assert starts[0]["extra_trees"]
    assert np.all(np.diff([not one.get("extra_trees", False) for one in starts]) >= 0)
