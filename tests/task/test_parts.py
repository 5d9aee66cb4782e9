from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.task.infer import infer_type
from smeaton.task.parts import LONGEST_VECTOR, part_column, part_reader, parts_of
from smeaton.task.table import object_column
from smeaton.task.types import Type
from smeaton.task.values import parse_column, value_reader

ADDRESS = {"city": "Ulm", "zip": 89073, "at": {"lat": 48.4, "seen": "2024-01-05"}, "tags": ["a", "b", "a"]}
PLACE = Type(
    type="json",
    fields={
        "city": Type(type="category", optional=True),
        "zip": Type(type="integer", optional=True),
        "at": Type(type="json", fields={"lat": Type(type="number"), "seen": Type(type="timestamp")}, optional=True),
        "tags": Type(type="list", of=Type(type="category", known=("a", "b", "c")), optional=True),
        "size": Type(type="category", ordered=True, known=("S", "M", "L"), optional=True),
        "prices": Type(type="list", of=Type(type="number", optional=True), optional=True),
    },
    optional=True,
)


def parts(kind: Type, value: Any) -> dict[str, Any]:
    """The parts of one value by name."""
    cell = value_reader(kind)(value)
    return {part.name: None if cell is None else part_reader(part)(cell) for part in parts_of("c", kind)}


def test_an_object_has_its_fields() -> None:
    found = parts(PLACE, ADDRESS | {"size": "L", "prices": [1, None, 4], "other": object})
    assert found == {
        "c.city": "Ulm", "c.zip": 89073.0, "c.at.lat": 48.4, "c.at.seen": np.datetime64("2024-01-05", "us"),
        "c.tags.length": 2.0, "c.tags[a]": 1.0, "c.tags[b]": 1.0, "c.tags[c]": 0.0, "c.size": "L", "c.size.rank": 2.0,
        "c.prices.length": 3.0, "c.prices.mean": 2.5, "c.prices.min": 1.0, "c.prices.max": 4.0, "c.prices.last": 4.0,
    }  # fmt: skip


def test_what_is_not_there_is_null() -> None:
    assert set(parts(PLACE, {}).values()) == {None}
    assert set(parts(PLACE, None).values()) == {None}
    found = parts(PLACE, {"size": "XXL", "tags": ["new"], "prices": []})
    assert (found["c.size"], found["c.size.rank"]) == ("XXL", None)
    assert (found["c.tags.length"], found["c.tags[a]"]) == (1.0, 0.0)
    assert (found["c.prices.length"], found["c.prices.mean"]) == (0.0, None)


def test_a_vector_has_its_numbers_a_long_one_what_sums_it_up() -> None:
    assert parts(Type(type="vector", form="2"), [1, 2.5]) == {"c[0]": 1.0, "c[1]": 2.5}
    wide = Type(type="vector", form=str(LONGEST_VECTOR + 1))
    assert parts(wide, [1.0] * (LONGEST_VECTOR + 1))["c.mean"] == 1.0


def test_a_plain_column_has_none() -> None:
    assert [parts_of("c", Type(type=kind)) for kind in ("number", "category", "text", "timestamp")] == [[]] * 4


_scalars = st.none() | st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from(["a", "b", "12%", ""]) | st.booleans()
_cells = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)
_columns = st.one_of(
    st.lists(st.none() | st.dictionaries(st.sampled_from(["a", "b"]), _cells, max_size=2), max_size=6),
    st.lists(st.none() | st.lists(st.integers(-9, 9) | st.floats(-9, 9), max_size=4), max_size=6),
    st.lists(st.none() | st.lists(st.sampled_from(["x", "y", "z"]), max_size=4), max_size=6),
    st.lists(st.sampled_from(["S", "M", "L", "huge", ""]), max_size=8),
)


@given(_columns)
def test_a_table_has_the_parts_that_single_cells_have(cells: list[Any]) -> None:
    raw = object_column(cells)
    kind = infer_type(raw, "c")
    column, faults = parse_column(raw, kind, "c")
    assert not faults
    read = value_reader(kind)
    for part in parts_of("c", kind):
        take = part_reader(part)
        whole = part_column(part, column)
        assert len(whole) == len(cells)
        for cell, value in zip(cells, whole.tolist(), strict=True):
            plain = read(cell)
            one = None if plain is None else take(plain)
            missing = one is None or (isinstance(one, np.datetime64) and np.isnat(one))
            assert (value is None or value != value) if missing else value == one  # noqa: PLR0124


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([{"a": 1, "b": "x"}] * 3, ["c.a", "c.b"]),
        (
            [{"a": {"b": [1, 2]}}, {"a": {"b": [1]}}],
            ["c.a.b.length", "c.a.b.mean", "c.a.b.min", "c.a.b.max", "c.a.b.last"],
        ),
        ([[{"a": 1}], []], ["c.length"]),
        ([["x", "y"]] * 5 + [["x"]], ["c.length", "c[x]", "c[y]"]),
        (["low", "mid", "high"] * 2, ["c.rank"]),
        (['{"a": 1}', '{"a": 2}'], ["c.a"]),
        (["{'a': 1}", "{'a': None}"], ["c.a"]),
        ([{"a": 1}, [1]], []),
        ([{f"user{i}": 1} for i in range(60)], []),  # names as keys: of one row each
    ],
)
def test_parts_are_found(cells: list[Any], names: list[str]) -> None:
    assert [part.name for part in parts_of("c", infer_type(object_column(cells), "c"))] == names
