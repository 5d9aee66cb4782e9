"""Every exception Smeaton raises on purpose.

```
SmeatonError            a fault of ours unless a subclass says otherwise   exit 1
├── InputError          what was given is wrong                            exit 2
│   ├── TaskError       the task file or object
│   ├── DataError       a source, a column, a row
│   │   └── RowsError   some rows; carries each row's path and reason
│   ├── BundleError     a bundle that must not be loaded
│   ├── ProgramError    a program that cannot run as written
│   ├── ExtraMissing    a feature whose packages are not installed
│   └── StorageError    a disk that is full, read-only or gone
├── NotReady            a bundle whose bars or limits were missed          exit 3
├── NoSolution          nothing beats the constant baseline                exit 4
├── Interrupted         the user stopped the work                          exit 5
├── NotKept             something could not be stored durably
├── Unshippable         a fitted candidate that no program can carry: it stands on the board and is never chosen
└── CallError           one call to a running program
    ├── DeadlineExceeded
    ├── Cancelled
    ├── OutOfMoney      the next call would cost more than is left
    └── ProviderError   a language model's server did not answer as it should
```

Each says what was given and what was expected; `fix` says what to do, `where` the file, line, column or row.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PATH = re.compile(r"(?:\[\d+\]|\.[^:.\[\]]+)+(?=: )")


class SmeatonError(Exception):
    """Base of every exception here. `fix` is one imperative sentence, `where` a place such as `tickets.csv:7`."""

    exit_code = 1

    def __init__(self, message: str, *, fix: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f"\n  fix: {self.fix}" if self.fix else "")


class InputError(SmeatonError):
    """What was given is wrong."""

    exit_code = 2


class TaskError(InputError):
    """The task file or object does not follow the grammar."""


class DataError(InputError):
    """A source cannot be read, or its columns do not serve the task."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why one value of one row was refused. `row` counts from 0; `column` is empty when the whole row is meant."""

    row: int
    column: str
    reason: str


class RowsError(DataError):
    """Some rows hold values that do not fit their types. `faults` are ordered by row."""

    def __init__(self, faults: Sequence[RowFault], *, fix: str = "", where: str = "") -> None:
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        path = _PATH.match(first.reason)  # of a part of a value
        inside = path[0] if path and first.column else ""
        name = f"row {first.row}" + (f", column {first.column + inside!r}" if first.column else "")
        super().__init__(f"{name}: {first.reason[len(inside) :].removeprefix(': ')}{more}", fix=fix, where=where)
        self.faults = tuple(faults)


class BundleError(InputError):
    """A bundle that must not be loaded: damaged, altered, unlisted files, or of a future version."""


class ProgramError(InputError):
    """A program that cannot run as written."""


class ExtraMissing(InputError):
    """A feature whose packages are not installed."""


class StorageError(InputError):
    """A disk that is full, a folder that is read-only or gone: the user's machine, not what was given."""


class NotReady(SmeatonError):
    """A bundle whose limits, bars or suspects stand in the way of serving it."""

    exit_code = 3


class NoSolution(SmeatonError):
    """Nothing beats the constant baseline at its interval."""

    exit_code = 4


class Interrupted(SmeatonError):
    """The user stopped the work."""

    exit_code = 5


class Unshippable(SmeatonError):
    """A fitted candidate that no program can carry: it stands on the board and is never chosen."""


class CallError(SmeatonError):
    """One call to a running program failed."""


class DeadlineExceeded(CallError):
    """The call's deadline passed before an answer was ready."""


class Cancelled(CallError):
    """The caller went away."""


class OutOfMoney(CallError):
    """The next paid call would cost more than is left."""


class ProviderError(CallError):
    """A language model's server did not answer as it should.

    `kind`: `unreachable`, `timeout`, `busy` (429, 503, 529: wait and ask again), `failed` (another 5xx), `key` (401,
    403), `refused` (another 4xx: asking again brings the same), `filtered` (the provider's safety filter), `malformed`
    (a reply that is not in the wire's form). `status` is the HTTP status, 0 without one; `wait` the seconds the server
    asked for (Retry-After), None if it did not; `billed` says whether the call may have been charged.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        status: int = 0,
        wait: float | None = None,
        billed: bool = False,
        fix: str = "",
        where: str = "",
    ) -> None:
        super().__init__(message, fix=fix, where=where)
        self.kind = kind
        self.status = status
        self.wait = wait
        self.billed = billed


class NotKept(SmeatonError):
    """Feedback could not be put on the disk."""
