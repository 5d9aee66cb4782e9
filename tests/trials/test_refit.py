"""How much of the time is kept to fit the best again."""

from typing import Any, cast

import pytest

from smeaton.trials.refit import Parent, seconds_kept


def parent(seconds: float, *, parts: bool = False) -> Parent:
    nothing = cast(Any, None)
    return Parent(nothing, nothing, seconds, (nothing,) if parts else ())


@pytest.mark.parametrize(
    ("seconds", "left", "early", "blends", "kept"),
    [
        (10.0, 50.0, False, False, 10.0),
        (10.0, 50.0, False, True, 20.0),  # the last blend has more to fit
        (20.0, 50.0, False, True, 27.0),  # no more than 45 % of the budget
        (30.0, 50.0, False, False, 0.0),  # too long to be kept at all
        (20.0, 50.0, True, False, 0.0),  # another family comes first
        (10.0, 50.0, True, True, 12.0),
        (20.0, 15.0, False, False, 0.0),  # it would not end in time: go on trying
        (20.0, 22.0, False, True, 22.0),
        (5.0, -1.0, False, False, 0.0),
    ],
)
def test_time_is_kept_that_can_be_used(seconds: float, left: float, early: bool, blends: bool, kept: float) -> None:
    assert seconds_kept(parent(seconds), left, 60.0, early=early, blends=blends) == pytest.approx(kept)


def test_of_a_blend_as_many_members_as_there_is_time_for() -> None:
    assert seconds_kept(parent(90.0, parts=True), 50.0, 60.0, early=False, blends=True) == pytest.approx(27.0)
    assert seconds_kept(parent(90.0, parts=True), 7.0, 60.0, early=False, blends=True) == pytest.approx(7.0)


def test_nothing_to_fit_again_keeps_nothing() -> None:
    assert seconds_kept(None, 50.0, 60.0, early=False, blends=True) == 0.0
