"""What is told of a problem: short, plain, and never the value."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import DataError, OutOfMoney, RowFault, RowsError
from smeaton.service.body import parse_object
from smeaton.service.problem import Problem, place, problem_of
from smeaton.service.settings import Limits
from smeaton.task.readers import _READERS, value_reader
from smeaton.task.types import Type

NEEDLE = "zqneedlezq"


@given(st.text(), st.text(), st.text())
def test_a_body_is_never_over_1_kb(message: str, path: str, fix: str) -> None:
    for times in (1, 2000):
        told = Problem(422, "invalid_value", message * times, path * times, fix * times).as_dict()
        assert len(msgspec.json.encode(told)) <= 1000


@pytest.mark.parametrize("kind", sorted(set(_READERS) - {"json", "text", "category"}))
@pytest.mark.parametrize("value", [NEEDLE, [NEEDLE], {NEEDLE: NEEDLE}])
def test_no_reader_makes_us_echo_a_value(kind: Any, value: Any) -> None:
    extra: dict[str, Any] = {"object": {"fields": {"a": Type(type="number")}}, "list": {"of": Type(type="number")}}
    try:
        value_reader(Type(type=kind, **extra.get(kind, {})))(value)
    except ValueError as error:
        problem = problem_of(RowsError([RowFault(0, "x", str(error))]))
        assert problem is not None
        assert NEEDLE not in problem.message
    else:
        pytest.fail("the value was taken")


def test_what_is_about_the_request_and_what_is_not() -> None:
    assert problem_of(DataError("/srv/state: no space left")) is None
    assert problem_of(RuntimeError("x")) is None
    money = problem_of(OutOfMoney("it may cost $3, and $0.2 is left"))
    assert money is not None
    assert "0.2" not in money.message


@pytest.mark.parametrize(
    ("name", "path"),
    [("age", "rows[1].age"), ("home city", "rows[1].home city"), ("naïve", "rows[1].naïve"), ("a" * 65, "rows[1]")]
    + [(odd, "rows[1]") for odd in ("", "<b>", 'a"b', "a.b", "a\nb")],
)
def test_places(name: str, path: str) -> None:
    assert place("rows", 1, name) == path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON))
def test_every_json_object_is_read(content: dict[str, Any]) -> None:
    assert parse_object(msgspec.json.encode(content), Limits()) == content


@given(st.dictionaries(st.text(), JSON, min_size=1), st.booleans())
def test_a_key_given_twice_is_found_wherever_it_stands(content: dict[str, Any], nested: bool) -> None:
    body = msgspec.json.encode(content)
    first = msgspec.json.encode(next(iter(content)))
    twice = body[:-1] + b"," + first + b":1}"
    with pytest.raises(Problem) as caught:
        parse_object(b'{"rows":[1,[' + twice + b"]]}" if nested else twice, Limits())
    assert "twice" in caught.value.message
