"""Tokens keep their places whatever the script; features are pinned and depend on their own text alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.runtime.ops._tag_words import FEATURES, feature_hashes, near_hashes, places, read_tokens

TEXTS = st.lists(st.none() | st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=30), max_size=6)


@given(st.text())
def test_tokens_and_white_space_make_up_the_text(text: str) -> None:
    found, last = "", 0
    for start, end in places(text):
        assert start >= last
        assert text[last:start].strip() == ""
        assert text[start:end].strip() != ""
        found += text[last:start] + text[start:end]
        last = end
    assert found + text[last:] == text
    assert text[last:].strip() == ""


@given(TEXTS)
def test_offsets_are_those_of_the_text(texts: list[str | None]) -> None:
    tokens = read_tokens(texts)
    assert tokens.ends[0] == 0
    assert len(tokens.ends) == len(texts) + 1
    for row, text in enumerate(texts):
        own = slice(tokens.ends[row], tokens.ends[row + 1])
        found = list(zip(tokens.start[own].tolist(), tokens.stop[own].tolist(), strict=True))
        assert found == (places(text) if text else [])


@given(TEXTS)
def test_features_depend_on_their_own_text_alone(texts: list[str | None]) -> None:
    tokens = read_tokens(texts)
    together, near = feature_hashes(tokens), near_hashes(tokens)
    assert together.shape == (tokens.ends[-1], FEATURES)
    for row, text in enumerate(texts):
        own = slice(tokens.ends[row], tokens.ends[row + 1])
        alone = read_tokens([text])
        assert feature_hashes(alone).tobytes() == together[own].tobytes()
        for one, other in zip(near_hashes(alone), near, strict=True):
            assert one.tobytes() == other[own].tobytes()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Add it, now!", ["Add", "it", ",", "now", "!"]),
        ("$1,249.50", ["$", "1", ",", "249", ".", "50"]),
        ("20kg A4_x", ["20", "kg", "A", "4", "_", "x"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("한국어 привет", ["한국어", "привет"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("हिन्दी", ["हिन्दी"]),
        ("a\u00a0b\nc", ["a", "b", "c"]),
        ("🙂\U0001f44d", ["🙂", "\U0001f44d"]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_tokens_by_hand(text: str, pieces: list[str]) -> None:
    assert [text[start:end] for start, end in places(text)] == pieces


def test_gaps() -> None:
    tokens = read_tokens(["a b,c\nd\r\n e"])
    assert tokens.gap.tolist() == [3, 1, 0, 0, 2, 2]


def test_the_bits_never_change() -> None:
    found = feature_hashes(read_tokens(["Play Ágætis byrjun 7", None, "東京 42,50 €"]))
    assert found.dtype == np.uint32
    assert int(np.bitwise_xor.reduce(found, axis=None)) == 0x84F646A6
    assert (found != 0).any(axis=0).all()
