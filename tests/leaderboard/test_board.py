from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.leaderboard.board import build_board, contenders, make_board
from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.significance import Evidence, Jury, Truth
from smeaton.leaderboard.text import render
from smeaton.metrics._defaults import load_metric
from smeaton.task.arrays import save_table
from smeaton.task.task import Bar, Limits, Task
from smeaton.trials.choose import MEMBERS
from smeaton.trials.record import Candidate, Cost, Interval, Trial


def test_a_real_tie_goes_to_the_cheaper_and_says_so(world: Any, small: Cost, large: Cost) -> None:
    world.constant()
    linear = world.add("linear", own=0.02, cost=small)
    boosting = world.add("boosting", own=0.01, cost=large)
    board = world.board()
    assert board.winner == linear
    assert board[linear].rank == 1
    assert {board[linear].tie, board[boosting].tie} == {False, True}
    assert any(
        "boosting is not better by its interval; linear is 10x faster and 40x smaller" in r for r in board.reasons
    )
    assert "not better than linear by its interval, which is 10x faster and 40x smaller" in board[boosting].why
    assert "ties with boosting and is 10x faster and 40x smaller" in board[linear].why


def test_a_small_certain_gain_wins(make_world: Callable[..., Any], small: Cost, large: Cost) -> None:
    world = make_world(rows=20_000)
    world.constant()
    world.add("linear", scale=1.0, cost=small)
    blend = world.add("blend", scale=0.997, cost=large)  # 0.3 %: within the margin, but certain
    board = world.board()
    assert board.winner == blend
    behind = board.rows[1].behind
    assert behind is not None
    assert behind.low > 0
    assert "ahead of linear" in board.reasons[0]
    assert "not certain" not in board.reasons[0]


def test_a_likely_gain_wins_though_it_is_not_certain(make_world: Callable[..., Any], small: Cost, large: Cost) -> None:
    world = make_world(rows=100)
    world.constant()
    linear = world.add("linear", own=0.6, cost=small)
    boosting = world.add("boosting", own=0.55, cost=large)
    board = world.board()
    behind = board[linear].behind
    assert behind is not None
    assert behind.low < 0 < behind.value  # the interval includes 0, but the loss is more than a tie may cost
    assert board.winner == boosting
    assert "which is not certain; linear is 10x faster and 40x smaller" in board.reasons[0]
    assert "not certain" in board[linear].why


def test_ranks_follow_scores_and_what_did_not_run_is_shown(world: Any, small: Cost, large: Cost) -> None:
    constant = world.constant()
    world.add("linear", own=3.0, cost=small)
    world.add("boosting", own=1.0, cost=large)
    world.refused("prompt", "the task does not allow rows to leave this machine")
    world.trials.append(Trial(key="f", candidate=Candidate(family="blend"), state="failed", note="out of memory"))
    board = world.board()
    assert [row.family for row in board.rows] == ["boosting", "linear", "baseline", "blend", "prompt"]
    assert [row.rank for row in board.rows] == [1, 2, 3, None, None]
    assert board["prompt"].why == "the task does not allow rows to leave this machine"
    assert board["f"].why == "out of memory"
    assert board.baseline == constant
    assert board.lead is not None
    assert board.lead.low > 0
    pareto = {row.family: row.pareto for row in board.rows}
    assert pareto == {"boosting": True, "linear": True, "baseline": True, "blend": False, "prompt": False}


def test_what_breaks_a_limit_cannot_win(world: Any, small: Cost, large: Cost, number_task: Task) -> None:
    world.constant()
    linear = world.add("linear", own=2.0, cost=small)
    boosting = world.add("boosting", own=0.5, cost=large)
    board = world.board(number_task.with_(limits=Limits(p95=5e-4, size=1_000_000)))
    assert board.winner == linear
    assert board[boosting].limits == ("p95 is 1 ms, the limit is 500 us", "size is 4 MB, the limit is 1 MB")
    assert any(reason.startswith("boosting cannot win: p95 is 1 ms") for reason in board.reasons)
    assert board[boosting].rank == 3  # below everything that fits


def test_where_nothing_fits_the_best_wins_and_it_is_said(world: Any, large: Cost, number_task: Task) -> None:
    boosting = world.add("boosting", own=0.5, cost=large)
    world.add("linear", own=2.0, cost=large)
    board = world.board(number_task.with_(limits=Limits(size=10)))
    assert board.winner == boosting
    assert any("no solution measured fits: size is 4 MB, the limit is 10 B" in reason for reason in board.reasons)


def test_an_unknown_cost_breaks_a_limit_on_it(world: Any, number_task: Task) -> None:
    world.add("chat", cost=Cost(p50=1, p95=1, cost_per_1k=None, size=10))
    board = world.board(number_task.with_(limits=Limits(cost_per_1k=1.0)))
    assert board.rows[0].limits == ("cost per 1,000 calls is unknown, the limit is $1.00",)


def test_bars_are_judged_at_the_pessimistic_end(world: Any, small: Cost, number_task: Task) -> None:
    key = world.add("linear", own=0.1, cost=small)
    score = world.board().rows[0].score
    assert score is not None
    held = number_task.with_(bars={"rmse": Bar(op="<=", value=score.high * 1.02)})
    missed = number_task.with_(bars={"rmse": Bar(op="<=", value=score.value), "r2": Bar(op=">=", value=0.5)})
    assert world.board(held)[key].fits
    bars = world.board(missed)[key].bars
    assert len(bars) == 1
    assert bars[0].startswith("rmse on validation is")


def measured(world: Any, costs: dict[str, Cost]) -> None:
    world.trials = [msgspec.structs.replace(trial, cost=costs.get(trial.key, trial.cost)) for trial in world.trials]


def test_only_what_can_decide_needs_measuring(world: Any, small: Cost, large: Cost, number_task: Task) -> None:
    slow = world.add("slow", own=3.0)
    linear, boosting = world.add("linear", own=0.02), world.add("boosting", own=0.01)
    assert contenders(world.board()) == (boosting, linear)
    measured(world, {linear: small})
    board = world.board()
    assert contenders(board) == (boosting,)
    assert board.winner == linear  # what was not measured is not shipped, even if it may be better
    assert "not measured" in board[boosting].why
    measured(world, {boosting: large})
    assert contenders(world.board()) == ()
    limited = number_task.with_(limits=Limits(size=10))
    assert contenders(world.board(limited)) == (slow,)  # nothing measured fits: perhaps this one does
    assert world.board(limited).winner == linear


def test_seeds_and_cheaper_tries_of_one_candidate_share_a_row(world: Any) -> None:
    candidate = Candidate(family="net")
    for seed, own in enumerate((0.1, 3.0, 1.0)):
        key = world.add("x", own=own)
        trial = world.trials.pop()
        renamed = msgspec.structs.replace(trial, candidate=candidate, seed=seed, key=f"net-1-{seed}")
        world.trials.append(renamed)
        world.evidence[renamed.key] = world.evidence.pop(key)
    world.trials.append(Trial(key="net-0.1-0", candidate=candidate, state="done", fidelity=0.1))
    world.trials.append(Trial(key="half", candidate=Candidate(family="half"), state="done", fidelity=0.5))
    board = world.board()
    assert [row.key for row in board.rows] == ["net-1-2", "half"]  # the median seed
    assert board["half"].rank is None
    assert board["half"].why == "tried on a part of the rows only"


def test_a_board_is_json_and_the_same_each_time(world: Any, small: Cost, large: Cost) -> None:
    world.constant()
    world.add("linear", own=0.02, cost=small)
    world.add("boosting", own=0.01, cost=large)
    board = world.board()
    form = msgspec.json.encode(board)
    assert msgspec.json.decode(form, type=Board) == board
    assert msgspec.json.encode(world.board()) == form
    assert board.as_dict()["winner"] == board.winner


def test_nothing_scored_has_no_winner(world: Any) -> None:
    world.refused("linear", "no")
    board = world.board()
    assert board.winner is None
    assert board.reasons == ("no candidate has a score",)


def test_trials_on_different_rows_are_compared_where_both_answered(number_task: Task) -> None:
    target = np.arange(10.0)
    evidence = {
        "all": Evidence(np.arange(10), {"prediction": target}),
        "few": Evidence(np.array([7, 3, 5]), {"prediction": np.array([8.0, 4.0, 6.0])}),
        "none": Evidence(np.array([], dtype=np.int64), {"prediction": np.array([])}),
    }
    jury = Jury(Truth(target), evidence, {"mae": load_metric("mae", number_task)})
    lead = jury.lead("mae", "all", "few")
    assert lead is not None
    assert (lead.value, lead.low, lead.high) == (1.0, 1.0, 1.0)
    assert jury.lead("mae", "all", "none") is None
    assert jury.lead("mae", "all", "unheard of") is None


def test_weights_and_groups_reach_the_comparison(world: Any, number_task: Task) -> None:
    linear, boosting = world.add("linear", own=1.0), world.add("boosting", own=0.5)
    plain = world.board()
    world.truth = Truth(world.truth.target, (), None, np.arange(len(world.rows)) // 40)
    grouped = make_board(number_task, "rmse", world.trials, world.evidence, world.truth, seed=1)
    widths = [board[linear].behind for board in (plain, grouped)]
    assert widths[0] is not None
    assert widths[1] is not None
    assert widths[0].value == pytest.approx(widths[1].value)
    assert (widths[0].low, widths[0].high) != (widths[1].low, widths[1].high)
    assert plain.winner == boosting


def test_a_build_is_read_from_its_folder(world: Any, small: Cost, tmp_path: Path, number_task: Task) -> None:
    world.constant()
    world.add("linear", own=1.0, cost=small)
    world.refused("prompt", "no")
    for key, found in world.evidence.items():
        save_table({"row": found.rows, **found.answers}, tmp_path / "trials" / key / "oof")
    trials = [
        msgspec.structs.replace(trial, folder=f"trials/{trial.key}") if trial.state == "done" else trial
        for trial in world.trials
    ]
    dataset = Dataset(number_task, {}, world.truth.target)
    assert build_board(tmp_path, dataset, "rmse", trials, seed=1) == world.board()


def test_of_many_trials_the_best_and_the_baseline_are_compared_row_by_row(world: Any, small: Cost) -> None:
    constant = world.constant()
    keys = [world.add(f"f{number}", own=0.1 + 0.5 * number, cost=small) for number in range(14)]
    board = world.board()
    assert board[keys[5]].behind is not None
    assert board[constant].behind is not None
    assert board[keys[13]].behind is None
    assert board[keys[13]].why.startswith("behind f0 by ")


def test_a_tie_that_is_no_cheaper_leaves_the_best_its_place(world: Any, small: Cost) -> None:
    world.add("linear", own=0.02, cost=small)
    boosting = world.add("boosting", own=0.01, cost=small)
    board = world.board()
    assert board.winner == boosting
    assert board.reasons[0].endswith("; it ties with linear")


def refit_of(world: Any, parent: str, cost: Cost | None) -> str:
    old = next(trial for trial in world.trials if trial.key == parent)
    candidate = Candidate(family=old.candidate.family, config={**old.candidate.config, "_rows": "all"})
    new = msgspec.structs.replace(
        old,
        key=f"{candidate.key}-1-0",
        candidate=candidate,
        cost=cost,
        note="fitted on all rows",
        estimated_from=parent,
    )
    world.trials.append(new)
    world.evidence[new.key] = world.evidence[parent]
    return str(new.key)


def test_the_winners_refit_ships_and_its_score_is_marked(world: Any, small: Cost, large: Cost) -> None:
    world.constant()
    parent = world.add("boosting", own=0.01, cost=small)
    world.add("linear", own=3.0, cost=small)
    again = refit_of(world, parent, large)  # dearer than its parent: still it ships, it has seen more rows
    board = world.board()
    assert board.winner == again
    assert any("fitted again on all rows" in reason for reason in board.reasons)
    assert f"the score is of the fit it repeats ({parent[:8]})" in board[again].why


def test_the_refit_of_the_best_goes_before_a_cheaper_tie(world: Any, small: Cost, large: Cost) -> None:
    world.constant()
    cheap = world.add("linear", own=0.02, cost=small)
    best = world.add("boosting", own=0.01, cost=large)
    assert world.board().winner == cheap
    again = refit_of(world, best, large)
    assert world.board().winner == again


def test_the_refit_of_what_ties_with_the_best_goes_before_first_fits(world: Any, small: Cost) -> None:
    world.constant()
    world.add("boosting", own=0.01, cost=small)
    twin = world.add("linear", own=0.01, cost=small)
    again = refit_of(world, twin, small)
    assert world.board().winner == again


def test_a_refit_never_wins_for_itself(world: Any, small: Cost, large: Cost, number_task: Task) -> None:
    world.constant()
    parent = world.add("boosting", own=0.01, cost=small)
    best = world.add("blend", own=0.0, scale=0.5, cost=small)
    refit_of(world, parent, small)
    assert world.board().winner == best  # its parent did not win
    world.trials = [trial for trial in world.trials if trial.candidate.family != "blend"]
    refit_of(world, parent, None)
    limited = number_task.with_(limits=Limits(size=1_000_000))
    world.trials = [
        msgspec.structs.replace(trial, cost=large) if trial.estimated_from else trial for trial in world.trials
    ]
    assert world.board(limited).winner == parent  # the refit is too large


def test_an_unmeasured_refit_of_the_best_is_to_be_measured(world: Any, small: Cost) -> None:
    world.constant()
    parent = world.add("boosting", own=0.01, cost=small)
    again = refit_of(world, parent, None)
    board = world.board()
    assert board.winner == parent
    assert again in contenders(board)


def test_the_board_says_how_rows_that_belong_together_were_drawn(make_world: Callable[..., Any]) -> None:
    said = {}
    for name in ("alone", "group", "time"):
        world = make_world()
        codes = np.arange(len(world.rows)) // 20
        group = codes if name == "group" else None
        time = codes.astype("datetime64[us]") if name == "time" else None
        world.truth = Truth(world.truth.target, (), None, group, time)
        world.constant()
        world.add("linear", 0.5)
        board = world.board()
        said[name] = board.intervals
        assert board.intervals in render(board, width=200)
        later = msgspec.structs.replace(board, later=Interval(0.5, 0.25, 0.75))
        assert "rmse will probably be 0.25 to 0.75" in " ".join(render(later, width=200).split())
        assert "probably" not in render(board, width=200)
    assert said["alone"] == ""
    assert "groups" in said["group"]
    assert "moments" in said["time"]


@pytest.mark.parametrize(("scores", "winner"), [((0.8, 1.3, 1.0), "blend"), ((0.8, 0.9, 0.9), "boosting")])
def test_an_ensemble_is_not_beaten_by_luck(world: Any, large: Cost, scores: tuple[float, ...], winner: str) -> None:
    world.constant()
    world.add("boosting", own=0.05, scale=1.0, cost=large, scores=scores)
    world.add("boosting", own=0.5, scale=1.0, cost=large, scores=(1.3, 0.8, 1.05))
    world.add("blend", own=0.2, scale=1.0, cost=large, scores=(1.0, 1.0, 1.0))
    blend = world.trials[-1]
    candidate = Candidate(family="blend", config={MEMBERS: ["a", "b"]})
    world.trials[-1] = msgspec.structs.replace(blend, candidate=candidate)
    board = world.board()
    assert board[board.winner].family == winner
    assert ("as the best of many" in board.reasons[0]) == (winner == "blend")
    assert {row.luck > 0 for row in board.rows if row.family == "boosting"} == {winner == "blend"}
    assert all(row.luck == 0 for row in board.rows if row.family in ("baseline", "blend"))
