from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import DataError
from smeaton.task.infer import infer_output, infer_type, pin_labels, pin_type, vocabulary
from smeaton.task.table import object_column
from smeaton.task.types import Type
from smeaton.task.values import parse_column


def infer(cells: list[Any]) -> Type:
    return infer_type(object_column(cells), "c")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2", "30"], Type(type="integer")),
        (["1", None, "3"], Type(type="integer", optional=True)),
        (["1", "", "3"], Type(type="integer", optional=True)),
        ([" 1", "2 "], Type(type="integer")),
        (["0", "1"], Type(type="integer")),
        (["1", "NA", "nan"], Type(type="integer", optional=True, form="plain|NA|nan")),
        (["1.5", "2"], Type(type="number")),
        (["1e3", "-.5"], Type(type="number")),
        (["1.5", "N/A"], Type(type="number", optional=True, form="plain|N/A")),
        (["?"] * 9 + ["1"], Type(type="integer", optional=True, form="plain|?")),
        (["1"] * 250 + ["gone"] * 2, Type(type="integer", optional=True, form="plain|gone")),
        (["1"] * 150 + ["gone"] * 2, Type(type="category")),
        (["007", "008"], Type(type="category")),
        (["0", "-0"], Type(type="integer")),
        (["9007199254740993", "1"], Type(type="category")),
        (["1e999", "1"], Type(type="category")),
        (["inf", "1"], Type(type="category")),
        (["1_0", "1"], Type(type="category")),
        (["1-2", "1"], Type(type="category")),
        (["true", "false", None], Type(type="boolean", optional=True, form="true/false")),
        (["True"], Type(type="boolean", form="True/False")),
        (["True", "true"], Type(type="boolean", form="true/false")),
        (["yes", "no"], Type(type="boolean", form="yes/no")),
        (["Y", "N", "NA"], Type(type="boolean", optional=True, form="Y/N|NA")),
        (["Y"], Type(type="category")),
        (["F", "M"], Type(type="category")),
        (["2024-01-01", "2024-02-02T10:00:00Z"], Type(type="timestamp")),
        (["2024-01-01", "null"], Type(type="timestamp", optional=True, form="iso|null")),
        (["2024-01-01", "2024-02-30"], Type(type="category")),
        (["1/2/2020", "1/13/2020 4:05 PM"], Type(type="timestamp", form="m/d/Y")),
        (["1/2/2020", "13/1/2020"], Type(type="timestamp", form="d/m/Y")),
        (["1.2.2020", "3.4.2021"], Type(type="timestamp", form="d.m.Y")),
        (["1/13/98", "1/2/07"], Type(type="timestamp", form="m/d/y")),
        (["Jun 12 1998", "December 1 2001 10:30"], Type(type="timestamp", form="b d Y")),
        (["Jun 12, 1998", "May 1, 2001"], Type(type="timestamp", form="b d, Y")),
        (["12-Jun-1998", "1-may-2001"], Type(type="timestamp", form="d-b-Y")),
        (["1/2/2020", "3/4/2020"],
         Type(type="category", about="looks like dates; if so, state the form: m/d/Y or d/m/Y")),
        (["NA", "US", "DE"], Type(type="category")),
        (["NA", "NA"], Type(type="category")),
        (["a", "", "b"], Type(type="category", optional=True)),
        ([None, None], Type(type="category", optional=True)),
        ([], Type(type="category", optional=True)),
        (["", ""], Type(type="category", optional=True)),
        ([f"this is sentence {i}" for i in range(30)], Type(type="text")),
        (["x" * 41, "y" * 41], Type(type="text")),
        ([f"id{i}" for i in range(1500)], Type(type="text")),
        ([f"id{i % 700}" for i in range(1500)], Type(type="category")),
        ([1, 2, None], Type(type="integer", optional=True)),
        ([1, 2.5], Type(type="number")),
        ([True, None], Type(type="boolean", optional=True)),
        ([True, 1], Type(type="json")),
        ([1, "a"], Type(type="category", form="mixed")),
        ([datetime(2024, 1, 1), date(2024, 1, 2)], Type(type="timestamp")),
        ([pd.Timestamp("2024-01-01"), pd.NaT], Type(type="timestamp", optional=True)),
        ([[1, 2.5], [3, 4], None], Type(type="vector", optional=True, form="2")),
        ([[1, 2], [3]], Type(type="list", of=Type(type="number"))),
        ([["a"], ["b"]], Type(type="list", of=Type(type="category"))),
        ([{"a": 1}, {"a": 2}], Type(type="json", fields={"a": Type(type="integer", optional=True)})),
        (['{"a": 1}', '{"a": 2}'], Type(type="json", fields={"a": Type(type="integer", optional=True)})),
        (["['a', 'b']", "[]"], Type(type="list", form="python", of=Type(type="category"))),
        (["low", "high", "medium"], Type(type="category", ordered=True, known=("low", "medium", "high"))),
        ([{"a": 1}, [1]], Type(type="json")),
    ],
    ids=str,
)  # fmt: skip
def test_inputs(cells: list[Any], kind: Type) -> None:
    assert infer(cells) == kind


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (np.array([1, 2]), Type(type="integer")),
        (np.array([1.0, 2.0]), Type(type="number")),
        (np.array([1.0, np.nan], dtype=np.float32), Type(type="number", optional=True)),
        (np.array([True]), Type(type="boolean")),
        (np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"), Type(type="timestamp", optional=True)),
        (np.array(["a", "b"]), Type(type="category")),
        (np.ones((3, 4)), Type(type="vector", form="4")),
    ],
    ids=str,
)
def test_typed_inputs(raw: Any, kind: Type) -> None:
    assert infer_type(raw, "c") == kind


@pytest.mark.parametrize("raw", [object_column([b"x"]), object_column([object()]), np.array([1j])], ids=str)
def test_what_no_type_takes(raw: Any) -> None:
    with pytest.raises(DataError, match="'c'") as caught:
        infer_type(raw, "c")
    assert "rows: {ignore: [c]}" in caught.value.fix


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["0", "1", "1"], Type(type="category", base="integer")),
        (["1", "2", "", "NA"], Type(type="category", base="integer", form="plain|NA")),
        (["1", "2", "3"], Type(type="number")),
        (["1.5", "2.5"], Type(type="number")),
        ([1, 0, None], Type(type="category", base="integer")),
        ([1.0, 2.0], Type(type="number")),
        (["yes", "no"], Type(type="category")),
        (["yes", "no", "?"], Type(type="category", form="text|?")),
        (["true", "false"], Type(type="boolean", form="true/false")),
        ([True, False], Type(type="boolean")),
        (["a", "b", None], Type(type="category")),
        ([f"sentence number {i} is long" for i in range(10)], Type(type="category")),
    ],
    ids=str,
)
def test_outputs(cells: list[Any], kind: Type) -> None:
    raw = object_column(cells)
    assert infer_output(raw, "c") == kind
    column, faults = parse_column(raw, type_or_null(kind), "c")
    assert not faults
    assert len(column) == len(cells)


def type_or_null(kind: Type) -> Type:
    import msgspec

    return msgspec.structs.replace(kind, optional=True)


def test_a_float_column_of_two_whole_values_is_a_category() -> None:
    raw = np.array([0.0, 1.0, np.nan])
    assert infer_output(raw, "c") == Type(type="category", base="integer")
    assert parse_column(raw, type_or_null(Type(type="category", base="integer")), "c")[0].tolist() == [0, 1, None]


def test_moments_are_no_output() -> None:
    with pytest.raises(DataError, match="cannot be predicted yet"):
        infer_output(object_column(["2024-01-01"]), "c")


@pytest.mark.parametrize(
    ("raw", "stated", "kind"),
    [
        (object_column(["yes", "no"]), Type(type="boolean"), Type(type="boolean", form="yes/no")),
        (object_column(["0", "1", "NA"]), Type(type="boolean"), Type(type="boolean", form="0/1|NA")),
        (np.array([0, 1]), Type(type="boolean"), Type(type="boolean", form="0/1")),
        (np.array([0, 2]), Type(type="boolean"), Type(type="boolean")),
        (object_column([True, None]), Type(type="boolean"), Type(type="boolean")),
        (object_column(["ja", "nein"]), Type(type="boolean"), Type(type="boolean", form="ja/nein")),
        (object_column(["up", "down"]), Type(type="boolean"), Type(type="boolean")),
        (object_column(["1", "NA"]), Type(type="number", min=0), Type(type="number", min=0, form="plain|NA")),
        (object_column(["a", "b"]), Type(type="number"), Type(type="number")),
        (object_column(["1/13/2020"]), Type(type="timestamp"), Type(type="timestamp", form="m/d/Y")),
        (object_column(["1", "2"]), Type(type="category"), Type(type="category", base="integer")),
        (object_column(["01", "2"]), Type(type="category"), Type(type="category")),
        (np.array([1, 2]), Type(type="category"), Type(type="category", base="integer")),
        (np.array([1.0, np.nan]), Type(type="category"), Type(type="category", base="integer")),
        (np.array([True, False]), Type(type="category"), Type(type="category", base="boolean")),
        (np.array([1, 2]), Type(type="category", labels=("1", "2")), Type(type="category", labels=("1", "2"))),
        (object_column([[1, 2]]), Type(type="vector"), Type(type="vector", form="2")),
        (object_column(["x"]), Type(type="text"), Type(type="text")),
        (object_column(["3/4/2020"]), Type(type="timestamp", form="d/m/Y"), Type(type="timestamp", form="d/m/Y")),
    ],
    ids=str,
)
def test_what_a_stated_type_leaves_open_is_pinned(raw: Any, stated: Type, kind: Type) -> None:
    assert pin_type(raw, stated, "c") == kind


_cells = st.one_of(
    st.lists(
        st.none() | st.sampled_from(["", "NA", "null", "?", "1", "2.5", "-3", "yes", "no", "x y z", "é"]), max_size=12
    ),
    st.lists(st.none() | st.integers(-(2**53), 2**53).map(str), max_size=8),
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False).map(repr), max_size=8),
    st.lists(st.none() | st.datetimes().map(lambda moment: moment.strftime("%m/%d/%Y %H:%M")), max_size=8),
    st.lists(st.none() | st.datetimes().map(str) | st.dates().map(str), max_size=8),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\ufdd0"), max_size=6), max_size=8),
    st.lists(st.booleans() | st.none(), max_size=5),
    st.lists(st.integers(-(2**53), 2**53) | st.none(), max_size=5),
)


@given(_cells)
def test_a_column_fits_the_type_inferred_from_it(cells: list[Any]) -> None:
    raw = object_column(cells)
    kind = infer_type(raw, "c")
    column, faults = parse_column(raw, kind, "c")
    assert not faults
    nulls = parse_column(raw, type_or_null(kind), "c")[0]
    seen = np.isnan(column.astype(float)) if kind.type in ("number", "integer") else [
        cell is None or (kind.type == "timestamp" and np.isnat(cell)) for cell in nulls
    ]  # fmt: skip
    assert kind.optional == bool(np.any(seen)) or not cells
    assert pin_type(raw, Type(type=kind.type), "c").form == kind.form


def test_labels() -> None:
    assert pin_labels(object_column(["b", None, "a"]), Type(type="category")).labels == ("a", "b")
    assert pin_labels(object_column([10, 9]), Type(type="category", base="integer")).labels == (9, 10)
    assert pin_labels(object_column([True]), Type(type="boolean")).labels == (False, True)
    stated = Type(type="category", labels=("z", "a"))
    assert pin_labels(object_column(["a"]), stated) is stated
    with pytest.raises(DataError, match="no value"):
        pin_labels(object_column([None]), Type(type="category"))


def test_the_hash_of_a_vocabulary_knows_values_not_their_order() -> None:
    one, two = vocabulary(object_column(["b", "a", None])), vocabulary(object_column(["a", "b", "b"]))
    assert one == two
    assert len(one) == 16
    assert one != vocabulary(object_column(["a"]))
    assert vocabulary(object_column([1, 2])) != vocabulary(object_column(["1", "2"]))
