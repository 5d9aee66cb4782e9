"""Lists of labels in every form they come in, and what is pinned of them."""

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import DataError, TaskError
from smeaton.task.forms import SEPARATORS
from smeaton.task.infer import infer_output, pin_type
from smeaton.task.lists import pin_list_labels
from smeaton.task.table import object_column
from smeaton.task.types import Type
from smeaton.task.values import parse_column, value_reader
from smeaton.task.yaml import task_from

LABELS = ("a", "b", "long one")
STATED = Type(type="list", of=Type(type="category", labels=LABELS))
OPEN = Type(type="list", of=Type(type="category"))


def pinned(cells: list[Any], spec: Type = OPEN) -> Type:
    return pin_type(object_column(cells), spec, "tags")


@given(st.lists(st.lists(st.sampled_from(LABELS), max_size=4), min_size=1, max_size=8), st.sampled_from([*SEPARATORS]))
def test_every_form_reads_as_the_same_labels(rows: list[list[str]], layout: str) -> None:
    goal = [list(dict.fromkeys(row)) for row in rows]
    texts = [SEPARATORS[layout].join(row) if row else "[]" for row in rows]
    for cells, form in ((rows, None), ([json.dumps(row) for row in rows], None), (texts, layout)):
        spec = Type(type="list", of=STATED.of, form=form)
        column, faults = parse_column(object_column(cells), spec, "tags")
        assert (column.tolist(), faults) == (goal, [])
        again, _ = parse_column(column, spec, "tags")
        assert again.tolist() == goal, "reading a column twice changes nothing"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda part: st.lists(part, max_size=3)))
def test_whatever_is_read_is_a_list_of_known_labels_or_refused(value: Any) -> None:
    column, faults = parse_column(object_column([value]), STATED, "tags")
    found = column[0]
    assert (found is None) == bool(faults)
    if found is not None:
        assert isinstance(found, list)
        assert set(found) <= set(LABELS)
        assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["a", "zz"], "[1]: expected one of: a, b, long one"),
        (["a", None], "[1]: expected one of: a, b, long one, got null"),
        ({"a": 1}, "expected a list, got an object"),
        ("[1", "expected JSON"),
        ("a", "expected a list"),
        (None, "got null"),
        ("", "got null"),
    ],
)
def test_what_is_refused_and_why(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        value_reader(STATED)(value)


def test_an_empty_label_between_separators_is_refused() -> None:
    with pytest.raises(ValueError, match="an empty one"):
        value_reader(Type(type="list", of=STATED.of, form="semicolon"))("a;;b")


def test_the_separator_is_the_one_that_occurs() -> None:
    assert pinned(["a;b", "b", None]).form == "semicolon"
    assert pinned(["a|b", "b"]).form == "bar"
    assert pinned(["a, b", "b"]).form == "comma"
    assert pinned(['["a"]', "[]"]).form is None
    assert pinned(["a", "b"]).form == "semicolon", "one label a row: any would do"
    with pytest.raises(DataError, match="could be split at ',' or ';'") as caught:
        pinned(["a,b", "c;d"])
    assert "form: comma" in caught.value.fix


def test_stated_labels_settle_the_separator() -> None:
    of = Type(type="category", labels=("rock, hard", "pop", "jazz"))
    assert pinned(["rock, hard;pop", "jazz"], Type(type="list", of=of)).form == "semicolon"


def test_what_labels_are_made_of() -> None:
    numbers = pinned([[3, 1], [10]])
    assert numbers.of is not None
    assert numbers.of.base == "integer"
    labels = pin_list_labels([[3, 1], [10]], numbers, "tags").of
    assert labels is not None
    assert labels.labels == (1, 3, 10)
    texts = pinned(["[1, 2]"]).of
    assert texts is not None
    assert texts.base == "integer"
    with pytest.raises(DataError, match="no row of 'tags' has a label"):
        pin_list_labels([[], []], OPEN, "tags")
    with pytest.raises(TaskError, match="cannot be null"):
        pinned([["a"]], Type(type="list", of=Type(type="category", optional=True)))


def test_a_column_of_lists_of_labels_is_a_target() -> None:
    assert infer_output(object_column([["a"], [], ["b", "a"]]), "tags") == OPEN
    assert infer_output(object_column([[1], [2, 3]]), "tags") == OPEN
    with pytest.raises(DataError, match="cannot be predicted yet"):
        infer_output(object_column([{"a": 1}, {"a": 2}]), "order")
    with pytest.raises(DataError, match="cannot be predicted yet"):
        infer_output(np.zeros((3, 2)), "vector")


def test_the_grammar_takes_the_form_of_a_list() -> None:
    def output(kind: Any) -> Type:
        task = {"smeaton": 1, "data": "d.csv", "output": {"tags": kind}}
        return task_from(task, ".").output_type

    assert output({"type": "list", "of": ["a", "b"], "form": "bar"}).form == "bar"
    with pytest.raises(TaskError, match="a list has no form 'dot'"):
        output({"type": "list", "of": "category", "form": "dot"})
    with pytest.raises(TaskError, match="no form 'bar'"):
        output({"type": "list", "of": {"type": "object", "fields": {"a": "text"}}, "form": "bar"})
