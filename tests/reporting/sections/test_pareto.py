"""What quality costs: fronts against an independent count, scales, and which figures are left out."""

import random
from pathlib import Path

import msgspec
import pytest
from tests.reporting.sections.made_boards import board, build, cost, row
from tests.reporting.test_sections import checked

from smeaton.leaderboard.forms import Board
from smeaton.reporting.forms import Section
from smeaton.reporting.sections._trade import MONEY, SPEED, Point, alike, front, points
from smeaton.reporting.sections.pareto import part
from smeaton.trials.executors import Job
from smeaton.trials.record import Interval
from smeaton.trials.results import FitResult


def made(root: Path, of: Board) -> Section:
    found = build(root, board=of)
    assert part.applies(found) == ""
    return checked(part.make(found))


def measured(*pairs: tuple[float, float], money: float | None = None, **changes: object) -> Board:
    """A board of (score, p95) with sizes that fall as times rise."""
    rows = [
        row(f"forest{place}", score, cost=cost(p95, money and money * p95, int(1e6 / (1 + 1e3 * p95))))
        for place, (score, p95) in enumerate(pairs)
    ]
    return board(*rows, **changes)


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_the_front_is_what_nothing_beats(better: str) -> None:
    draw = random.Random(7)
    for _ in range(50):
        of = measured(*((draw.randint(1, 6) / 10, draw.randint(1, 6) / 1e3) for _ in range(12)), better=better)
        found = points(of.rows, SPEED)
        sign = 1 if better == "higher" else -1
        places = [(sign * point.row.score.value if point.row.score else 0, -point.x) for point in found]
        on = {place for place, flag in zip(places, front(found, of), strict=True) if flag}
        expected = {
            one for one in places if not any(a >= one[0] and b >= one[1] and (a, b) != one for a, b in places)
        }  # fmt: skip
        assert on == expected
        assert sum(front(found, of)) == len(expected), "of equal ones the first"


def test_points_carry_their_keys_and_what_ships_is_marked(tmp_path: Path) -> None:
    section = made(tmp_path, measured((0.40, 0.004), (0.42, 0.001), (0.45, 0.002)))
    speed = next(figure for figure in section.figures if figure.id == "speed")
    assert speed.columns["key"] == ["forest0", "forest1", "forest2"]
    assert speed.columns["kind"] == ["chosen", "front", ""]
    assert speed.columns["front"] == [True, True, False]
    assert speed.columns["x"] == pytest.approx([4, 1, 2])
    assert "ms" in speed.x
    assert section.grids[0].rows[1][-1] == "forest1"
    assert "look at forest" in section.do


def test_scales_are_logarithmic_where_the_spread_is_large(tmp_path: Path) -> None:
    narrow = made(tmp_path, measured((0.40, 0.004), (0.42, 0.001))).figures[0]
    wide = made(tmp_path, measured((0.40, 2.0), (0.42, 0.001))).figures[0]
    assert (narrow.options["log"], wide.options["log"]) == (False, True)
    assert "log" in wide.x


def test_money_that_is_only_time_has_no_picture_of_its_own(tmp_path: Path) -> None:
    pairs = (0.40, 0.004), (0.42, 0.001)
    section = made(tmp_path, measured(*pairs, money=0.01))
    assert [figure.id for figure in section.figures] == ["speed", "size"]
    assert any("Cost is computing time" in note.text for note in section.notes)
    asked = row("prompt", 0.39, cost=cost(0.003, 2.5))
    section = made(tmp_path, board(*measured(*pairs, money=0.01).rows, asked))
    assert [figure.id for figure in section.figures] == ["speed", "cost", "size"]
    assert section.figures[1].x.startswith("dollars per 1,000 calls")


def test_an_unknown_price_is_no_point() -> None:
    of = board(row("linear", 0.4, cost=cost(money=None)), row("forest", 0.5, cost=cost(money=0.1)))
    assert [point.row.key for point in points(of.rows, MONEY)] == ["forest"]
    assert not alike(points(of.rows, SPEED), points(of.rows, MONEY))


def test_lines_are_paired_differences(tmp_path: Path) -> None:
    rows = measured((0.40, 0.004), (0.42, 0.001)).rows
    behind = msgspec.structs.replace(rows[1], behind=Interval(0.02, 0.005, 0.03))
    low, high = (made(tmp_path, board(rows[0], behind)).figures[0].columns[end] for end in ("low", "high"))
    assert low[0] is None
    assert (low[1], high[1]) == pytest.approx((0.43, 0.405)), "the worse end, and the better one"


def test_the_constant_answer_is_left_out_where_others_are_there(tmp_path: Path) -> None:
    constant = row("baseline", 0.9, cost=cost(0.0001))
    section = made(tmp_path, board(*measured((0.40, 0.004), (0.42, 0.001)).rows, constant))
    assert "baseline" not in section.figures[0].columns["name"]
    alone = board(measured((0.40, 0.004)).rows[0], constant)
    assert "baseline" in made(tmp_path, alone).figures[0].columns["name"]


def test_fits_tell_sizes_where_little_was_measured(tmp_path: Path) -> None:
    rows = [row(f"linear{place}", 0.4 + place / 100) for place in range(3)]
    for place, one in enumerate(rows):
        for fold in range(2):
            folder = tmp_path / "trials" / one.key / f"fold{fold}"
            folder.mkdir(parents=True)
            fit = FitResult(job=_job(one.key, fold), seconds=1, fit_seconds=1, size=1_000 * (place + 1 + fold))
            (folder / "result.json").write_bytes(msgspec.json.encode(fit))
    (figure,) = made(tmp_path, board(*rows)).figures
    assert figure.columns["x"] == pytest.approx([1.5, 2.5, 3.5]), "the mean of the folds, in KB"
    assert "programs of its folds" in figure.how


def test_one_solution_leaves_nothing_to_weigh(tmp_path: Path) -> None:
    one = measured((0.40, 0.004))
    assert "nothing to weigh" in part.applies(build(tmp_path, board=one))
    alike_ones = measured((0.40, 0.004), (0.42, 0.004))
    assert "nothing to weigh" in part.applies(build(tmp_path, board=alike_ones))


def test_points_of_equal_worth_are_one_on_the_front() -> None:
    of = measured((0.4, 0.001), (0.4, 0.001))
    assert front([Point(one, 1.0) for one in of.rows], of) == [True, False]


def _job(key: str, fold: int) -> Job:
    return Job(id=key, family="linear", config={}, fold=fold, fidelity=1.0, seed=0, seconds=1.0, data="", out="")
