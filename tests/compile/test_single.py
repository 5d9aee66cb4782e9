import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smeaton.compile._single import LARGEST, last_at_most, last_below, to_single

SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(SINGLES, st.floats(allow_nan=False))
def test_one_comparison_in_double_decides_as_the_rounded_number(limit, x):
    single = np.float32(limit)
    for value in (x, limit, np.nextafter(limit, np.inf), np.nextafter(limit, -np.inf)):
        read = to_single(np.array([value]))[0]
        assert (read <= single) == (value <= last_at_most(single))
        if limit > -LARGEST:
            assert (read < single) == (value <= last_below(single))


@given(SINGLES)
def test_both_neighbours_of_the_last_double_lie_on_different_sides(limit):
    single = np.float32(limit)
    for last in (last_at_most(single), last_below(single)):
        if np.isfinite(last):
            low, high = to_single(np.array([last, np.nextafter(last, np.inf)]))
            assert low < high


def test_ties_go_to_the_even_number():
    one, next_one = np.float32(1.0), np.nextafter(np.float32(1.0), np.float32(2.0))
    middle = (float(one) + float(next_one)) / 2
    assert last_at_most(one) == middle, "1.0 is even: the tie is read as 1.0"
    assert last_below(np.nextafter(next_one, np.float32(2.0))) < (float(next_one) + 1.0 + 2**-22) / 2


def test_what_lies_beyond_single_precision_is_read_as_the_largest():
    read = to_single(np.array([1e300, -1e300, np.inf, -np.inf, np.nan]))
    assert read.dtype == np.float32
    assert read[:4].tolist() == [LARGEST, -LARGEST, LARGEST, -LARGEST]
    assert np.isnan(read[4])
    assert last_at_most(np.float32(LARGEST)) == np.inf
