"""Replies as typed answers: labels are matched, never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.runtime.ops._chat_answer import Names, reader
from smeaton.runtime.ops._chat_args import Args, Column
from smeaton.task.types import Type

NAMES = Names(("billing", "card lost", "card", "Not sure"))


def read(output, text, how="json", labels=(), source=None):
    shown = (Column(name="text", type="text", column="text"),)
    args = Args(model="local:", host="local", output=output, labels=labels, inputs=shown, how=how)
    return reader(args)(text, source)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("billing", "billing"),
        (" Billing.\n", "billing"),
        ("**card_lost**", "card lost"),
        ("Label: card", "card"),
        ("The answer is: 'Card'.", "card"),
        ("category=not-sure", "Not sure"),
    ],
)
def test_a_label_is_met_without_its_dress(said, label):
    assert NAMES.label(said) == label


@pytest.mark.parametrize("said", ["", "bill", "billing or card", "It is about billing", "...", None, 1, ["card"]])
def test_a_label_is_never_guessed(said):
    with pytest.raises(ValueError, match="expected one of: billing, card lost"):
        NAMES.label(said)


@given(labels=st.lists(st.text(min_size=1), min_size=1, unique=True))
def test_every_label_as_it_is_written_is_that_label(labels):
    names = Names(labels)
    assert [names.label(label) for label in labels] == labels


def test_labels_that_differ_in_dress_only_must_be_exact():
    names = Names(("US", "us"))
    assert names.label("us") == "us"
    with pytest.raises(ValueError, match="expected"):
        names.label("Us")


def test_labels_keep_their_kind():
    assert Names((1, 2)).label("2") == 2
    assert Names((1, 2)).label(2.0) == 2
    assert Names((False, True)).label(True) is True
    assert Names((False, True)).label("TRUE") is True


def test_json_is_found_in_its_fence():
    output = Type(type="category", labels=("a", "b"))
    assert read(output, 'Sure!\n```json\n{"reasoning": "x", "answer": "B"}\n```', labels=("a", "b")) == "b"


@pytest.mark.parametrize("text", ["", "b", '"b"', '{"label": "b"}', '{"answer": null}', '{"answer": ["a"]}'])
def test_other_json_is_refused(text):
    output = Type(type="category", labels=("a", "b"))
    with pytest.raises(ValueError, match="expected"):
        read(output, text, labels=("a", "b"))


def test_many_labels_come_once_each():
    output = Type(type="list", of=Type(type="category", labels=("a", "b")))
    assert read(output, '{"answer": ["B", "a", "b"]}', labels=("a", "b")) == ["b", "a"]
    assert read(output, '{"answer": []}', labels=("a", "b")) == []


def test_numbers_in_text_keep_their_bounds():
    output = Type(type="number", min=0, max=5)
    assert read(output, "**4.5**", how="text") == 4.5
    with pytest.raises(ValueError, match="at most 5"):
        read(output, "6", how="text")


def test_spans_lie_in_the_text_they_are_of():
    span = Type(type="object", fields={"start": Type(type="integer"), "end": Type(type="integer")})
    output = Type(type="list", of=span)
    assert read(output, '{"answer": [{"start": 0, "end": 2}]}', source="ab") == [{"start": 0, "end": 2}]
    with pytest.raises(ValueError, match="does not lie in its text"):
        read(output, '{"answer": [{"start": 0, "end": 3}]}', source="ab")
