import math
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import _words
from smeaton.runtime.ops._unicode import MARK, TOKEN, UNKNOWN, classes
from smeaton.runtime.ops._words import fnv1a, ngram_hashes, tokens, word_vectors
from smeaton.runtime.ops.text import part
from smeaton.runtime.program import Step
from smeaton.task.table import object_column


def load(**args):
    return part.load(Step(op="text", inputs=("text:t",), outputs=("words:t",), args=args), None, None)


def test_fnv1a_is_the_published_one():
    assert [fnv1a(data) for data in (b"", b"a", b"foobar")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, WORLD!", ["hello", "world"]),
        ("a_b-c'd 12,5", ["a", "b", "c", "d", "12", "5"]),
        ("Straße ＡＢＣ ﬁn ①", ["strasse", "abc", "fin", "1"]),
        ("हिन्दी é", ["हिन्दी", "é"]),
        ("e\u0301", ["é"]),
        ("日本語。東京", ["日本語", "東京"]),
        ("🙂\u200b—\u00a0", []),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


def plain_tokens(text):
    """Steps 1 to 3 of docs/text_op.md, one code point at a time."""
    kinds, letters, run = classes(), [], 0
    for letter in text:
        kind = kinds[ord(letter)]
        run = run + 1 if kind == MARK else 0
        letters.append(" " if kind == UNKNOWN or run > 30 else letter)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", "".join(letters)).casefold())
    return "".join(letter if kinds[ord(letter)] >= TOKEN else " " for letter in folded).split(" ")


def plain_hashes(text, words, chars):
    """Steps 4 and 5, as plainly as can be."""
    mask, prime = 0xFFFFFFFF, 16777619
    hashes, found = [], [token for token in plain_tokens(text or "") if token]
    for n in words:
        for start in range(len(found) - n + 1):
            h = fnv1a(found[start].encode())
            for token in found[start + 1 : start + n]:
                h = h * prime & mask ^ fnv1a(token.encode())
            hashes.append(h)
    padded = f" {' '.join(found)} " if found else ""
    for n in chars:
        for start in range(len(padded) - n + 1):
            h = 0x9E3779B9 + n
            for letter in padded[start : start + n]:
                h = (h ^ ord(letter)) * prime & mask
            hashes.append(h)
    mixed = []
    for h in hashes:
        m = (h ^ h >> 16) * 0x85EBCA6B & mask
        m = (m ^ m >> 13) * 0xC2B2AE35 & mask
        mixed.append(m ^ m >> 16)
    return mixed


def by_the_book(text, buckets, words, chars):
    counts = [0] * buckets
    for h in plain_hashes(text, words, chars):
        counts[h % buckets] += 1
    values = [math.log(1 + count) for count in counts]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return np.array([value / length for value in values])


#: Every code point there is, surrogates too, with weight on the awkward ones.
TEXT = st.text(
    st.characters()
    | st.characters(max_codepoint=127)
    | st.sampled_from("aZ \n\0ßİıΣςﬁ①\u0301\u0316\u0345\uff9e가\u1100\u1161\ud800\udc00\u0378\U0001fae8\U00010400"),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(TEXT | st.sampled_from(["The cat and the hat", "日本 語 ab ab"]))
def test_the_specification(text):
    found = word_vectors([text], 50, (1, 2, 3), (1, 3))[0]
    np.testing.assert_allclose(found, by_the_book(text, 50, (1, 2, 3), (1, 3)), rtol=1e-6, atol=1e-7)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.none() | TEXT, max_size=6),
    st.lists(st.integers(1, 4), max_size=3),
    st.lists(st.integers(1, 9), max_size=3),
)
def test_hashes_of_many_texts_are_those_of_the_specification(texts, words, chars):
    hashes, offsets = ngram_hashes(texts, words, chars)
    assert hashes.dtype == np.uint32
    assert offsets.dtype == np.int64
    found = [hashes[offsets[row] : offsets[row + 1]].tolist() for row in range(len(texts))]
    assert found == [plain_hashes(text, words, chars) for text in texts]
    assert offsets[0] == 0
    assert offsets[-1] == len(hashes)


def test_parts_and_long_texts(monkeypatch):
    texts = ["one two", None, "", "ü" * 90, "a b c " * 50, "\n\n", *(f"text {i} é" for i in range(50))]
    whole = ngram_hashes(texts, [1, 2], [2, 3])
    monkeypatch.setattr(_words, "_TOGETHER", 40)
    for one, other in zip(whole, ngram_hashes(texts, [1, 2], [2, 3]), strict=True):
        assert np.array_equal(one, other)


def test_a_long_token_is_not_kept_in_memory():
    ngram_hashes(["q" * 65, "z" * 64], [1], [])
    assert "q" * 65 not in _words._HASHES
    assert "z" * 64 in _words._HASHES


@pytest.mark.parametrize("letter", ["\u0378", "\ud800", "\U0001fae8", "\U000323b0", "\ua7dc", "\uffff"])
def test_what_unicode_14_does_not_know_separates(letter):
    """Newer hosts know some of these as letters and marks."""
    assert tokens(f"a{letter}b") == ["a", "b"]


def test_long_runs_of_marks_are_broken_and_fast():
    assert tokens("a" + "\u0301" * 30 + "b") == ["\xe1" + "\u0301" * 29 + "b"]
    assert tokens("a" + "\u0301" * 32 + "b") == ["\xe1" + "\u0301" * 29, "b"]
    assert tokens("\u0301" * 30) == ["\u0301" * 30]
    began = time.perf_counter()
    tokens("a" + "\u0301\u0316" * 200_000)
    assert time.perf_counter() - began < 5


def test_known_bits():
    """Shipped bundles depend on these: a change here is a change of the format."""
    vector = word_vectors(["The cat and the hat"], 8, (1, 2), (3,))[0]
    assert vector.dtype == np.float32
    assert vector.tobytes().hex() == "03ca063f6576c53e03ca863e6576c53ebd15aa3e6576c53e03ca863ebd152a3e"


def test_values_are_log_counts_of_length_one():
    vector = word_vectors(["a a a b", "", None], 1024, (1,), ())
    found = np.sort(vector[0][vector[0] > 0])
    logs = np.log1p([1, 3])
    np.testing.assert_allclose(found, logs / np.linalg.norm(logs), rtol=1e-6)
    assert not vector[1:].any()


def test_order_of_words_counts_for_pairs_only():
    assert np.array_equal(*(word_vectors([text], 4096, (1,), ())[0] for text in ("a b", "b a")))
    assert not np.array_equal(*(word_vectors([text], 4096, (2,), ())[0] for text in ("a b", "b a")))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | TEXT, min_size=1, max_size=6))
def test_alone_or_together_the_same_bits(texts):
    runner = load(buckets=64, words=[1, 2], chars=[2, 3])
    together = runner({"text:t": object_column(texts)}, Call())["words:t"]
    alone = [runner({"text:t": object_column([text])}, Call())["words:t"] for text in texts]
    assert together.tobytes() == np.concatenate(alone).tobytes()
    lengths = np.linalg.norm(together.astype(np.float64), axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


def test_many_rows():
    runner = load(buckets=32)
    texts = [f"word{i % 7} other" for i in range(3000)]
    found = runner({"text:t": object_column(texts)}, Call())["words:t"]
    assert found.shape == (3000, 32)
    assert np.array_equal(found[:7], found[2996 - 2996 % 7 - 7 :][:7])


@pytest.mark.parametrize("args", [{"buckets": 0}, {"words": [0]}, {"words": [], "chars": []}, {"other": 1}])
def test_wrong_arguments(args):
    with pytest.raises(ProgramError):
        load(**args)
