import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.journal.entries import made

from smeaton.journal.entry import sampled, threshold, weight


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_request_in_a_small_sample_is_in_every_larger_one(request_id: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert sampled(request_id, threshold(large)) or not sampled(request_id, threshold(small))
    assert sampled(request_id, threshold(one)) == sampled(request_id, threshold(one))


@given(st.text())
def test_all_and_none(request_id: str) -> None:
    assert sampled(request_id, threshold(1.0))
    assert not sampled(request_id, threshold(0.0))


@pytest.mark.parametrize("form", ["{}", "request-{}", "{:032x}", "0000-{:08d}-a"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_kept_also_of_ids_that_count_upwards(form: str, share: float) -> None:
    kept = sum(sampled(form.format(number), threshold(share)) for number in range(20_000))
    assert kept / 20_000 == pytest.approx(share, abs=0.02)


def test_the_same_ids_are_sampled_in_every_version() -> None:
    kept = [number for number in range(34) if sampled(f"request-{number}", threshold(0.2))]
    assert kept == [0, 3, 5, 7, 9, 20, 25, 33]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_no_other_share(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold(share)


def test_the_weight_follows_what_is_held() -> None:
    small = weight(made(1))
    assert weight(made(1, size=10_000)) == 10_512
    assert weight(made(1, rows=[["x" * 10_000, None, 1.0]])) > small + 9_000
    assert weight(made(1, rows=[[np.zeros(1000, dtype=np.float32), 1, 2]])) > small + 3_900
    assert weight(made(1, rows=[[[0.5] * 100, {"a": 1}, b"x" * 100]])) > small + 6_400
    assert weight(made(1, rows=[["x" * 1000]] * 5000)) == pytest.approx(5_000_000, rel=0.1)
    assert weight(made(1, rows=[])) > 0
