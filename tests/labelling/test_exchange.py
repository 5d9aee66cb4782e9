"""Questions as CSV and back: labelled rows are not asked again, and a bad answer is named with its row."""

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.labelling.conftest import TOPICS, Open, made

from smeaton.data.read import read
from smeaton.errors import DataError, InputError, TaskError
from smeaton.labelling.ask import choose, gain, labelled, random_share
from smeaton.labelling.exchange import take_answers, write_questions
from smeaton.labelling.rows import keys
from smeaton.labelling.shares import shares, wilson

POOL = [text for text, _ in made(120)]
TRUE = dict(made(120))


def fill(path: Path, answers: dict[int, str], column: str = "label") -> Path:
    """Write answers into rows (from 0) of a file of questions."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for place, answer in answers.items():
        rows[place][column] = answer
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def asked(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_there_and_back(opened: Open, tmp_path: Path) -> None:
    work = opened(POOL)
    path = tmp_path / "ask.csv"
    write_questions(work, choose(work, 30).questions, path)
    rows = asked(path)
    assert len(rows) == 30
    assert {row["text"] for row in rows} <= set(POOL)
    assert all(row["label"] == "" for row in rows)
    fill(path, {place: f" {TRUE[row['text']]} " for place, row in enumerate(rows) if place < 20})
    taken = take_answers(work, path)
    assert (taken.taken, taken.empty, taken.before) == (20, 10, 0)
    table = read(tmp_path / "labels.csv", Path(".")).table
    assert {text: TRUE[text] for text in table["text"]} == dict(zip(table["text"], table["label"], strict=True))
    assert set(table) == {"text", "id", "label"}
    again = take_answers(opened(), path)
    assert (again.taken, again.empty, again.before) == (0, 10, 20)


def test_labelled_rows_are_never_asked_again(opened: Open) -> None:
    work = opened(POOL, made(120)[:70])
    batch = choose(work, 200)
    texts = [question.row["text"] for question in batch.questions]
    assert batch.waiting == 50
    assert sorted(texts) == sorted(POOL[70:])


def test_equal_rows_are_asked_once_and_unreadable_ones_not_at_all(opened: Open) -> None:
    texts = [question.row["text"] for question in choose(opened(["a b", "c d", "a b", ""]), 10).questions]
    assert sorted(texts) == ["a b", "c d"]


def test_the_same_seed_asks_the_same_and_unsure_rows_before_sure_ones(opened: Open) -> None:
    draw = random.Random(4)
    mixed = [" ".join(draw.choice(words) for words in TOPICS.values()) + f" odd{place}" for place in range(15)]
    sure = [text for text, _ in made(300, 2)]
    work = opened([*sure, *mixed], made(120))
    first = choose(work, 20, seed=5)
    assert [question.key for question in choose(work, 20, seed=5).questions] == [q.key for q in first.questions]
    assert "quick model" in first.how
    guided = [question.row["text"] for question in first.questions if not question.random]
    assert sum("odd" in text for text in guided) >= len(guided) / 3, "a twentieth of the pool, the only unsure rows"
    odd = [question for question in first.questions if "odd" in question.row["text"]]
    assert all(question.probability is not None and question.probability < 0.8 for question in odd)


def test_bad_answers_are_named_and_nothing_is_taken(opened: Open, tmp_path: Path) -> None:
    work, path = opened(POOL), tmp_path / "ask.csv"
    write_questions(work, choose(work, 10).questions, path)
    fill(path, {0: "billing", 2: "Biling", 4: "loginn"})
    with pytest.raises(DataError) as raised:
        take_answers(work, path)
    assert "2 of 10 rows" in raised.value.message
    assert "ask.csv:4: 'Biling' is no label; did you mean 'billing'?" in raised.value.message
    assert "ask.csv:6: 'loginn'" in raised.value.message
    assert "--new-labels" not in raised.value.fix
    assert not (tmp_path / "labels.csv").exists()


def test_new_labels_are_taken_only_if_told(opened: Open, tmp_path: Path) -> None:
    work, path = opened(POOL, made(120)[:30], "category"), tmp_path / "ask.csv"
    write_questions(work, choose(work, 10).questions, path)
    fill(path, {0: "returns"})
    with pytest.raises(DataError, match="is no label") as raised:
        take_answers(work, path)
    assert "--new-labels" in raised.value.fix
    assert take_answers(work, path, new_labels=True).taken == 1
    assert "returns" in opened(output="category").labels


def test_rows_of_another_pool_and_doubled_rows_are_refused(opened: Open, tmp_path: Path) -> None:
    work, path = opened(POOL), tmp_path / "ask.csv"
    write_questions(work, choose(work, 5).questions, path)
    rows = asked(path)
    fill(path, {0: "billing", 1: "billing"})
    fill(path, {0: "0123456789abcdef", 1: rows[2]["smeaton_row"], 2: rows[2]["smeaton_row"]}, "smeaton_row")
    fill(path, {2: "billing"})
    with pytest.raises(DataError, match="2 of 5") as raised:
        take_answers(work, path)
    assert "no row of data.unlabelled" in raised.value.message
    assert "stands in the file twice" in raised.value.message
    with pytest.raises(DataError, match="smeaton_row"):
        take_answers(work, tmp_path / "pool.csv")


def test_what_a_spreadsheet_did_to_other_columns_does_no_harm(opened: Open, tmp_path: Path) -> None:
    work, path = opened(POOL), tmp_path / "ask.csv"
    write_questions(work, choose(work, 3).questions, path)
    text = asked(path)[0]["text"]
    fill(path, {0: "CHANGED"}, "text")
    fill(path, {0: "login"})
    take_answers(work, path)
    assert read(tmp_path / "labels.csv", Path(".")).table["text"].tolist() == [text]


def test_a_file_that_may_hold_answers_is_not_overwritten(opened: Open, tmp_path: Path) -> None:
    work = opened(POOL)
    with pytest.raises(InputError, match="stands there"):
        write_questions(work, (), tmp_path / "pool.csv")
    with pytest.raises(InputError, match=r"\.csv"):
        write_questions(work, (), tmp_path / "ask.xlsx")


@pytest.mark.parametrize(
    ("output", "answers", "read_as"),
    [
        ("boolean", ["yes", "no"], [True, False]),
        ("number", ["1.5", "-2"], [1.5, -2.0]),
        ("integer", ["3", "4"], [3, 4]),
        ("{type: list, of: [x, y, z]}", ['["x", "z"]', "[]"], [["x", "z"], []]),
    ],
)
def test_every_kind_of_answer(
    output: str, answers: list[str], read_as: list[Any], opened: Open, tmp_path: Path
) -> None:
    work, path = opened(POOL, output=output), tmp_path / "ask.csv"
    write_questions(work, choose(work, 4).questions, path)
    fill(path, dict(enumerate(answers)))
    assert take_answers(work, path).taken == 2
    again = opened(output=output)
    assert len(again.answered) == 2
    found = labelled(again).target
    if again.kind.answer == "many":
        assert found.tolist() == [[1, 0, 1], [0, 0, 0]]
    elif again.kind.answer == "number":
        assert found.tolist() == read_as
    else:
        assert [again.labels[code] for code in found] == read_as


def test_the_first_batch_holds_enough_random_rows_to_foretell_the_gain(opened: Open, tmp_path: Path) -> None:
    work, path = opened([text for text, _ in made(400)]), tmp_path / "ask.csv"
    batch = choose(work, 100)
    assert sum(question.random for question in batch.questions) == 25
    write_questions(work, batch.questions, path)
    true = dict(made(400))
    fill(path, {place: true[row["text"]] for place, row in enumerate(asked(path))})
    take_answers(work, path)
    now = opened()
    known = labelled(now)
    assert known.fair.sum() == 25
    assert gain(now).rows == 100
    assert "random sample" not in gain(now).why
    assert sum(question.random for question in choose(now, 100).questions) == 10
    found = shares(now)
    assert {share.label for share in found} == {"billing", "login", "shipping"}
    assert all(share.low <= share.share <= share.high and share.rows == 25 for share in found)


def test_the_share_of_random_rows() -> None:
    assert random_share(0, 100) == 0.25
    assert random_share(0, 20) == 0.3
    assert random_share(20, 100) == 0.1
    assert random_share(10_000, 5) == 0.1


def test_wilson_holds_the_share() -> None:
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0
    low, high = wilson(30, 100)
    assert (round(low, 3), round(high, 3)) == (0.219, 0.396)


def test_a_key_is_the_same_in_any_form_and_order_of_columns() -> None:
    texts = np.array(["a", "", None], dtype=object)
    typed = {"t": texts, "n": np.array([3.0, 2.5, np.nan])}
    plain = {"n": np.array(["3", "2.5", ""], dtype=object), "t": texts}
    assert keys(typed, ["t", "n"]) == keys(plain, ["n", "t"])
    assert len(set(keys(typed, ["t", "n"]))) == 3


@pytest.mark.parametrize(
    ("output", "error", "word"),
    [
        ("text", TaskError, "not labelled here"),
        ("{type: list, of: {type: object, fields: {start: integer, end: integer}}}", TaskError, "spans"),
    ],
)
def test_outputs_that_are_not_asked(output: str, error: type[Exception], word: str, opened: Open) -> None:
    with pytest.raises(error, match=word):
        opened(POOL, output=output)


def test_a_label_in_the_examples_that_the_task_does_not_state(opened: Open) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        opened(POOL, [("some text", "sales")])
