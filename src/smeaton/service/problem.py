"""What a caller reads when a request is refused: status, message, the path to the bad value. Never the value itself."""

from dataclasses import dataclass

from smeaton.errors import Cancelled, DeadlineExceeded, NotKept, OutOfMoney, RowsError

MOST_NAME = 64  # characters of a key that a path may show


@dataclass(slots=True, eq=False)
class Problem(Exception):
    """A refused request. `path` leads to the bad value, such as `rows[3].age`."""

    status: int
    code: str
    message: str
    path: str = ""
    fix: str = ""
    retry: int = 0  #: seconds after which to ask again; 0: it is not said

    def as_dict(self) -> dict[str, object]:
        """The body: `{"error": {code, message, path, fix}}`, under 1,000 bytes."""
        body = {
            "code": self.code,
            "message": plain_text(self.message, 500),
            "path": plain_text(self.path, 200),
            "fix": plain_text(self.fix, 150),
        }
        return {"error": {name: value for name, value in body.items() if value}}


def plain_text(text: str, most: int) -> str:
    """Text of at most `most` bytes that JSON writes as it is: labels and names in it come from anywhere."""
    shown = "".join("'" if c in '"\\' else c if c.isprintable() else " " for c in text[:most])
    return shown.encode(errors="replace")[:most].decode(errors="ignore")


def place(root: str, row: int | None = None, name: str = "") -> str:
    """A path such as `rows[3].age`; a name that is no plain word is left out."""
    path = root if row is None else f"{root}[{row}]"
    if not name or len(name) > MOST_NAME or not name.replace("-", "_").replace(" ", "_").isidentifier():
        return path
    return f"{path}.{name}" if path else name


def reason_of(reason: str) -> str:
    """Why a value was refused, without the value: readers say what they expected, then what they got."""
    return reason.partition(", got ")[0]


def problem_of(error: Exception, root: str = "rows") -> Problem | None:
    """What the caller reads about an error that is about the request; None for a fault of the service.

    `root` names the list the rows came in.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, RowsError):
        first = error.faults[0]
        more = f" (and {len(error.faults) - 1} more faults)" if len(error.faults) > 1 else ""
        return Problem(
            422, "invalid_value", reason_of(first.reason) + more, place(root, first.row, first.column), error.fix
        )
    if isinstance(error, DeadlineExceeded):
        return Problem(504, "deadline_exceeded", "no answer within the time a request may take", "", error.fix)
    if isinstance(error, OutOfMoney):
        return Problem(402, "out_of_money", "the money this service may spend is used up", "", "try again tomorrow")
    if isinstance(error, Cancelled):
        return Problem(499, "cancelled", "the caller went away")
    if isinstance(error, NotKept):
        return Problem(507, "not_kept", "this could not be stored; it was not taken", "", "send it again later", 5)
    return None


def fault() -> Problem:
    """What the caller reads about a fault of the service."""
    return Problem(500, "fault", "a fault of the service; its log has the details", "", "report it with the request id")
