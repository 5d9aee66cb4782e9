"""What is expected of a run, from those seen."""

from smeaton.service.pace import INLINE_SECONDS, Pace


def test_before_anything_was_seen_nothing_is_quick() -> None:
    assert not Pace().is_quick(1)
    assert Pace().expect(1) == float("inf")


def test_larger_runs_are_expected_in_proportion_until_seen() -> None:
    pace = Pace()
    pace.note(1, 0.0001)
    assert pace.expect(1) == 0.0001
    assert pace.expect(64) == 0.0001 * 64
    assert not pace.is_quick(64)
    pace.note(64, 0.0005)
    assert pace.is_quick(64)
    assert pace.expect(1) == 0.0001


def test_one_slow_run_does_not_change_the_place_and_many_do() -> None:
    pace = Pace()
    pace.note(1, INLINE_SECONDS / 10)
    pace.note(1, INLINE_SECONDS * 2)
    assert pace.is_quick(1)
    for _ in range(40):
        pace.note(1, INLINE_SECONDS * 2)
    assert not pace.is_quick(1)
