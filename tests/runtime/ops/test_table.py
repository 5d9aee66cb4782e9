import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import ProgramError, RowsError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import RowReader
from smeaton.runtime.ops._features import NULL_TEXT, PARTS
from smeaton.runtime.ops.table import part
from smeaton.runtime.program import Step
from smeaton.task.table import object_column

COLUMNS = {
    "age": {"type": "number", "optional": True},
    "visits": {"type": "integer", "min": 0},
    "member": {"type": "boolean", "optional": True},
    "opened": {"type": "timestamp", "optional": True},
    "city": {"type": "category", "optional": True},
    "grade": {"type": "category", "base": "integer", "optional": True},
    "body": {"type": "text", "optional": True},
}
NUMBERS = [{"column": "age"}, {"column": "opened", "part": "unix"}, {"column": "visits"}, {"column": "member"}]
NUMBERS += [{"column": "opened", "part": name} for name in PARTS if name != "unix"]
STEP = Step(
    op="table",
    inputs=tuple(COLUMNS),
    outputs=("numbers", "categories", "text:body", "text:city"),
    args={
        "columns": [{"name": name, "type": form} for name, form in COLUMNS.items()],
        "numbers": NUMBERS,
        "categories": ["city", "grade", "member"],
        "texts": ["body", "city"],  # a category of text is a text as well
    },
)
ROW = {
    "age": 3.5, "visits": 2, "member": True, "opened": "2024-02-29T23:59:58.5Z", "city": "Leeds",
    "grade": 3, "body": "hi",
}  # fmt: skip


@pytest.fixture(scope="module")
def runner():
    return part.load(STEP, None, None)


def test_one_row(runner):
    assert isinstance(runner, RowReader)
    found = runner.rows([ROW])
    moment = [2024, 2, 29, 3, 23, 59, 60]
    expected = [3.5, 1709251198.5, 2, 1, *moment]
    assert found["numbers"].tolist() == [expected]
    assert found["categories"].tolist() == [["Leeds", "3", "true"]]
    assert found["text:body"].tolist() == ["hi"]


def test_nulls(runner):
    row = dict.fromkeys(ROW) | {"visits": 0}
    found = runner.rows([row])
    assert np.isnan(found["numbers"]).sum() == len(NUMBERS) - 1
    assert found["categories"].tolist() == [[NULL_TEXT] * 3]
    assert found["text:body"].tolist() == [None]
    left_out = runner.rows([{"visits": 0}])
    assert np.array_equal(left_out["numbers"], found["numbers"], equal_nan=True)


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"visits": ...}, "visits", "is missing"),
        ({"visits": None}, "visits", "null"),
        ({"visits": 1.5}, "visits", "whole"),
        ({"visits": -1}, "visits", "at least 0"),
        ({"age": "old"}, "age", "number"),
        ({"age": math.nan}, "age", "finite"),
        ({"age": math.inf}, "age", "finite"),
        ({"age": True}, "age", "number"),
        ({"city": 4}, "city", "text"),
        ({"grade": "A"}, "grade", "whole"),
        ({"opened": "yesterday"}, "opened", "moment"),
        ({"colour": "red"}, "colour", "no input"),
    ],
)
def test_faults(runner, change, column, reason):
    row = {name: value for name, value in (ROW | change).items() if value is not ...}
    with pytest.raises(RowsError) as caught:
        runner.rows([ROW, row])
    (fault,) = caught.value.faults
    assert (fault.row, fault.column) == (1, column)
    assert reason in fault.reason


def test_every_fault_is_named(runner):
    with pytest.raises(RowsError) as caught:
        runner.rows([{"visits": "many", "age": []}, 7, ROW, {"visits": 1, "x": 1, "y": 2}])
    places = [(fault.row, fault.column) for fault in caught.value.faults]
    assert places == [(0, "age"), (0, "visits"), (1, ""), (3, "x"), (3, "y")]


def test_column_faults(runner):
    table = {name: object_column([value, value]) for name, value in ROW.items()}
    table["age"] = object_column([1.0, "x"])
    table["visits"] = object_column([None, 2])
    with pytest.raises(RowsError) as caught:
        runner(table, Call())
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(0, "visits"), (1, "age")]


def test_no_rows(runner):
    found = runner.rows([])
    assert found["numbers"].shape == (0, len(NUMBERS))
    assert found["categories"].shape == (0, 3)
    table = runner({name: object_column([]) for name in ROW}, Call())
    assert {name: column.shape for name, column in table.items()} == {n: c.shape for n, c in found.items()}


maybe = st.none()
rows = st.fixed_dictionaries(
    {
        "age": maybe
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**53), 2**53)
        | st.just("1.5e3"),
        "visits": st.integers(0, 2**53) | st.integers(0, 100).map(str),
        "member": maybe | st.booleans(),
        "opened": maybe | st.datetimes().map(lambda d: d.isoformat()) | st.datetimes(),
        "city": maybe | st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NULL_TEXT)),
        "grade": maybe | st.integers(-5, 5),
        "body": maybe | st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NULL_TEXT)),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=5))
def test_rows_and_columns_agree_bit_for_bit(given_rows):
    runner = part.load(STEP, None, None)
    from_rows = runner.rows(given_rows)
    from_columns = runner({name: object_column([row[name] for row in given_rows]) for name in COLUMNS}, Call())
    one_by_one = [runner.rows([row]) for row in given_rows]
    for name in STEP.outputs:
        single = np.concatenate([found[name] for found in one_by_one])
        for other in (from_columns[name], single):
            assert other.dtype == from_rows[name].dtype
            if other.dtype == object:
                assert other.tolist() == from_rows[name].tolist()
            else:
                assert other.tobytes() == from_rows[name].tobytes()


@settings(max_examples=20, deadline=None)
@given(st.lists(rows, min_size=1, max_size=5))
def test_typed_columns_read_the_same(given_rows):
    from smeaton.task.types import Type
    from smeaton.task.values import parse_column

    runner = part.load(STEP, None, None)
    raw = {name: object_column([row[name] for row in given_rows]) for name in COLUMNS}
    typed = {name: parse_column(raw[name], Type(**COLUMNS[name]), name)[0] for name in COLUMNS}
    first, second = runner(raw, Call()), runner(typed, Call())
    assert first["numbers"].tobytes() == second["numbers"].tobytes()
    assert first["categories"].tolist() == second["categories"].tolist()


@pytest.mark.parametrize(
    ("args", "outputs", "message"),
    [
        ({"columns": [{"name": "a", "type": {"type": "text"}}], "numbers": [{"column": "a"}]}, ("numbers",), "must be"),
        ({"columns": [{"name": "a", "type": {"type": "number"}}], "numbers": [{"column": "b"}]}, ("n",), "must be"),
        ({"columns": [{"name": "a", "type": {"type": "number"}}]}, (), "outputs"),
        ({"columns": [{"name": "a", "type": {"type": "wrong"}}], "texts": ["a"]}, ("t",), "wrong"),
        ({"columns": [{"name": "z", "type": {"type": "text"}}], "texts": ["z"]}, ("t",), "each of its inputs"),
        ({"columns": [{"name": "a", "type": {"type": "timestamp"}}], "numbers": [{"column": "a", "part": "era"}]},
         ("numbers",), "no part"),
        ({"columns": [{"name": "a", "type": {"type": "category", "base": "integer"}}], "texts": ["a"]}, ("t",),
         "must be text"),
    ],
)  # fmt: skip
def test_wrong_steps(args, outputs, message):
    with pytest.raises(ProgramError, match=message):
        part.load(Step(op="table", inputs=("a",), outputs=outputs, args=args), None, None)


def test_a_category_read_as_text_has_no_stand_in_for_null(runner):
    rows = [ROW, {**ROW, "city": None}, {**ROW, "city": "Nowhere"}]
    found = runner.rows(rows)
    assert found["text:city"].tolist() == ["Leeds", None, "Nowhere"]
    assert found["categories"][:, 0].tolist() == ["Leeds", NULL_TEXT, "Nowhere"]


def test_arguments_survive_json(runner):
    again = part.load(
        Step(op="table", inputs=STEP.inputs, outputs=STEP.outputs, args=json.loads(json.dumps(STEP.args))), None, None
    )
    assert again.rows([ROW])["numbers"].tobytes() == runner.rows([ROW])["numbers"].tobytes()


PLACE = {
    "type": "json",
    "optional": True,
    "fields": {
        "city": {"type": "category", "optional": True},
        "seen": {"type": "timestamp", "optional": True},
        "about": {"type": "text", "optional": True},
    },
}
PARTS_OF = [
    {"name": "place.city", "column": "place", "path": ["city"], "type": {"type": "category", "optional": True}},
    {"name": "place.seen", "column": "place", "path": ["seen"], "type": {"type": "timestamp", "optional": True}},
    {"name": "place.about", "column": "place", "path": ["about"], "type": {"type": "text", "optional": True}},
    {"name": "size.rank", "column": "size", "take": "rank", "order": ["S", "M", "L"], "type": {"type": "number"}},
]
NESTED = Step(
    op="table",
    inputs=("place", "size"),
    outputs=("numbers", "categories", "text:place.about"),
    args={
        "columns": [{"name": "place", "type": PLACE}, {"name": "size", "type": {"type": "category", "optional": True}}],
        "parts": PARTS_OF,
        "numbers": [{"column": "place.seen", "part": "year"}, {"column": "size.rank"}],
        "categories": ["place.city", "size"],
        "texts": ["place.about"],
    },
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "place": st.none()
                | st.dictionaries(
                    st.sampled_from(["city", "about", "more"]), st.none() | st.sampled_from(["a", "b"]), max_size=3
                )
                | st.just({"seen": "2024-02-29", "city": "Ulm"}),
                "size": st.none() | st.sampled_from(["S", "L", "XXL"]),
            }
        ),
        max_size=6,
    )
)
def test_what_stands_in_columns_is_the_same_from_tables_and_rows(rows):
    nested = part.load(NESTED, None, None)
    columns = {name: object_column([row[name] for row in rows]) for name in ("place", "size")}
    table, single = nested(columns, Call()), nested.rows(rows)
    for name in NESTED.outputs:
        if table[name].dtype == object:
            assert table[name].tolist() == single[name].tolist()
        else:
            assert np.array_equal(table[name], single[name].reshape(table[name].shape), equal_nan=True)


def test_parts():
    found = part.load(NESTED, None, None).rows(
        [{"place": {"city": "Ulm", "seen": "2024-02-29", "about": "hi", "other": 1}, "size": "M"}, {}]
    )
    assert found["numbers"].tolist()[0] == [2024.0, 1.0]
    assert np.isnan(found["numbers"][1]).all()
    assert found["categories"].tolist() == [["Ulm", "M"], [NULL_TEXT, NULL_TEXT]]
    assert found["text:place.about"].tolist() == ["hi", None]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([{**PARTS_OF[0], "column": "elsewhere"}], "of one of its columns"),
        ([PARTS_OF[0], PARTS_OF[0]], "names of their own"),
        ([{**PARTS_OF[0], "take": "half"}], "arguments of a table step are wrong"),
    ],
)
def test_parts_that_do_not_fit(parts, words):
    args = {**NESTED.args, "parts": parts, "numbers": [], "categories": ["size"], "texts": []}
    step = Step(op="table", inputs=NESTED.inputs, outputs=("categories",), args=args)
    with pytest.raises(ProgramError, match=words):
        part.load(step, None, None)
