import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smeaton.errors import OutOfMoney
from smeaton.llm.purse import MemoryPurse, nanodollars


def test_reserve_settle_and_left() -> None:
    purse = MemoryPurse(0.3)
    first, second = purse.reserve(0.1, "a"), purse.reserve(0.2, "b")
    with pytest.raises(OutOfMoney, match="c may cost"):
        purse.reserve(0.001, "c")
    purse.settle(first, 0.0)
    purse.settle(second, 0.15)
    assert (purse.spent, purse.reserved, purse.left) == (0.15, 0.0, 0.15)
    with pytest.raises(ValueError, match="no open reservation"):
        purse.settle(first, 0.0)


def test_a_dearer_call_is_booked_and_stops_further_ones() -> None:
    purse = MemoryPurse(0.1)
    with pytest.raises(OutOfMoney, match="more than"):
        purse.settle(purse.reserve(0.05, ""), 0.2)
    assert (purse.spent, purse.left) == (0.2, 0.0)


@given(st.integers(0, 10**15))
@example(17_592_186_044_408)
def test_whole_nanodollars_survive_floats(amount: int) -> None:
    assert nanodollars(amount / 1e9) == nanodollars(amount / 1e9, up=False) == amount


@given(st.floats(0, 1e4))
def test_rounding_is_against_the_spender(amount: float) -> None:
    assert nanodollars(amount, up=False) <= nanodollars(amount) <= nanodollars(amount, up=False) + 1


def test_threads_never_pass_the_cap() -> None:
    purse, granted = MemoryPurse(1.0), []

    def spend() -> None:
        for _ in range(200):
            try:
                ticket = purse.reserve(0.01, "")
            except OutOfMoney:
                continue
            granted.append(0.01)
            purse.settle(ticket, 0.01)

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(granted), purse.left) == (100, 0.0)
