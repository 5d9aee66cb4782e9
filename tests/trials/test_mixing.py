"""What a worse candidate adds to a mean: errors of its own help, more of the same errors do not."""

import numpy as np
import pytest

from smeaton.families._losses import row_loss
from smeaton.trials.mixing import Losses, adds

RNG = np.random.default_rng(0)
ROWS = 2_000
TARGET = RNG.normal(size=ROWS)
COMMON = 0.4 * RNG.normal(size=ROWS)
BEST = TARGET + COMMON


def test_errors_of_its_own_add() -> None:
    apart = TARGET + 0.6 * np.random.default_rng(1).normal(size=ROWS)
    losses = Losses(TARGET, None)
    assert losses(apart).mean() > 1.5 * losses(BEST).mean()  # clearly worse alone
    assert adds(apart, [BEST], losses)


def test_the_same_errors_and_more_do_not() -> None:
    same = BEST + 0.4 * np.random.default_rng(2).normal(size=ROWS)
    assert not adds(same, [BEST], Losses(TARGET, None))


def test_probabilities_are_judged_by_their_logarithm() -> None:
    sure = np.where(np.arange(ROWS) % 2 == 0, 0.9, 0.4)
    other = np.where(np.arange(ROWS) % 2 == 0, 0.4, 0.88)
    assert adds(other, [sure], Losses(None, None))
    assert not adds(np.full(ROWS, 0.5), [np.full(ROWS, 0.9)], Losses(None, None))


@pytest.mark.parametrize("helps", [True, False])
def test_rows_without_weight_do_not_count(helps: bool) -> None:
    apart = TARGET + 0.6 * np.random.default_rng(1).normal(size=ROWS)
    weight = np.ones(ROWS)
    if not helps:
        apart[: ROWS // 2] = BEST[: ROWS // 2]
        weight[ROWS // 2 :] = 0.0
    assert adds(apart, [BEST], Losses(TARGET, weight)) is helps


def test_absolute_errors() -> None:
    assert Losses(np.zeros(2), None, row_loss("mae"))(np.array([-2.0, 3.0])).tolist() == [2.0, 3.0]
    assert Losses(np.zeros(2), None)(np.array([-2.0, 3.0])).tolist() == [4.0, 9.0]
