"""What a caller reads when a request is refused: status, message, the path to the bad value. Never the value itself."""

from dataclasses import dataclass

from smeaton.errors import (
    Cancelled,
    DataError,
    DeadlineExceeded,
    InputError,
    OutOfMoney,
    RowsError,
    SmeatonError,
)

MAX_MESSAGE = 600


@dataclass(slots=True)
class Problem(Exception):
    """A refused request. `path` leads to the bad value, such as `rows[3].age`."""

    status: int
    code: str
    message: str
    path: str = ""
    fix: str = ""

    def as_dict(self) -> dict[str, object]:
        """The body: `{"error": {code, message, path, fix}}`, at most about 1 KB."""
        body = {
            "code": self.code,
            "message": self.message[:MAX_MESSAGE],
            "path": self.path[:200],
            "fix": self.fix[:200],
        }
        return {"error": {name: value for name, value in body.items() if value}}


def problem_of(error: Exception, root: str = "rows") -> Problem:
    """Turn an error of ours into what the caller reads; `root` names the list the rows came in."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RowsError):
        first = error.faults[0]
        path = f"{root}[{first.row}]" + (f".{first.column}" if first.column else "")
        more = f" (and {len(error.faults) - 1} more faults)" if len(error.faults) > 1 else ""
        return Problem(422, "invalid_value", first.reason + more, path, error.fix)
    statuses = {
        DeadlineExceeded: (504, "deadline_exceeded"),
        Cancelled: (499, "cancelled"),
        OutOfMoney: (402, "out_of_money"),
        DataError: (422, "invalid_rows"),
        InputError: (400, "invalid_request"),
    }
    for kind, (status, code) in statuses.items():
        if isinstance(error, kind):
            return Problem(status, code, error.message, "", error.fix)
    if isinstance(error, SmeatonError):
        return Problem(500, "failed", error.message, "", error.fix)
    return Problem(500, "fault", "a fault of the service; its log has the details", "", "report it with the request id")
