from smeaton.trials.clock import Clock


def test_counts_from_the_start_of_the_command() -> None:
    now = [100.0]
    clock = Clock(30, 95.0, lambda: now[0])
    assert clock.elapsed() == 5
    assert clock.left() == 25
    assert clock.before_end(4) == 26
    assert clock.until(26) == 21
    now[0] = 130.0
    assert clock.left() == -5
    assert clock.until(26) == 0


def test_real_clock_moves_forward_only() -> None:
    clock = Clock(1)
    moments = [clock.elapsed() for _ in range(100)]
    assert moments == sorted(moments)
