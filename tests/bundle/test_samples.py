"""How far two answers are apart; rows made from types."""

import math
from typing import Any

import pytest

from smeaton.bundle.samples import COUNT, difference, synthesise
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.task.values import value_reader


def answer(label: str, *probability: float) -> dict[str, Any]:
    return {"prediction": label, "probability": list(probability)}


def test_numbers_are_compared_relative_to_their_size() -> None:
    assert difference({"prediction": 200.0}, {"prediction": 201.0}) == pytest.approx(0.005)
    assert difference({"prediction": 0.2}, {"prediction": 0.1}) == pytest.approx(0.1)


def test_another_label_is_another_answer_but_for_a_tie_within_the_tolerance() -> None:
    near, other = answer("a", 0.51, 0.49), answer("b", 0.49, 0.51)
    assert difference(near, other) == math.inf
    assert difference(near, other, 0.015) == math.inf, "the probabilities are further apart"
    assert difference(near, other, 0.03) == pytest.approx(0.02)
    far = answer("a", 0.9, 0.1)
    assert difference(far, answer("b", 0.88, 0.12), 0.05) == math.inf, "0.9 against 0.1 is no tie"
    assert difference({"prediction": "a"}, {"prediction": "b"}, 0.5) == math.inf


def test_other_outputs_are_another_form() -> None:
    assert difference(answer("a", 1.0), {"prediction": "a"}, 1.0) == math.inf
    assert difference(answer("a", 1.0), answer("a", 0.5, 0.5), 1.0) == math.inf


def test_objects_and_lists_are_made_from_their_types() -> None:
    inputs = {
        "place": Type(
            type="json",
            fields={
                "city": Type(type="category", known=("Ulm", "Bonn"), optional=True),
                "at": Type(type="json", fields={"seen": Type(type="timestamp"), "lat": Type(type="number")}),
                "open": Type(type="boolean"),
                "note": Type(type="text"),
            },
        ),
        "tags": Type(type="list", of=Type(type="category", labels=("a", "b"))),
        "orders": Type(type="list", of=Type(type="json", optional=True)),
        "point": Type(type="vector", form="3", optional=True),
        "history": Type(type="series"),
    }
    task = Task(data=Data(), output={"y": Type(type="number")}, inputs=inputs)
    columns = tuple(ColumnProfile(name=name, type=kind.type) for name, kind in inputs.items())
    rows = synthesise(task, Profile(rows=9, columns=columns), tuple(inputs))
    assert len(rows) == COUNT
    for name, kind in inputs.items():
        read = value_reader(kind)
        assert all(read(row[name]) is not None for row in rows)
    assert {row["place"].get("city") for row in rows} == {"Ulm", "Bonn", None}
    assert synthesise(task, Profile(rows=9, columns=columns), tuple(inputs)) == rows


def test_json_of_no_one_shape_has_no_samples() -> None:
    task = Task(data=Data(), output={"y": Type(type="number")}, inputs={"x": Type(type="json")})
    assert synthesise(task, Profile(rows=9, columns=(ColumnProfile(name="x", type="json"),)), ("x",)) == []
