"""What ships against another solution, in few words."""

from typing import Any

import pytest
from tests.reporting.sections.made_boards import row

from smeaton.reporting.sections._compared import Lead
from smeaton.trials.record import Interval


@pytest.mark.parametrize(
    ("mine", "theirs", "better", "unit", "said"),
    [
        (0.63, 1.0, "lower", "", "37 % less"),
        (1.37, 1.0, "lower", "", "37 % more"),
        (0.993, 1.0, "lower", "", "0.7 % less"),
        (1.007, 1.0, "lower", "", "0.7 % more"),
        (0.999, 1.0, "lower", "", "0.001 better"),
        (1.0, 1.0, "lower", "", "the same"),
        (0.8, 0.6, "higher", "share", "20.0 points better"),
    ],
)
def test_a_difference_says_which_way_it_goes(mine: float, theirs: float, better: str, unit: Any, said: str) -> None:
    gain = mine - theirs if better == "higher" else theirs - mine
    scores = [Interval(value, value, value) for value in (gain, mine, theirs)]
    assert Lead(row("linear", theirs), "mae", unit, *scores).short(better) == said
