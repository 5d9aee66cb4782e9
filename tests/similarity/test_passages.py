"""Passages: they cover every character, keep to their length, and break where people would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.similarity.passages import Passage, cut


@given(st.text(max_size=400), st.integers(12, 60), st.data())
def test_every_character_is_in_a_passage(text: str, length: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, (length - 1) // 2))
    found = cut([text], length, overlap)
    if not text.strip():
        assert found == []
        return
    covered = {place for passage in found for place in range(passage.start, passage.end)}
    assert covered == set(range(len(text)))
    assert all(0 < passage.end - passage.start <= length for passage in found)
    assert [passage.start for passage in found] == sorted({passage.start for passage in found})


def test_a_short_text_is_one_passage_and_nulls_are_none() -> None:
    assert cut(["one", None, " ", "two words"]) == [Passage(0, 0, 3), Passage(3, 0, 9)]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("aaaa bbbb cccc. dddd\n\neeee ffff gggg hhhh", "\n\n"),
        ("aaaa bbbb cccc dddd. eeee ffff gggg hhhh", ". "),
        ("ああああああああああああああああああ。いいいいいいいいいいいいいいいい", "。"),
        ("aaaa bbbb cccc dddd eeee ffff gggg hhhh", " "),
    ],
)
def test_a_cut_is_made_at_the_best_place(text: str, end: str) -> None:
    first = cut([text], 26, 12)[0]
    assert text[: first.end].endswith(end)
