"""How long work may take."""

import time

import pytest

from smeaton.reporting.sections._patience import Patience


def test_waiting_is_no_work_and_the_clock_bounds_it() -> None:
    patience = Patience(5.0, 100.0)
    before = patience.left()
    time.sleep(0.05)
    assert before - patience.left() < 0.04
    bounded = Patience(5.0, 0.01)
    time.sleep(0.02)
    assert bounded.over()
    assert bounded.left() == 0


def test_a_share_is_of_both() -> None:
    assert Patience(10.0, 10.0).some(0.2).left() == pytest.approx(2.0, abs=0.1)
    assert Patience(10.0, 1.0).some(0.5).left() == pytest.approx(0.5, abs=0.1)
    assert Patience(0.0).over()
