"""`kill -9` of the whole service under load, again and again, with one journal: it opens every time, loses at most the
last second, and invents nothing.

Each request has an id and a number of its own, so what is found can be laid beside what was asked and answered.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from benchmarks.serving.model import NUMBERS
from benchmarks.soak.asking import Caller
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.plan import Plan
from benchmarks.soak.questions import PATH, TOLERANCE, chance
from benchmarks.soak.serving import Serving

from smeaton.errors import SmeatonError
from smeaton.journal import Prediction, Reader

CONNECTIONS, WORKERS, LOST_AT_MOST = 16, 2, 1.0
_LEAST, _MOST = 1.2, 2.4  # seconds of load before the kill
_EARLIER = 5.0  # seconds: entries this long before a life began are not looked at again until the end


@dataclass
class _Asked:
    """What was sent, and what came back when (unix seconds), by the number of the request."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: dict[int, tuple[float, float]] = field(default_factory=dict)  # (when, probability)
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class _Found:
    """What was wrong with the journal."""

    unopened: list[str] = field(default_factory=list)
    lost: int = 0
    recent: int = 0  # answered less than a second before a kill, and not there: allowed
    invented: int = 0
    twice: int = 0
    changed: int = 0  # a row, an answer or a model other than asked and answered


def run(plan: Plan, bundles: Bundles) -> Outcome:
    """100 lives of a service, two workers each."""
    lives, draw = plan.count(100), random.Random(4)
    folder = plan.scratch / "journal"
    asked, found, due = _Asked(), _Found(), set[int]()
    for _ in range(lives):
        began, before = time.time(), len(asked.rows)
        with Serving(plan.scratch, bundles.model.bundle, "--workers", WORKERS, "--journal", folder) as service:
            killed = uvloop.run(_live(service, bundles.rows, asked, draw.uniform(_LEAST, _MOST)))
        version = service.said["models"]["model"][:12]
        mine = {number: at for number, (at, _) in asked.answers.items() if number >= before}
        old = {number for number, at in mine.items() if at < killed - LOST_AT_MOST}
        due |= old
        there = _read(folder, found, began)
        _compare([one for one in there if _number(one) >= before], asked, version, found)
        numbers = {_number(one) for one in there}
        found.lost += len(old - numbers)
        found.recent += len(mine.keys() - old - numbers)
    every = _read(folder, found, None)
    end = _Found()
    _compare(every, asked, version, end)
    lost_later = len(due - {_number(one) for one in every})
    return _outcome(lives, (asked, due), (found, end, lost_later), _bytes(folder))


def _outcome(lives: int, asked: tuple[_Asked, set[int]], told: tuple[_Found, _Found, int], size: int) -> Outcome:
    (requests, due), (found, end, lost_later) = asked, told
    seen: dict[str, Any] = {
        "requests": len(requests.rows),
        "answered": len(requests.answers),
        "answered_over_a_second_before_a_kill": len(due),
        "could_not_open": found.unopened[:5],
        "lost": found.lost,
        "lost_of_the_last_second": found.recent,
        "invented": found.invented,
        "twice": found.twice,
        "changed": found.changed,
        "at_the_end": {"lost": lost_later, "invented": end.invented, "twice": end.twice, "changed": end.changed},
        "wrong_answers": dict(requests.faults),
        "bytes": size,
    }
    rules = {
        "the journal opens every time": not found.unopened,
        "what was answered over a second before the kill is there": not found.lost and not lost_later,
        "nothing is there that was not asked": not found.invented + found.twice + end.invented + end.twice,
        "rows and answers are those asked and answered": not found.changed + end.changed,
        "there was something to lose": len(due) >= lives,
        "every reply is right": not requests.faults,
    }
    return Outcome("journal", {"kills": lives, "connections": CONNECTIONS, "workers": WORKERS}, seen, rules)


async def _live(service: Serving, rows: list[dict[str, Any]], asked: _Asked, seconds: float) -> float:
    """Ask for some seconds, kill all of it, let the callers notice; the moment of the kill."""
    service.processes()
    over, numbers = asyncio.Event(), count(len(asked.rows))
    callers = [asyncio.create_task(_ask(service, rows, asked, numbers, over)) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    over.set()
    killed = service.kill()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*callers), 5.0)
    return killed


async def _ask(
    service: Serving, rows: list[dict[str, Any]], asked: _Asked, numbers: "count[int]", over: asyncio.Event
) -> None:
    caller = Caller(service.target)
    while not over.is_set():
        number = next(numbers)
        row = asked.rows[number] = rows[number % len(rows)] | {NUMBERS[0]: number / 1000}
        body = msgspec.json.encode({"rows": [row]})
        answer = await caller.ask(service.target.request(body, {"X-Request-Id": str(number)}, path=PATH))
        found = chance(answer.body) if answer.status == 200 else None
        if found is not None:
            asked.answers[number] = (time.time(), found)
        elif not over.is_set():
            asked.faults[answer.reason or f"status {answer.status}"] += 1


def _read(folder: Path, found: _Found, since: float | None) -> list[Prediction]:
    """What the journal holds; a fault is noted."""
    try:
        reader = Reader(folder)
        there = list(reader.predictions(since=None if since is None else since - _EARLIER))
    except (SmeatonError, OSError, ValueError) as error:
        found.unopened.append(f"{type(error).__name__}: {error}")
        return []
    found.unopened += reader.problems
    damaged = reader.summary().damaged
    if damaged:
        found.unopened.append(f"{damaged} segments are damaged")
    return there


def _number(one: Prediction) -> int:
    """The number of the request it belongs to; one that nobody used where it is none of ours."""
    return int(one.id) if one.id.isdigit() else sys.maxsize


def _compare(there: Iterable[Prediction], asked: _Asked, version: str, found: _Found) -> None:
    numbers: set[str] = set()
    for one in there:
        found.twice += one.id in numbers
        numbers.add(one.id)
        row = asked.rows.get(_number(one))
        if row is None or one.row != 0:
            found.invented += 1
            continue
        _, told = asked.answers.get(_number(one), (0.0, one.answer["probability"]["true"]))
        same = abs(one.answer["probability"]["true"] - told) <= TOLERANCE and one.inputs == row
        found.changed += not (same and (one.model, one.bundle, one.wire) == ("model", version, "rest"))


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.iterdir():
        yield path.stat().st_size


def _bytes(folder: Path) -> int:
    """What the journal takes on disk."""
    return sum(_sizes(folder))
