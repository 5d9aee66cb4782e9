"""What the loader makes of the columns people have, and what it says about them."""

import random
from pathlib import Path
from typing import Any

import pytest

from smeaton.data.load import load, start_task
from smeaton.errors import DataError, RowsError
from smeaton.task.task import Accept, Data, RowRoles, Task
from smeaton.task.types import Type

ROWS = 120


def table(**columns: Any) -> dict[str, list[Any]]:
    """Columns made by functions of a random source, with a target."""
    draw = random.Random(0)
    made = {name: [make(draw) for _ in range(ROWS)] for name, make in columns.items()}
    return {**made, "y": [draw.choice(["yes", "no"]) for _ in range(ROWS)]}


def read(columns: dict[str, list[Any]], **parts: Any) -> Any:
    """The dataset of a table whose target is y."""
    return load(Task(data=Data(), output={"y": Type(type="category")}, **parts), columns)


def age(draw: random.Random) -> int:
    return -999 if draw.random() < 0.1 else draw.randint(18, 80)


def test_a_stand_in_is_missing_and_the_form_says_so() -> None:
    found = read(table(age=age))
    kind = found.task.input_types["age"]
    assert (kind.form, kind.optional) == ("plain|-999", True)
    assert not (found.table["age"] == -999).any()
    note = next(note for note in found.notes if "-999" in note)
    assert note.startswith("'age': -999 (")
    assert "accept: {values: [age]}" in note


def test_a_stand_in_that_is_accepted_is_a_value() -> None:
    found = read(table(age=age), accept=Accept(values=("age",)))
    assert found.task.input_types["age"] == Type(type="integer")
    assert (found.table["age"] == -999).any()
    assert not any("-999" in note for note in found.notes)


def test_what_the_user_stated_is_not_changed_but_said() -> None:
    found = read(table(age=age), inputs={"age": Type(type="number")})
    assert found.task.input_types["age"] == Type(type="number")
    assert any("may stand for missing" in note and "plain|-999" in note for note in found.notes)


def test_a_stated_stand_in_is_counted() -> None:
    columns = table(age=age)
    found = read(columns, inputs={"age": Type(type="integer", optional=True, form="plain|-999")})
    assert found.notes == (f"'age': '-999' read as missing ({columns['age'].count(-999)} rows)",)


def test_every_guess_is_said_in_one_line_alike_columns_together() -> None:
    def price(draw: random.Random) -> str:
        return f"{draw.randint(1, 9)}.{draw.randint(100, 999)},{draw.randint(10, 99)} EUR"

    found = read(
        table(
            net=price,
            gross=price,
            share=lambda draw: f"{draw.randint(1, 99)}%",
            size=lambda draw: draw.choice(["S", "M", "L"]),
            known=lambda draw: draw.choice(["?", "a", "b"]),
            place=lambda draw: {"city": draw.choice(["Ulm", "Bonn"])},
            plain=lambda draw: draw.randint(0, 9),
        )
    )
    assert list(found.notes) == [
        "'net', 'gross': read as numbers written like 1.234,5 EUR",
        "'share': read as numbers written like 1234.5% (a percent is the number as written: 12% is 12)",
        "'size': labels in the order S < M < L",
        next(note for note in found.notes if note.startswith("'known': '?' (")),
        "'place': objects, of which are used: place.city",
    ]


def test_a_target_with_a_stand_in_leaves_its_rows_out() -> None:
    columns = table(x=lambda draw: draw.randint(0, 9))
    columns["age"] = [age(random.Random(i)) for i in range(ROWS)]
    task, raw = start_task(columns, "age", Path())
    assert task.output["age"].form == "plain|-999"
    found = load(task, raw)
    assert len(found) == ROWS - columns["age"].count(-999)
    assert any("rows whose 'age' is -999 are left out" in note for note in found.notes)
    stated = load(task.with_(output={"age": Type(type="number")}), raw)
    assert len(stated) == ROWS
    assert any("may stand for missing" in note for note in stated.notes)


def test_labels_that_look_ordered_are_said() -> None:
    columns = table(x=lambda draw: draw.randint(0, 9))
    columns["y"] = ["low", "mid", "high"] * (ROWS // 3)
    note = next(note for note in read(columns).notes if "look ordered" in note)
    assert "labels: [low, mid, high]" in note


def test_rows_of_no_weight_are_left_out_and_said() -> None:
    columns = table(x=lambda draw: draw.randint(0, 9), w=lambda draw: draw.choice(["0", "1", "2,5"]))
    found = read(columns, rows=RowRoles(weight="w"))
    assert len(found) == ROWS - columns["w"].count("0")
    assert set(found.weight.tolist()) == {1.0, 2.5}
    assert f"{columns['w'].count('0'):,} rows of weight 0 ('w') are left out" in found.notes


@pytest.mark.parametrize(("value", "words"), [("-1", "at least 0"), (None, "null"), ("x", "a number")])
def test_a_weight_that_is_none_is_refused_with_its_row(value: Any, words: str) -> None:
    columns = table(x=lambda draw: draw.randint(0, 9), w=lambda draw: "1")
    columns["w"][7] = value
    with pytest.raises(RowsError, match=words) as caught:
        read(columns, rows=RowRoles(weight="w"))
    assert caught.value.faults[0].row == 7


def test_weights_that_are_all_0_are_refused() -> None:
    with pytest.raises(DataError, match="all weights in 'w' are 0"):
        read(table(x=lambda draw: draw.randint(0, 9), w=lambda draw: 0), rows=RowRoles(weight="w"))


def test_objects_of_no_one_shape_are_left_out() -> None:
    columns = table(x=lambda draw: draw.randint(0, 9), odd=lambda draw: draw.choice([{"a": 1}, [1]]))
    found = read(columns)
    assert set(found.task.input_types) == {"x"}
    assert "'odd' left out: objects and lists of no one shape" in found.notes
