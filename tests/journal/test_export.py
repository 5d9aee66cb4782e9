from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.journal import Prediction, Truth
from smeaton.journal.export import KINDS, Shape, moment

SIMPLE = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=5)
ANY = SIMPLE | st.lists(SIMPLE, max_size=3) | st.dictionaries(st.text(max_size=3), SIMPLE, max_size=2)
PYTHON = {"boolean": bool, "integer": int, "number": float, "text": str, "numbers": list, "json": str}


def prediction(inputs: dict[str, Any], answer: dict[str, Any] | None = None, truth: Truth | None = None) -> Prediction:
    return Prediction(
        1.5, "a", 0, "m", "0123456789ab", "rest", "", "", 0.1, inputs, answer or {"prediction": 1}, truth
    )  # fmt: skip


def shaped(predictions: list[Prediction], wide: bool = True) -> tuple[dict[str, str], list[dict[str, Any]]]:
    shape = Shape(wide)
    for one in predictions:
        shape.look(one)
    columns = shape.columns()
    return columns, [dict(zip(columns, row, strict=True)) for row in shape.rows(predictions)]


@given(st.lists(st.fixed_dictionaries({"x": ANY}), min_size=1, max_size=5))
def test_every_cell_is_of_the_kind_of_its_column_or_null(inputs: list[dict[str, Any]]) -> None:
    columns, rows = shaped([prediction(each) for each in inputs])
    assert columns["x"] in KINDS
    for each, row in zip(inputs, rows, strict=True):
        assert type(row["x"]) is (type(None) if each["x"] is None else PYTHON[columns["x"]])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([None, None], "text"),
        ([1, None, 2], "integer"),
        ([1, 2.5], "number"),
        ([True, False], "boolean"),
        ([True, 1], "text"),
        (["a", 1], "text"),
        (["a", "b"], "text"),
        ([[1, 2.5], [3]], "numbers"),
        ([[1, 2.5], []], "json"),
        ([{"a": 1}, [1]], "json"),
        ([{"a": 1}, "a"], "text"),
        ([2**63], "text"),
    ],
)
def test_kinds(values: list[Any], kind: str) -> None:
    columns, _ = shaped([prediction({"x": value}) for value in values])
    assert columns["x"] == kind


def test_columns_stand_in_order() -> None:
    columns, rows = shaped(
        [
            prediction({"age": 1}, {"prediction": True, "probability": {"true": 0.25, "false": 0.75}}),
            prediction({"age": 2, "new": "x"}, {"prediction": None, "error": "no"}, Truth(False, 2.0)),
        ]
    )
    assert [*columns] == [
        "at", "id", "row", "model", "bundle", "wire", "caller", "trace", "age", "new", "prediction", "error",
        "probability_true", "probability_false", "seconds", "truth", "truth_at",
    ]  # fmt: skip
    assert rows[0] | {"truth": 1} == rows[0] | {"truth": 1, "age": 1, "new": None, "prediction": True, "error": None}
    assert (rows[0]["probability_true"], rows[0]["probability_false"]) == (0.25, 0.75)
    assert (rows[0]["truth"], rows[1]["truth"], rows[1]["truth_at"]) == (None, False, "1970-01-01T00:00:02.000000Z")
    assert rows[0]["at"] == moment(1.5) == "1970-01-01T00:00:01.500000Z"


def test_an_input_whose_name_is_taken_has_another() -> None:
    names = {"id": 1, "At": 2, "prediction": 3, "age": 4, "AGE": 5, "input_id": 6, "probability_yes": 7}
    answer = {"prediction": "yes", "probability": {"yes": 1.0}}
    columns, (row,) = shaped([prediction(names, answer)])
    lower = [name.casefold() for name in columns]
    assert len(set(lower)) == len(lower)
    assert [row[name] for name in [*columns][8:15]] == [1, 2, 3, 4, 5, 6, 7]
    assert (row["id"], row["prediction"], row["probability_yes"]) == ("a", "yes", 1.0)


def test_inputs_of_several_models_are_one_column() -> None:
    columns, rows = shaped([prediction({"x": 1}), prediction({"y": "é"})], wide=False)
    assert columns["inputs"] == "json"
    assert [row["inputs"] for row in rows] == ['{"x": 1}', '{"y": "é"}']


def test_a_probability_that_is_no_mapping_is_an_answer_like_others() -> None:
    columns, (row,) = shaped([prediction({}, {"prediction": 1, "probability": 0.5})])
    assert (columns["probability"], row["probability"]) == ("number", 0.5)
