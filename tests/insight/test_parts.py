"""What was planted is found: confusions, wrong labels, a phrase without a label, the word that decides."""

from typing import Any

import numpy as np
import pytest
from tests.insight.conftest import sure

from smeaton.insight.confusable import confusions
from smeaton.insight.decided import decided
from smeaton.insight.forms import Report
from smeaton.insight.suspects import suspects
from smeaton.insight.text import render
from smeaton.insight.uncovered import uncovered
from smeaton.insight.words import held
from smeaton.task.table import object_column
from smeaton.task.types import Type


def noisy(rows: int = 600, labels: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Codes, and probabilities that mostly know them."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, labels, rows)
    score = rng.normal(0, 1, (rows, labels))
    score[np.arange(rows), codes] += 5
    chance = np.exp(score)
    return codes, chance / chance.sum(axis=1, keepdims=True)


def test_planted_confusions_come_first(evidence: Any) -> None:
    given = np.repeat([0, 1, 2], 100)
    said = given.copy()
    said[:20], said[100:105], said[200] = 1, 2, 0
    texts = ["refund money" if code == 0 else "refund card" if code == 1 else "hello" for code in given]
    made = evidence(texts, given, sure(said, 3))
    found = confusions(made, held(texts))
    assert [(one.given, one.said, one.rows, one.of) for one in found] == [("a", "b", 20, 100), ("b", "c", 5, 100)]
    first = found[0]
    assert first.low < first.share == 0.2 < first.high
    assert first.low == pytest.approx(0.1334, abs=1e-3)
    assert ([word.word for word in first.words_given], [word.word for word in first.words_said]) == (
        ["money"],
        ["card"],
    )
    assert [example.row for example in first.examples] == [1, 2]


def test_planted_label_noise_is_found(evidence: Any) -> None:
    codes, chance = noisy()
    given = codes.copy()
    wrong = np.random.default_rng(1).choice(600, 40, replace=False)
    given[wrong] = (given[wrong] + 1) % 4
    shown, count = suspects(evidence(["x"] * 600, given, chance), 30)
    hits = sum(one.example.row - 1 in set(wrong.tolist()) for one in shown)
    assert hits / 30 >= 0.9
    assert 30 <= count <= 90
    assert [one.strength for one in shown] == sorted((one.strength for one in shown), reverse=True)
    place = shown[0].example.row - 1
    assert (shown[0].given, shown[0].suggested) == ("abcd"[given[place]], "abcd"[chance[place].argmax()])


def test_right_labels_are_hardly_suspected(evidence: Any) -> None:
    codes, chance = noisy()
    assert suspects(evidence(["x"] * 600, codes, chance), 30)[1] < 40


def test_noise_of_one_of_many_labels_is_found(evidence: Any) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((300, 3)) < 0.4
    chance = np.where(truth, 0.85, 0.1)
    given = truth.astype(np.int8)
    wrong = [(5, 0), (17, 1), (40, 2), (99, 0)]
    for row, code in wrong:
        given[row, code] ^= 1
    kind = Type(type="list", of=Type(type="category", labels=("x", "y", "z")))
    said = object_column([["x"]] * 300)
    shown, _ = suspects(evidence(["t"] * 300, given, chance, output=kind, prediction=said), 4)
    assert {one.example.row - 1 for one in shown} == {row for row, _ in wrong}
    assert any(one.given.startswith("not ") for one in shown) or any(one.suggested.startswith("not ") for one in shown)


def test_numbers_far_from_their_answer_are_suspects(evidence: Any) -> None:
    rng = np.random.default_rng(0)
    said = rng.normal(100, 10, 500)
    target = said + rng.normal(0, 1, 500)
    target[[7, 70]] += [50, -20]
    made = evidence(["x"] * 500, target, output=Type(type="number"), prediction=said)
    shown, count = suspects(made, 10)
    assert [one.example.row for one in shown[:2]] == [8, 71]
    assert count <= 4
    assert shown[0].strength > 30


def test_a_phrase_without_a_label_is_found(evidence: Any) -> None:
    rng = np.random.default_rng(0)
    words = np.array(["my", "the", "card", "account", "please", "help", "today", "balance", "open", "close"])
    texts = [" ".join(rng.choice(words, 5)) for _ in range(500)]
    given = rng.integers(0, 3, 500)
    said = given.copy()
    for row in range(40):
        texts[row] += " gift voucher code"
        said[row] = (given[row] + 1) % 3
    chance = sure(said, 3)
    chance[20:40] = [0.4, 0.35, 0.25]
    found = uncovered(evidence(texts, given, chance), texts)
    assert found[0].phrase == "gift voucher code"
    assert found[0].low > 5
    assert found[0].low < found[0].lift < found[0].high
    assert found[0].rows >= 30
    assert sum("voucher" in one.phrase for one in found) == 1
    assert "voucher" in found[0].examples[0].text
    assert uncovered(evidence(texts, given, sure(given, 3)), texts) == ()


def test_a_phrase_in_a_script_without_spaces(evidence: Any) -> None:
    texts = [
        "商品券を使いたい" if number < 12 else "残高を教えて" if number % 2 else "口座を開く" for number in range(120)
    ]
    given = np.array([number % 2 for number in range(120)])
    said = np.where(np.arange(120) < 12, 1 - given, given)
    found = uncovered(evidence(texts, given, sure(said, 2)), texts)
    assert found
    assert found[0].phrase in "商品券を使いたい"


def program(table: Any) -> dict[str, np.ndarray]:
    """A program that knows one word."""
    yes = np.array([0.9 if "refund" in text else 0.2 for text in table["text"].tolist()])
    return {"probability": np.stack([1 - yes, yes], axis=1)}


def test_the_word_that_decides_is_found(evidence: Any) -> None:
    texts = ["Refund, please: refund!".lower() if number % 2 else "please help" for number in range(60)]
    codes = np.arange(60) % 2
    made = evidence(texts, codes, sure(codes, 2))
    found, said = decided(made, program, 20.0)
    assert [(one.label, [word.word for word in one.words]) for one in found] == [("b", ["refund"])]
    word = found[0].words[0]
    assert (word.strength, word.rows) == (pytest.approx(0.7), 30)
    assert "60 of 60 rows" in said


def test_asking_ends_in_time(evidence: Any) -> None:
    texts = ["refund please"] * 500
    made = evidence(texts, np.ones(500, dtype=np.int64), sure(np.ones(500, dtype=np.int64), 2))
    _, said = decided(made, program, 0.0)
    assert said.startswith("words that decided: 0 of 500 rows")


def test_the_words_for_people_name_what_does_not_apply() -> None:
    empty = Report(task="t", target="y", solution="linear", trial="k", rows=3, left_out={"confusions": "no labels"})
    said = render(empty)
    assert "does not apply: no labels" in said
    assert "nothing stands out" in said
