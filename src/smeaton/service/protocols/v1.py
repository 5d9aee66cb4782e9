"""The V1 protocol of KServe and TensorFlow Serving: `POST /v1/models/NAME:predict {"instances": [...]}` ->
`{"predictions": [...]}`. Its `GET /v1/models` and `GET /v1/models/NAME` are answered by `openai.py`.

An instance is an object of columns, a list of their values in the order of the model's inputs, or for a model with one
input its value as it is. Predictions are those of REST.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smeaton.errors import RowsError
from smeaton.service.body import parse_object
from smeaton.service.exchange import Ask, Asked, Reply
from smeaton.service.hosted import Hosted, Rows
from smeaton.service.problem import Problem, place, reason_of
from smeaton.service.protocols._refused import error_text, wrong
from smeaton.task.types import Type

if TYPE_CHECKING:
    from smeaton.service.service import Service

_encode = msgspec.json.Encoder().encode
_KEY = "instances"
How = Literal["object", "list", "value"]
_LISTS = frozenset({"vector", "list", "series", "json"})  # types whose value may be a list


class _V1:
    """The V1 routes."""

    prefix = "/v1"
    suffix = ":predict"  # the rest of /v1 is spoken as OpenAI speaks it

    def problem(self, problem: Problem) -> tuple[int, object]:
        """Errors as `{"error": "text"}`, the path inside the text; bad input is 400 here."""
        return error_text(problem)

    def asks(self, model: Hosted, first: bool) -> Mapping[str, Ask]:
        """Where predictions are asked for."""
        return {f"/v1/models/{model.name}:predict": _predict}

    def routes(self, service: "Service") -> Sequence[BaseRoute]:
        """What nobody answered. (`GET /v1/models` is in `openai.py`: one reply serves both protocols.)"""

        async def nobody(_: Request) -> Response:
            raise Problem(404, "unknown_model", "there is no model of this name")

        return [Route("/v1/models/{name}:predict", nobody, methods=["POST"])]


part = _V1()


class _Instances(NamedTuple):
    """Instances as checked rows; `hows` say how each was written."""

    rows: Rows
    names: tuple[str, ...]
    hows: list[How]


async def _predict(model: Hosted, asked: Asked) -> Reply:
    model.admit(1)
    decode = model.decoder(_KEY)
    plain = None if decode is None else await model.parse(decode, asked.body)
    if plain is not None:
        model.admit(len(plain[0]), _KEY)
        answered = await model.answer(plain[0], asked)
    else:
        given: _Instances = await model.parse(functools.partial(_read, model), asked.body)
        try:
            answered = await model.answer(given.rows, asked)
        except RowsError as error:
            raise _row_problem(error, given.names, given.hows) from error
    return Reply(_encode({"predictions": answered.rows()}))


def _read(model: Hosted, body: bytes) -> _Instances:
    """The instances of a body that is not of the plain form: it may be right, and if not, it is said what is wrong."""
    content = parse_object(body, model.limits)
    unknown = next((name for name in content if name != _KEY), None)
    if unknown is not None:
        raise wrong("unknown_key", f"the only key is {_KEY!r}", place("", None, unknown) or "body")
    if _KEY not in content:
        raise wrong("missing_key", f"the key {_KEY!r} is missing", _KEY)
    given = content[_KEY]
    if given.__class__ is not list:
        raise wrong("invalid_value", "a list of instances was expected", _KEY)
    model.admit(len(given), _KEY)
    names = model.engine.program.inputs
    single = model.task.input_types[names[0]] if len(names) == 1 else None
    hows = [_how(one, single) for one in given]
    rows = [_mapping(one, how, names, number) for number, (one, how) in enumerate(zip(given, hows, strict=True))]
    try:
        return _Instances(model.check(rows, _KEY), names, hows)
    except RowsError as error:
        raise _row_problem(error, names, hows) from error


def _how(given: Any, single: Type | None) -> How:
    """How an instance is written; `single` is the type of a model's only input."""
    if given.__class__ is dict:
        return "object"
    if given.__class__ is list and (single is None or single.type not in _LISTS):
        return "list"
    return "value"


def _mapping(given: Any, how: How, names: tuple[str, ...], number: int) -> dict[str, Any]:
    if how == "object":
        return dict(given)
    if how == "value":
        if len(names) == 1:
            return {names[0]: given}
        message = "an object, or a list with a value for each input, was expected"
        raise wrong("invalid_value", message, place(_KEY, number))
    if len(given) != len(names):
        message = f"a list of {len(names)} values was expected: {', '.join(names)}"
        raise wrong("invalid_value", message, place(_KEY, number))
    return dict(zip(names, given, strict=True))


def _row_problem(error: RowsError, names: tuple[str, ...], hows: list[How]) -> Problem:
    fault = error.faults[0]
    how, path = hows[fault.row], place(_KEY, fault.row, fault.column)
    if how == "list" and fault.column in names:
        path = f"{_KEY}[{fault.row}][{names.index(fault.column)}]"
    elif how == "value":
        path = f"{_KEY}[{fault.row}]"
    return wrong("invalid_value", reason_of(fault.reason), path)
