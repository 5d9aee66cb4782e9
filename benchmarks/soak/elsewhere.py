"""Requests to all other paths, and with odd headers."""

import json
from typing import Any

from benchmarks.soak.bodies import Bodies
from benchmarks.soak.bundles import EVERY_TYPE
from benchmarks.soak.case import SECRET, Case
from benchmarks.soak.junk import TEXT, VALUE
from benchmarks.soak.wires import Body
from hypothesis import strategies as st

_LATE = frozenset({504})  #: right where the caller left no time
_GOOD = json.dumps({"rows": [EVERY_TYPE]}).encode()
_TO_READ = (
    "/", "/docs", "/models", "/metrics", "/openapi.json", "/health/live", "/health/ready", "/v1/models",
    "/v1/models/churn", "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models", "/v2/models/churn",
    "/v2/models/model/ready",
)  # fmt: skip
_TO_WRITE = (
    "/predict", "/feedback", "/models/tickets/learn", "/models/churn/learn", "/models/nobody/reload",
    "/v2/repository/index", "/v2/repository/models/nobody/load", "/v2/repository/models/nobody/unload",
)  # fmt: skip
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_PARTS = st.text("abc/%.:?&=@;,-_~09", max_size=12) | st.sampled_from(
    ["..", "%2e%2e", "%00", "%ff", "a" * 3000, "models"]
)
_PATH = st.lists(_PARTS, max_size=5).map(lambda parts: "/" + "/".join(parts))
_LEARN = st.fixed_dictionaries({"text": TEXT, "answer": st.sampled_from(["billing", "bug", "how-to"])})
_TRUTH = st.fixed_dictionaries({"id": st.text("abc123-", min_size=1, max_size=20), "row": st.just(0), "truth": VALUE})
#: Header, its values, and what they may lead to.
_HEADERS: dict[str, tuple[list[str], str]] = {
    "X-Request-Timeout": (["0.000001", "-1", "nan", "inf", "1e400", "", SECRET], "any"),
    "X-Request-Id": (["", "x" * 65, "a b", "\xe9", "a\tb"], "answer"),
    "traceparent": (["", "00", "ff-" + "0" * 32 + "-x", "00-" + "a" * 32 + "-" + "b" * 16 + "-01", SECRET], "answer"),
    "tracestate": (["", "a=b," * 200, "=" * 50, SECRET], "answer"),
    "Content-Type": (["", "text/plain", "application/x-www-form-urlencoded", "a" * 500, SECRET], "answer"),
    "Content-Encoding": (["gzip", "br", SECRET], "any"),
    "Accept": (["", "image/png", "application/json;q=9", SECRET], "answer"),
    "Origin": (["http://example.com", "null", "", SECRET], "any"),
    "Host": (["example.com", "", "127.0.0.1:99999", "[::1", SECRET], "any"),
    "Authorization": (["Bearer", "Basic eA==", f"Bearer {SECRET}", "", "Bearer " + "x" * 5000], "refusal"),
    "X-Api-Key": ([SECRET], "any"),
    "Cookie": ([SECRET * 100], "answer"),
    "Inference-Header-Content-Length": (["0", "5", "-1", "x"], "any"),
    "X-Big": (["y" * 33_000], "refusal"),
}


def elsewhere(bodies: Bodies) -> st.SearchStrategy[Case]:
    """Every other path, with any method and body; paths that do not exist."""

    @st.composite
    def build(draw: st.DrawFn) -> Case:
        path = draw(st.sampled_from(_TO_READ) | st.sampled_from(_TO_WRITE) | _PATH)
        method = draw(st.sampled_from(_METHODS))
        body = b"" if draw(st.booleans()) else json.dumps(draw(VALUE)).encode()
        headers = {"Authorization": f"Bearer {bodies.key}"}
        request = bodies.target.request(body, headers, path=path, method=method)
        return Case("other paths", request, raw=method == "HEAD")  # its answer has a length and no body

    return build()


def reading(bodies: Bodies) -> st.SearchStrategy[Case]:
    """What is there to be read."""
    headers = {"Authorization": f"Bearer {bodies.key}"}
    return st.sampled_from(_TO_READ).map(
        lambda path: Case("read", bodies.target.request(b"", headers, path=path, method="GET"), "answer")
    )


def records(bodies: Bodies) -> st.SearchStrategy[Case]:
    """Feedback and learning: right, and nearly. What is learned is kept, so little of it is right."""

    def case(kind: str, path: str, items: Any, expect: str) -> Case:
        return bodies.case(kind, Body(path, json.dumps({"items": items}).encode()), expect=expect)

    feedback = st.lists(_TRUTH, min_size=1, max_size=3)
    learn = st.lists(_LEARN, min_size=1, max_size=1)
    odd = st.lists(st.dictionaries(st.sampled_from(["id", "row", "truth", "at", "text", "answer"]), VALUE), max_size=3)
    return st.one_of(
        feedback.map(lambda items: case("feedback", "/feedback", items, "any")),
        odd.map(lambda items: case("feedback, nearly", "/feedback", items, "any")),
        odd.map(lambda items: case("learn, nearly", "/models/tickets/learn", items, "any")),
        st.tuples(learn, st.integers(0, 9)).map(
            lambda drawn: (
                case("learn", "/models/tickets/learn", drawn[0], "answer")
                if drawn[1] == 0
                else case("learn, nearly", "/models/churn/learn", drawn[0], "refusal")
            )
        ),
    )


def headers(bodies: Bodies) -> st.SearchStrategy[Case]:
    """A right request with one odd header."""

    def build(name: str) -> st.SearchStrategy[Case]:
        values, expect = _HEADERS[name]

        def case(value: str) -> Case:
            given = {"Authorization": f"Bearer {bodies.key}"} | {name: value}
            request = bodies.target.request(_GOOD, given, path="/models/churn/predict")
            return Case(f"header {name}", request, expect, allowed=_LATE)  # type: ignore[arg-type]

        return st.sampled_from(values).map(case)

    return st.sampled_from(sorted(_HEADERS)).flatmap(build)


def large(bodies: Bodies) -> st.SearchStrategy[Case]:
    """Beyond the limits: a body, a text, rows, levels."""
    churn = "/models/churn/predict"
    made = {
        "a body of 17 MB": b'{"rows": [{"note": "' + b"y" * 17_000_000 + b'"}]}',
        "a text of 2 MB": _GOOD.replace(b"called: twice", b"y" * 2_000_000),
        "10,001 rows": b'{"rows": [' + b",".join([b"{}"] * 10_001) + b"]}",
        "100,000 levels": b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "15 MB of bad UTF-8": b'{"rows": [{"note": "' + b"\xff" * 15_000_000 + b'"}]}',
    }
    cases = [bodies.case(f"large, {name}", Body(churn, body), expect="refusal") for name, body in made.items()]
    most = json.dumps({"rows": [EVERY_TYPE] * 10_000}).encode()
    cases.append(bodies.case("large, 10,000 rows", Body(churn, most), expect="answer"))
    return st.sampled_from(cases)
