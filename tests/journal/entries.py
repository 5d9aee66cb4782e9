"""Entries whose every part follows from a number, so that what is read back can be judged."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smeaton.journal import Entry, Journal, Prediction, Reader

MODEL, BUNDLE = "clients", "0123456789ab"
COLUMNS = ("age", "plan", "spend")


def made(number: int, at: float | None = None, count: int = 1, **other: Any) -> Entry:
    return Entry(
        **{
            "at": time.time() if at is None else at,
            "id": f"request-{number}",
            "model": MODEL,
            "bundle": BUNDLE,
            "wire": "rest",
            "caller": "someone",
            "trace": "",
            "seconds": 0.001,
            "rows": [[number, f"plan {number}", number / 8 + row] for row in range(count)],
            "answers": [{"prediction": bool(number % 2), "probability": {"true": 0.25, "false": 0.75}}] * count,
        }
        | other
    )


def opened(folder: Path, masked: tuple[str, ...] = (), **other: Any) -> Journal:
    journal = Journal(folder, **other)
    journal.declare(MODEL, BUNDLE, COLUMNS, masked)
    return journal


def held(folder: Path, **which: Any) -> list[Prediction]:
    reader = Reader(folder)
    found = list(reader.predictions(**which))
    assert reader.problems == []
    return found


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)
