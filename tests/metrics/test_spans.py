"""Span F1 and field F1 against values worked out by hand."""

from typing import Any

import numpy as np
import pytest

from smeaton.metrics._intervals import mean
from smeaton.metrics._spans import same
from smeaton.metrics.field_f1 import part as field_f1
from smeaton.metrics.span_f1 import part as span_f1
from smeaton.task.table import object_column


def span(kind: str, start: int, end: int, text: str | None = "x") -> dict[str, Any]:
    return {"kind": kind, "start": start, "end": end, "text": text}


def value(metric: Any, given: list[Any], true: list[Any], errors: list[str | None] | None = None) -> float:
    answers = {"prediction": object_column(given)}
    if errors is not None:
        answers["error"] = object_column(errors)
    return mean(metric, metric.rows(answers, object_column(true), ()), None)


def test_spans_by_hand() -> None:
    true = [[span("a", 0, 2), span("b", 3, 5)], [], [span("a", 1, 4)]]
    given = [[span("a", 0, 2), span("a", 3, 5)], [span("b", 0, 1)], []]
    rows = span_f1.rows({"prediction": object_column(given)}, object_column(true), ())
    np.testing.assert_array_equal(rows, [[1, 2, 2], [0, 1, 0], [0, 0, 1]])
    assert value(span_f1, given, true) == pytest.approx(2 * 1 / (3 + 3))
    assert value(span_f1, true, true) == 1.0
    assert value(span_f1, [[], []], [[], []]) == 1.0


def test_a_span_said_twice_is_right_once() -> None:
    assert value(span_f1, [[span("a", 0, 2)] * 2], [[span("a", 0, 2)]]) == pytest.approx(2 / 3)


def test_the_text_of_a_span_counts_only_where_the_target_has_one() -> None:
    true = [[span("a", 0, 2, None)]]
    assert value(span_f1, [[span("a", 0, 2, "ab")]], true) == 1.0
    assert value(span_f1, [[{"kind": "a", "start": 0, "end": 2}]], true) == 1.0
    assert value(span_f1, [[span("a", 0, 2, "no")]], [[span("a", 0, 2, "ab")]]) == 0.0


@pytest.mark.parametrize("bad", [None, "text", 7, {"start": 0}, [{"start": 0}], [{"start": True, "end": 2}], ["a"]])
def test_no_list_of_spans_is_all_wrong(bad: Any) -> None:
    true = object_column([[span("a", 0, 2), span("b", 3, 4)], []])
    rows = span_f1.rows({"prediction": object_column([bad, bad])}, true, ())
    np.testing.assert_array_equal(rows, [[0, 2, 2], [0, 1, 0]])


def test_an_answer_with_an_error_is_all_wrong() -> None:
    true = [[span("a", 0, 2)], [span("a", 0, 2)]]
    assert value(span_f1, true, true, [None, "timed out"]) == pytest.approx(2 * 1 / (2 + 2))
    fields = [{"n": 1.0}, {"n": 1.0}]
    assert value(field_f1, fields, fields, ["", "no"]) == pytest.approx(2 * 1 / (2 + 2))


def test_fields_by_hand() -> None:
    true = [{"n": 3.0, "day": "2024-01-02T00:00:00.000000Z", "who": "Ann  Lee", "ok": None}, None]
    given = [{"n": 3, "day": "2024-01-02", "who": "ann lee", "ok": True}, None]
    rows = field_f1.rows({"prediction": object_column(given)}, object_column(true), ())
    np.testing.assert_array_equal(rows, [[3, 4, 3], [0, 0, 0]])
    assert value(field_f1, given, true) == pytest.approx(6 / 7)
    assert value(field_f1, [[1], "x"], true) == 0.0
    rows = field_f1.rows({}, object_column(true), ())
    np.testing.assert_array_equal(rows, [[0, 3, 3], [0, 1, 0]])


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (0.1 + 0.2, 0.3, True),
        (1, True, False),
        (True, True, True),
        (None, None, True),
        (None, "", False),
        ("Straße", "STRASSE", True),
        ("\uff21", "a", True),
        ("2024-06-12T02:00+02:00", "2024-06-12", True),
        ("2024-06-12", "2024-06-13", False),
        ("3", 3, False),
        ([1, "A"], [1.0, "a"], True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (float("nan"), 1.0, False),
    ],
)
def test_when_values_are_the_same(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal
