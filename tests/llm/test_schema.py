"""Output types as JSON Schema, and replies as typed values."""

import msgspec
import pytest

from smeaton.llm.schema import reply_reader, reply_schema
from smeaton.service.protocols._openai_schema import fault
from smeaton.task.types import Type
from smeaton.testing.servers._schema import check_schema

INVOICE = Type(
    type="object",
    fields={
        "total": Type(type="number", min=0, unit="EUR"),
        "paid": Type(type="boolean"),
        "lines": Type(type="list", of=Type(type="object", fields={"name": Type(type="text")})),
        "state": Type(type="category", labels=("open", "closed")),
    },
)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Type(type="category", labels=("a", "b")), ["a"], ["c", None, 1]),
        (Type(type="category", labels=(1, 2), base="integer"), [2], [3, "x"]),
        (Type(type="boolean"), [True], ["perhaps", None]),
        (Type(type="number", min=0, max=1), [0, 0.5], [2, None]),
        (Type(type="integer", optional=True), [3, None], [3.5]),
        (Type(type="list", of=Type(type="category", labels=("a",))), [["a"], []], [["b"], None, {}]),
        (
            INVOICE,
            [
                {"total": 1.5, "paid": None, "lines": [{"name": "x"}], "state": "open"},
                {"total": None, "paid": True, "lines": [], "state": None},
            ],
            [{"total": -1, "paid": True, "lines": [], "state": None}, {"total": 1, "extra": 2}],
        ),
    ],
)
def test_schema_and_reader_agree(kind, good, bad):
    schema, read = reply_schema(kind), reply_reader(kind)
    check_schema(schema, strict=True)
    for value in good:
        assert fault(schema, {"answer": value}) == ""
        assert read(msgspec.json.encode({"answer": value}).decode()) == value
    for value in bad:
        assert fault(schema, {"answer": value})
        with pytest.raises(ValueError, match="expected"):
            read(msgspec.json.encode({"answer": value}).decode())


def test_reasoning_comes_first():
    schema = reply_schema(Type(type="text"), reasoning=True)
    assert list(schema["properties"]) == ["reasoning", "answer"] == schema["required"]


def test_what_is_said_of_a_field_is_passed_on():
    total = reply_schema(INVOICE)["properties"]["answer"]["properties"]["total"]
    assert total == {"type": ["number", "null"], "minimum": 0, "description": "in EUR"}


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"other": 1}', "\ud800"])
def test_other_replies_are_refused(text):
    with pytest.raises(ValueError, match="expected a JSON object"):
        reply_reader(Type(type="text"))(text)
