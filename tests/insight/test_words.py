import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.insight.words import held, over_represented, runs, spans
from smeaton.runtime.ops._words import tokens


def test_words_are_those_of_the_runtime_and_know_their_place() -> None:
    text = "Straße, ÀÉ ﬁn 3,50 — déjà-vu e\u0301te\u0301!"
    found = spans(text)
    assert [span.word for span in found] == tokens(text)
    assert text[found[0].start : found[0].end] == "Straße"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("東京駅 A4", ["東京", "京駅", "a4"]),
        ("返品したい", ["返品", "品し", "した", "たい"]),
        ("猫", ["猫"]),
        ("반품 요청", ["반품", "요청"]),
        ("Привет, мир", ["привет", "мир"]),
        ("", []),
        ("🙂 --", []),
    ],
)
def test_scripts_without_spaces_give_pairs_of_characters(text: str, words: list[str]) -> None:
    assert [span.word for span in spans(text)] == words


def test_runs_join_words_by_a_space_and_characters_by_nothing() -> None:
    assert runs("one two three", 3) >= {"one", "one two", "two three", "one two three"}
    assert runs("東京駅", 2) == {"東京", "京駅", "東京駅"}


@given(st.text(max_size=60))
def test_any_text_has_ordered_places(text: str) -> None:
    found = spans(text)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert [span.start for span in found] == sorted(span.start for span in found)


def test_rare_words_are_dropped() -> None:
    found = held(["often rare" if number == 0 else "often" for number in range(9)])
    assert found.vocabulary == ["often"]
    assert found.counts(np.arange(9) < 4).tolist() == [4]


def test_what_one_side_says_more_is_found_and_the_common_is_not() -> None:
    rng = np.random.default_rng(0)
    common = ["the", "please", "today", "now"]
    side = np.arange(400) < 200
    texts = [" ".join([*rng.choice(common, 2), "refund" if mine and rng.random() < 0.5 else "door"]) for mine in side]
    found = held(texts)
    words = over_represented(found, side, ~side, 5)
    assert words[0].word == "refund"
    assert words[0].strength > 5
    assert {word.word for word in words} <= {"refund"}
    assert [word.word for word in over_represented(found, ~side, side, 5)] == ["door"]
    assert over_represented(found, side, np.zeros(400, dtype=bool), 5) == ()
