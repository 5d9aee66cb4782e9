"""Near-duplicates: planted ones are found, unrelated texts are not, and the buckets miss next to nothing."""

import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.similarity.conftest import made_up

from smeaton.errors import InputError
from smeaton.similarity.duplicates import bands_for, near_duplicates
from smeaton.similarity.grams import counted

CHANGES: dict[str, Callable[[str], str]] = {
    "case": str.upper,
    "white space": lambda text: "  " + text.replace(" ", "\n\t ") + " ",
    "typo": lambda text: text[:20] + "x" + text[21:],
    "lost letter": lambda text: text[:9] + text[10:],
    "marks": lambda text: text.replace(" ", ", ") + "!!",
    "full width": lambda text: "".join(chr(ord(mark) + 0xFEE0) if "a" <= mark <= "z" else mark for mark in text),
    "one more word": lambda text: text + " indeed",
}
SCRIPTS = {
    "Cyrillic": (
        "Москва — столица России и крупнейший город страны",
        "москва - столица  россии и крупнейший горад страны",
    ),
    "Greek": ("Η Αθήνα είναι η πρωτεύουσα της Ελλάδας", "η αθήνα είναι η πρωτεύουσα της  Ελλάδας."),
    "Japanese": ("東京都は日本の首都であり最大の都市です", "東京都は日本の首都であり最大の都市です。"),
    "Arabic": ("القاهرة هي عاصمة جمهورية مصر العربية", "القاهرة  هي عاصمة جمهورية مصر العربية!"),
    "Hindi": ("नई दिल्ली भारत की राजधानी है और बड़ा शहर है", "नई दिल्ली भारत की राजधानी है  और बड़ा शहर है।"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found_and_nothing_else_is(change: str) -> None:
    draw = random.Random(3)
    texts = [made_up(draw, 12) for _ in range(200)]
    copies = [CHANGES[change](text) for text in texts[:40]]
    groups = near_duplicates(texts + copies)
    assert sorted(group.rows for group in groups) == [(row, 200 + row) for row in range(40)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_other_scripts(script: str) -> None:
    others = [text for name, pair in SCRIPTS.items() if name != script for text in pair[:1]]
    found = near_duplicates([*SCRIPTS[script], *others])
    assert [group.rows for group in found] == [(0, 1)]


def test_nulls_and_blanks_belong_to_no_group_and_short_texts_only_to_their_like() -> None:
    texts = [None, "", "  ", None, "ok", "OK ", "no", "?!", "?!", "!?"]
    assert [group.rows for group in near_duplicates(texts)] == [(4, 5), (7, 8)]
    assert near_duplicates([]) == []
    assert near_duplicates([None, ""]) == []


def test_the_similarity_is_the_share_of_runs_in_common() -> None:
    # "abcdefghij" has 6 runs of five letters, the longer one 8, and 6 of them are the same.
    texts = ["abcdefghij", "abcdefghijkl"]
    padded = near_duplicates(texts, 0.5)
    assert len(padded) == 1
    assert 0.5 <= padded[0].similarity < 1.0
    assert near_duplicates(["Same text here", "same  TEXT here"])[0].similarity == 1.0


def test_groups_are_the_largest_first_and_joined_through_a_common_neighbour() -> None:
    draw = random.Random(5)
    one, two = made_up(draw, 15), made_up(draw, 15)
    texts = [one, two, one + " a", two + " b", two.upper()]
    assert [group.rows for group in near_duplicates(texts)] == [(1, 3, 4), (0, 2)]


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1, float("nan")])
def test_a_threshold_that_is_no_share(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        near_duplicates(["a"], threshold)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_buckets_find_what_all_pairs_find(threshold: float) -> None:
    draw = random.Random(7)
    texts = []
    for _ in range(60):
        words = made_up(draw, 14).split()
        texts.append(" ".join(words))
        texts += [" ".join(words[lost:]) for lost in (1, 3, 5)]
    rows, hashes, _ = counted(texts, (), (5,))
    sets = [set(hashes[rows == row].tolist()) for row in range(len(texts))]
    pairs = {
        (one, two)
        for one, two in itertools.combinations(range(len(texts)), 2)
        if len(sets[one] & sets[two]) / len(sets[one] | sets[two]) >= threshold
    }
    groups = near_duplicates(texts, threshold)
    group_of = {row: place for place, group in enumerate(groups) for row in group.rows}
    together = sum(one in group_of and group_of[one] == group_of.get(two) for one, two in pairs)
    assert pairs
    assert together >= 0.99 * len(pairs)
    grouped = {row for pair in pairs for row in pair}
    assert set(group_of) <= grouped, "a group holds a row that resembles no other"


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.95, 1.0])
def test_bands_miss_a_pair_at_the_threshold_rarely(threshold: float) -> None:
    bands, width = bands_for(threshold)
    assert bands * width <= 128
    assert (1.0 - threshold**width) ** bands <= 0.005


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=12), st.integers(0, 11))
def test_an_equal_text_is_always_found(texts: list[str], place: int) -> None:
    text = texts[place % len(texts)]
    groups = near_duplicates([*texts, text])
    joined = any(len(texts) in group.rows and place % len(texts) in group.rows for group in groups)
    assert joined == bool(text.strip())


def test_the_order_of_rows_does_not_matter() -> None:
    draw = random.Random(11)
    texts = [made_up(draw, 10) for _ in range(50)]
    texts += [text.upper() for text in texts[:10]]
    order = draw.sample(range(60), 60)
    plain = {frozenset(texts[row] for row in group.rows) for group in near_duplicates(texts)}
    mixed = [texts[row] for row in order]
    assert {frozenset(mixed[row] for row in group.rows) for group in near_duplicates(mixed)} == plain
