"""Groups: rates against counts by hand, gaps against what is known of their intervals."""

import numpy as np
import pytest
from tests.reporting.sections.judged_rows import judged

from smeaton.reporting.sections._groups import Compared, Gap, compared, gap_size, positive
from smeaton.reporting.sections._losses import Losses
from smeaton.reporting.sections._parts import Parts

NAMES = ("a", "b", "c")


def two(codes: np.ndarray, true: np.ndarray, chance: np.ndarray) -> Compared:
    both = np.stack([1 - chance, chance], axis=1)
    found = judged({"x": np.zeros(len(true))}, true, chance=both, labels=[False, True])
    wrong = (chance > 0.5) != true
    return compared(found, Losses(wrong.astype(float), "loss", "", wrong), Parts("c", codes, NAMES, False))


def value(found: Compared, name: str, place: int) -> tuple[float, float, float] | None:
    return next(measure for measure in found.measures if measure.name == name).values[place]


def gap(found: Compared, name: str) -> Gap:
    return next(one for one in found.gaps if one.measure.name == name)


def test_rates_are_counts_of_each_group() -> None:
    codes = np.array([0] * 40 + [1] * 40)
    true = np.array([1] * 20 + [0] * 20 + [1] * 10 + [0] * 30)
    said = np.array([1] * 15 + [0] * 5 + [1] * 2 + [0] * 18 + [1] * 4 + [0] * 36)
    found = two(codes, true, np.where(said == 1, 0.9, 0.2))
    for name, first, second in (
        ("base rate", 0.5, 0.25),
        ("positive rate", 17 / 40, 0.1),
        ("true positive rate", 0.75, 0.4),
        ("false positive rate", 0.1, 0.0),
        ("error", 7 / 40, 6 / 40),
    ):
        rates = [value(found, name, place) for place in (0, 1)]
        assert [rate[0] for rate in rates if rate] == pytest.approx([first, second]), name
        assert all(rate[1] <= rate[0] <= rate[2] for rate in rates if rate)
    assert value(found, "calibration", 1) is not None
    assert value(found, "positive rate", 2) is None, "a group without rows has no rate"
    assert "base rate" not in [one.measure.name for one in found.gaps], "it says nothing of the answers"


def test_a_gap_has_the_interval_of_newcombe_where_there_are_two_groups() -> None:
    # Newcombe 1998, method 10, example (a): 56/70 and 48/80 differ by 0.2 (0.0524 to 0.3339).
    codes = np.array([0] * 70 + [1] * 80)
    said = np.array([1] * 56 + [0] * 14 + [1] * 48 + [0] * 32)
    found = gap(two(codes, np.zeros(150, int), np.where(said == 1, 0.9, 0.1)), "positive rate")
    assert (found.lowest, found.highest) == ("b", "a")
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-3)
    assert found.clear


def test_looking_at_more_pairs_makes_the_interval_wider() -> None:
    codes = np.array([0] * 70 + [1] * 80 + [2] * 80)
    said = np.array([1] * 56 + [0] * 14 + [1] * 48 + [0] * 32 + [1] * 52 + [0] * 28)
    found = gap(two(codes, np.zeros(230, int), np.where(said == 1, 0.9, 0.1)), "positive rate")
    assert found.value == pytest.approx(0.2)
    assert found.high - found.low > 1.15 * (0.3339 - 0.0524)


def test_groups_of_few_rows_are_not_held_against_others() -> None:
    codes = np.array([0] * 50 + [1] * 19)
    found = two(codes, np.zeros(69, int), np.where(codes == 1, 0.9, 0.1))
    assert found.gaps == ()
    assert value(found, "positive rate", 1) is not None


def test_numbers_are_compared_by_their_errors_and_their_residuals() -> None:
    draw = np.random.default_rng(0)
    codes, true = np.repeat([0, 1], 200), draw.normal(size=400)
    said = true + 0.1 * draw.normal(size=400) + np.where(codes == 1, 0.5, 0.0)
    found = judged({"x": true}, true, said=said)
    off = np.abs(said - true)
    shown = compared(found, Losses(off, "mean absolute error", "", None), Parts("c", codes, NAMES[:2], False))
    assert [measure.name for measure in shown.measures] == [
        "mean of the target",
        "mean absolute error",
        "mean residual",
    ]
    residual = gap(shown, "mean residual")
    assert residual.value == pytest.approx(0.5, abs=0.05)
    assert residual.clear
    assert residual.highest == "b"


def test_of_many_labels_errors_and_sureness_are_compared() -> None:
    chance = np.full((60, 3), 0.1)
    chance[:, 0] = 0.8
    target = np.repeat([0, 1], 30)
    found = judged({"x": np.zeros(60)}, target, chance=chance, labels=["p", "q", "r"])
    wrong = target == 1
    shown = compared(found, Losses(wrong.astype(float), "l", "", wrong), Parts("c", target, NAMES[:2], False))
    assert gap(shown, "error").value == 1.0
    assert value(shown, "calibration", 1) == pytest.approx((0.8, 0.8, 0.8))


def test_words() -> None:
    assert gap_size(0.125, "share") == "12.5 points"
    assert gap_size(12500.0, "number") == "12,500"
    found = judged({"x": np.zeros(2)}, [0, 1], chance=np.eye(2), labels=["no", "yes"])
    assert positive(found.evidence.task) == "'yes'"
