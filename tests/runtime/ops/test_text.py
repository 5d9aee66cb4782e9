import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops._words import fnv1a, tokens, word_vectors
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


def by_the_book(text, buckets, words, chars):
    """The specification again, as plainly as can be."""
    mask, prime = 0xFFFFFFFF, 16777619
    hashes, found = [], tokens(text)
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
    counts = [0] * buckets
    for h in hashes:
        mixed = (h ^ h >> 16) * 0x85EBCA6B & mask
        mixed = (mixed ^ mixed >> 13) * 0xC2B2AE35 & mask
        counts[(mixed ^ mixed >> 16) % buckets] += 1
    values = [math.log(1 + count) for count in counts]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return np.array([value / length for value in values])


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["The cat and the hat", "日本 語 ab ab"]))
def test_the_specification(text):
    found = word_vectors([text], 50, (1, 2, 3), (1, 3))[0]
    np.testing.assert_allclose(found, by_the_book(text, 50, (1, 2, 3), (1, 3)), rtol=1e-6, atol=1e-7)


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
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6))
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
