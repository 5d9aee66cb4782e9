import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.families import Space
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.task import Data, RowRoles, Source, Task
from smeaton.task.types import Type
from smeaton.trials.clock import Clock
from smeaton.trials.plan import Plan, make_plan, width

TASK = Task(data=Data(examples=Source(files=("rows.csv",))), output={"y": Type(type="number")})
SPACES = {
    "baseline": Space(starts=({},), effort=0),
    "linear": Space(starts=({},), effort=1),
    "boosting": Space(starts=({},), effort=5),
    "blend": Space(starts=({},), effort=0.2, needs_pool=2),
}


def facts(rows: int, columns: int = 20, shares: tuple[float, ...] = ()) -> Profile:
    return Profile(
        rows=rows, columns=tuple(ColumnProfile(name=f"c{i}", type="number") for i in range(columns)), shares=shares
    )


def planned(rows: int, budget: float, columns: int = 20, task: Task = TASK, groups: int | None = None) -> Plan:
    clock = Clock(budget, 0.0, lambda: 2.0)
    return make_plan(task, facts(rows, columns), SPACES, clock, groups=groups)


@pytest.mark.parametrize("rows", [30, 900, 50_000, 200_000, 2_000_000])
@pytest.mark.parametrize("budget", [20.0, 30.0, 60.0, 240.0])
@pytest.mark.parametrize("columns", [5, 20, 500])
def test_leaves_most_of_the_budget_for_trying(rows: int, budget: float, columns: int) -> None:
    plan = planned(rows, budget, columns)
    assert plan.made == plan.folds
    assert plan.ships == ("bag" if plan.folds > 1 else "holdout")
    assert 1 <= plan.reserve <= 0.35 * budget
    assert plan.lines
    assert not plan.settled


def test_small_data_gets_folds_and_large_data_a_holdout() -> None:
    assert planned(900, 60).folds >= 5
    assert planned(50_000, 60).folds >= 3
    assert planned(200_000, 60).folds == 1
    assert planned(200_000, 20).folds == 1
    assert "200,000 rows, 20 columns: one holdout of 20 %" in planned(200_000, 20).lines[0]


@given(st.integers(20, 300_000), st.sampled_from([20.0, 60.0, 240.0]))
def test_more_budget_never_means_fewer_folds(rows: int, budget: float) -> None:
    assert planned(rows, 2 * budget).folds >= planned(rows, budget).folds


def test_reserve_grows_with_the_rows() -> None:
    assert planned(200_000, 240).reserve > planned(900, 240).reserve


def test_time_order_groups_and_rare_classes_bound_the_folds() -> None:
    ordered = TASK.with_(rows=RowRoles(time="when"))
    assert planned(900, 60, task=ordered).folds == 1
    assert "newest" in planned(900, 60, task=ordered).lines[0]
    assert planned(900, 60, groups=4).folds == 3
    assert planned(900, 60, groups=2).folds == 1
    clock = Clock(60, 0.0, lambda: 0.0)
    assert make_plan(TASK, facts(1000, 5, (0.996, 0.004)), SPACES, clock).folds == 3


def test_settle_and_renew() -> None:
    plan = planned(900, 60).settle(1, "it took long")
    assert (plan.folds, plan.ships, plan.settled) == (1, "holdout", True)
    assert plan.lines[-1] == "it took long"
    longer = plan.renewed(TASK, Clock(240, 0.0, lambda: 0.0), 4)
    assert (longer.folds, longer.slots) == (1, 4)
    assert longer.reserve > plan.reserve
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_text_and_time_columns_are_wide() -> None:
    columns = (ColumnProfile(name="a", type="text"), ColumnProfile(name="b", type="timestamp"))
    assert width(Profile(rows=9, columns=columns)) > 100
