"""The contract of an executor: where fits run; one file in this folder, bound to the name `part`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fit one candidate on one fold and write the result to `out` (a folder that appears whole or not at all).

    `data` is the folder of the prepared dataset, `pool` the folders of finished trials a blend may read,
    `ledger` the file money is reserved in ('' = none may be spent). A program that is not pure answers the held-out
    rows `repeats` times, each with a seed of its own. With `all_rows` the fold's stop and held-out rows are fitted on
    too (a refit, whose answers score nothing). `cache` is a folder that all builds of one place share ('' = none).
    `asked` is how many of the held-out rows are answered (0 = all).
    """

    id: str
    family: str
    config: dict[str, Any]
    fold: int
    fidelity: float
    seed: int
    seconds: float
    data: str
    out: str
    export: bool = True
    threads: int = 1
    all_rows: bool = False
    ledger: str = ""
    pool: tuple[str, ...] = ()
    repeats: int = 1
    cache: str = ""
    asked: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an executor reports of a job: a step's score, its end, its failure (with a short reason).

    `seconds` count from the start of the job, `at` is the unix time it happened; a job killed while it waited has 0.
    `cause` says of a failure that it was not the candidate's: it ran out of `memory`, or the build's own folder can no
    longer be written (`storage`).
    """

    job: str
    kind: Literal["progress", "done", "failed", "killed"]
    step: int = 0
    score: float = 0.0
    seconds: float = 0.0
    at: float = 0.0
    reason: str = ""
    cause: Literal["", "memory", "storage"] = ""


class Executor(Protocol):
    """Runs jobs somewhere. All methods return at once except `wait`."""

    slots: int  #: how many jobs run side by side

    def start(self, folder: Path, log: Callable[[str], None]) -> None:
        """Get ready (start workers); `folder` is for logs and scratch."""
        ...

    def submit(self, job: Job) -> None:
        """Queue a job."""
        ...

    def wait(self, seconds: float) -> list[Event]:
        """Events since the last call; waits at most `seconds` for the first."""
        ...

    def kill(self, job: str) -> None:
        """End a job now, with its worker; reported as `killed`."""
        ...

    def close(self) -> None:
        """End all workers. No process is left behind."""
        ...
