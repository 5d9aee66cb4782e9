"""The quick way to plain numbers says what the careful one says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.task import guesses
from smeaton.task.guesses import text_type

DIGITS = "0123456789"
NUMBERS = st.one_of(
    st.integers(-(10**8), 10**8).map(str),
    st.decimals(-(10**8), 10**8, places=3).map(str),
    st.floats(-1000, 1000).map(lambda value: str(round(value, 4))),
    st.integers(0, 999).map(lambda value: f"1.{value:03}"),
    st.integers(0, 99).map(lambda value: f"0{value}"),
    st.sampled_from(["-0", "1\n2", "1.", ".5", "1e5", " 7", "+7", "NA", "2024", "20240105", "1.234"]),
)


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=30, max_size=80), st.sampled_from(["x", "time"]))
def test_both_ways_agree(texts: list[str], name: str) -> None:
    texts = [*texts, *(str(value) + ".5" for value in range(50))]
    quick = text_type(texts, False, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guesses, "_plain_numbers", lambda _: None)
        assert quick == text_type(texts, False, name)


@settings(deadline=None)
@given(st.lists(st.integers(-(10**7) + 1, 10**7 - 1), min_size=41, max_size=80, unique=True))
def test_whole_ones_too(values: list[int]) -> None:
    texts = [str(value) for value in values]
    assert guesses._plain_numbers(texts) == "integer"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guesses, "_plain_numbers", lambda _: None)
        assert text_type(texts, True, "x").type == "integer"
