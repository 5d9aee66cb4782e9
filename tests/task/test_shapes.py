import random
from typing import Any

import pytest

from smeaton.task.infer import infer_type, pin_input
from smeaton.task.lock import unlisted
from smeaton.task.table import object_column
from smeaton.task.typeform import write_type
from smeaton.task.types import Type
from smeaton.task.values import parse_column

DRAW = random.Random(0)
GENRES = [
    "|".join(sorted(DRAW.sample(["Action", "Comedy", "Drama", "War", "Noir"], DRAW.randint(1, 4)))) for _ in range(200)
]
LISTS = [["red"], ["red", "blue"], ["blue"]] * 5 + [["once"]]


def infer(cells: list[Any]) -> Type:
    return infer_type(object_column(cells), "c")


def test_labels_with_a_mark_between_them() -> None:
    kind = infer(GENRES)
    assert (kind.type, kind.form) == ("list", "bar")
    assert kind.of == Type(type="category", known=("Action", "Comedy", "Drama", "Noir", "War"))
    column, faults = parse_column(object_column(GENRES), kind, "c")
    assert not faults
    assert column[0] == GENRES[0].split("|")


@pytest.mark.parametrize(
    "cells",
    [
        [f"{name}, {place}" for name in ("Smith", "Jones") for place in ("York", "Hull")] * 20,  # pairs, not lists
        [f"A sentence, with number {i}, of many" for i in range(100)],
        ["a|b"] * 100,  # one combination
        GENRES[:40],  # too few to tell
        [f"{i % 7 + 1},{100 + i}" for i in range(200)],  # numbers, of which nobody can tell how they are meant
        [f"{i}|{i + 1}" for i in range(100)],
    ],
    ids=["pairs", "sentences", "one", "few", "numbers", "many"],
)
def test_texts_that_hold_a_mark_and_are_no_lists(cells: list[str]) -> None:
    assert infer(cells).type in ("category", "text")


def test_a_text_that_would_be_read_as_json_is_no_label() -> None:
    assert infer([*GENRES, "[1]"]).type in ("category", "text")


def test_decimal_commas_do_not_separate_labels() -> None:
    kind = infer([f"{i % 20},{i % 90 + 10}" for i in range(400)])
    assert (kind.type, kind.form) == ("number", "1.234,5")


def test_labels_of_few_rows_are_not_kept() -> None:
    assert infer(LISTS).of == Type(type="category", known=("blue", "red"))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (['{"a": 1}', '{"a": null}'], "json"),
        (["{'a': 1}", "{'a': None}"], "json"),
        (["[1, 2]", "[3]"], "list"),
        (["('a', 'b')", "()"], "category"),  # tuples are no lists of JSON
        (["[not a list", "[1]"], "category"),
        (["{", "}"], "category"),
        (["[1]", "[__import__('os').getcwd()]"], "category"),  # nothing is ever run
    ],
)
def test_objects_and_lists_in_text(cells: list[str], kind: str) -> None:
    assert infer(cells).type == kind


def test_fields_have_types_of_their_own() -> None:
    cells = [{"price": "1.200,50 EUR", "age": "12", "when": "2024-01-05", "size": "S"}] * 3
    cells += [{"price": "7,00 EUR", "age": "unknown", "when": "2024-01-06", "size": "M"}, {"size": "L"}]
    fields = infer(cells).fields or {}
    assert {name: (kind.type, kind.form) for name, kind in fields.items()} == {
        "price": ("number", "1.234,5 EUR"), "age": ("integer", "plain|unknown"), "when": ("timestamp", None),
        "size": ("category", None),
    }  # fmt: skip
    assert fields["size"].known == ("S", "M", "L")


def test_what_a_lock_leaves_out_is_found_in_the_data_again() -> None:
    cells = [{"tags": ["a", "b"], "size": size} for size in ("S", "M", "L") * 3]
    for column in (cells, LISTS, ["low", "mid", "high"]):
        kind = infer(column)
        without = unlisted({"c": kind})["c"]
        assert without != kind
        assert "known" not in str(write_type(without))
        assert pin_input(object_column(column), without, "c") == kind


@pytest.mark.parametrize(
    ("cells", "stated", "pinned"),
    [
        ([{"a": 1}] * 3, Type(type="json"), Type(type="json", fields={"a": Type(type="integer", optional=True)})),
        (LISTS, Type(type="list", of=Type(type="category")),
         Type(type="list", of=Type(type="category", known=("blue", "red")))),
        (["S", "L", "M"], Type(type="category", ordered=True),
         Type(type="category", ordered=True, known=("S", "M", "L"))),
        ([1, 2], Type(type="number"), Type(type="number")),
    ],
    ids=["object", "labels", "scale", "number"],
)  # fmt: skip
def test_what_a_stated_input_leaves_open(cells: list[Any], stated: Type, pinned: Type) -> None:
    assert pin_input(object_column(cells), stated, "c") == pinned


def test_objects_inside_one_another_are_followed_so_deep() -> None:
    cell: dict[str, Any] = {"a": 1}
    for _ in range(3_000):
        cell = {"a": cell}
    assert infer([cell, cell]) == Type(type="json")
    assert infer([{"a": {"b": {"c": 1}}}] * 2).fields is not None
