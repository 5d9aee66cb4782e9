"""What the conformance tables are written with: requests, and checks of replies."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

Check = Callable[[Any, dict[str, str]], bool]  # of the reply's content and headers

ROW: dict[str, tuple[str, Any]] = {
    "age": ("FP64", 41.5),
    "visits": ("INT64", 3),
    "member": ("BOOL", True),
    "plan": ("BYTES", "basic"),
    "opened": ("BYTES", "2026-01-31T12:00:00Z"),
    "note": ("BYTES", "called: twice"),
}
CHURN, SUMS, POINTS, ONE, TICKETS = (
    f"/v2/models/{name}/infer" for name in ("churn", "sums", "points", "one", "tickets")
)
LENGTH = "inference-header-content-length"


class Box(NamedTuple):
    """What is asked, how, and what comes back."""

    about: str
    method: str
    path: str
    body: dict[str, Any] | None
    status: int
    check: Check


def get(about: str, path: str, check: Check) -> Box:
    return Box(about, "GET", path, None, 200, check)


def ok(about: str, path: str, body: dict[str, Any] | None, check: Check) -> Box:
    return Box(about, "POST", path, body, 200, check)


def bad(about: str, path: str, body: dict[str, Any] | None, begins: str, status: int = 400) -> Box:
    return Box(about, "POST", path, body, status, told(begins))


def tensor(name: str, datatype: str, shape: list[Any], data: Any, **parameters: Any) -> dict[str, Any]:
    found = {"name": name, "datatype": datatype, "shape": shape, "data": data}
    return found | {"parameters": parameters} if parameters else found


def churn(rows: int = 1, **changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The tensors of good rows; changes by column."""
    tensors = [tensor(name, datatype, [rows, 1], [value] * rows) for name, (datatype, value) in ROW.items()]
    return [one | changes.get(one["name"], {}) for one in tensors]


def infer(inputs: Any, **more: Any) -> dict[str, Any]:
    return {"inputs": inputs, **more}


def point(shape: list[int], data: Any, datatype: str = "FP32", **parameters: Any) -> dict[str, Any]:
    return infer([tensor("point", datatype, shape, data, **parameters)])


def table(shape: list[int], data: Any, datatype: str = "FP64", name: str = "x", **parameters: Any) -> dict[str, Any]:
    return infer([tensor(name, datatype, shape, data, **parameters)])


def keys(*names: str) -> Check:
    return lambda content, _: set(content) == set(names)


def says(**expected: Any) -> Check:
    return lambda content, _: {name: content.get(name) for name in expected} == expected


def data(*expected: Any, output: int = 0) -> Check:
    return lambda content, _: content["outputs"][output]["data"] == list(expected)


def output(number: int = 0, **expected: Any) -> Check:
    return lambda content, _: expected.items() <= content["outputs"][number].items()


def told(begins: str) -> Check:
    """An error text, short, that begins with the path."""

    def check(content: Any, _: dict[str, str]) -> bool:
        return set(content) == {"error"} and content["error"].startswith(begins) and len(content["error"]) <= 1000

    return check


def both(*checks: Check) -> Check:
    return lambda content, headers: all(check(content, headers) for check in checks)


def binary(*expected: tuple[str, str, list[int]]) -> Check:
    """Binary outputs: name, datatype, shape; the header says how much is JSON."""

    def check(content: Any, headers: dict[str, str]) -> bool:
        found = [(one["name"], one["datatype"], one["shape"]) for one in content["outputs"]]
        sized = all("binary_data_size" in one["parameters"] for one in content["outputs"])
        octets = headers["content-type"] == "application/octet-stream" and int(headers[LENGTH]) > 0
        return found == list(expected) and sized and octets

    return check


def checked(reply: tuple[int, bytes, dict[str, str]], status: int, check: Check) -> None:
    found, body, headers = reply
    content = json.loads(body[: int(headers.get(LENGTH, len(body)))])
    assert found == status, content
    assert check(content, headers), content
