"""Requests to the wires that predict: right ones, nearly right ones, and those that are not right at all."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from benchmarks.soak.bundles import Row
from benchmarks.soak.case import Case
from benchmarks.soak.junk import BYTES, SCALAR, TEXT, VALUE, damaged, with_hole
from benchmarks.soak.wires import WIRES, Body, Shape, body_of
from hypothesis import strategies as st

from smeaton.service.load.target import Target

_MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.isoformat() + "Z")
CHURN = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 1e300, allow_nan=False) | st.integers(0, 2**53),
        "visits": st.integers(-(2**53), 2**53),
        "member": st.booleans(),
        "plan": st.sampled_from(["basic", "pro"]) | TEXT,
        "opened": st.none() | _MOMENT,
        "note": st.none() | TEXT,
    }
)
TICKET = st.fixed_dictionaries({"body": TEXT, "subject": st.none() | TEXT})


class Bodies:
    """Strategies of cases over some models. `rows` are those of the model of the speed benchmark; `key` is sent."""

    def __init__(self, target: Target, shapes: Sequence[Shape], rows: Sequence[Row], key: str) -> None:
        self.target, self.key = target, key
        row = {"model": st.sampled_from(rows), "churn": CHURN, "tickets": TICKET}
        self._asked = st.one_of(
            [st.tuples(st.just(shape), st.lists(row[shape.name], min_size=1, max_size=4)) for shape in shapes]
        )
        self._wire = st.sampled_from(WIRES)

    def case(self, kind: str, body: Body, *, expect: Any = "any", allowed: frozenset[int] = frozenset()) -> Case:
        """A case as bytes."""
        headers = {"Authorization": f"Bearer {self.key}"} | dict(body.headers)
        return Case(kind, self.target.request(body.body, headers, path=body.path), expect, allowed=allowed)

    def right(self) -> st.SearchStrategy[Case]:
        """Must be answered."""
        return st.builds(
            lambda wire, asked: self.case(f"right, {wire}", body_of(wire, *asked), expect="answer"),
            self._wire,
            self._asked,
        )

    def nearly(self) -> st.SearchStrategy[Case]:
        """One thing is wrong, or may be."""

        @st.composite
        def build(draw: st.DrawFn) -> Case:
            wire = draw(st.sampled_from(WIRES[:3]))
            found = body_of(wire, *draw(self._asked))
            body = json.loads(found.body)
            way = draw(_way(body))
            match draw(st.sampled_from(["value", "literal", "drop", "add"])):
                case "value":
                    _reach(body, way)[way[-1]] = draw(SCALAR | VALUE)
                case "drop":
                    del _reach(body, way)[way[-1]]
                case "add":
                    body |= draw(st.dictionaries(TEXT, VALUE, min_size=1, max_size=2))
                case _:
                    content = draw(with_hole(body, way))
                    return self.case(f"nearly, {wire}", found._replace(body=content))
            content = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
            return self.case(f"nearly, {wire}", found._replace(body=content))

        return build()

    def damaged(self) -> st.SearchStrategy[Case]:
        """Right ones with bytes changed: binary tensors among them."""

        @st.composite
        def build(draw: st.DrawFn) -> Case:
            wire = draw(self._wire)
            found = body_of(wire, *draw(self._asked))
            headers = dict(found.headers)
            if headers and draw(st.booleans()):
                lengths = st.integers(0, len(found.body) + 2).map(str) | st.sampled_from(["-1", "1e3", "", "9" * 30])
                headers["Inference-Header-Content-Length"] = draw(lengths)
                return self.case("wrong length, v2 binary", found._replace(headers=headers))
            return self.case(f"damaged, {wire}", found._replace(body=draw(damaged(found.body))))

        return build()

    def garbage(self) -> st.SearchStrategy[Case]:
        """Any JSON, any bytes, as a body."""
        paths = self._wire.flatmap(lambda wire: self._asked.map(lambda asked: body_of(wire, *asked).path))
        content = VALUE.map(lambda value: json.dumps(value).encode()) | BYTES
        return st.builds(lambda path, body: self.case("garbage", Body(path, body)), paths, content)


@st.composite
def _way(draw: st.DrawFn, body: Any) -> list[Any]:
    """The way to some value inside a body."""
    way: list[Any] = []
    while isinstance(body, dict | list) and body and (not way or draw(st.integers(0, 5))):
        key = draw(st.sampled_from(sorted(body))) if isinstance(body, dict) else draw(st.integers(0, len(body) - 1))
        way.append(key)
        body = body[key]
    return way


def _reach(body: Any, way: list[Any]) -> Any:
    """What holds the value at the end of a way."""
    for key in way[:-1]:
        body = body[key]
    return body
