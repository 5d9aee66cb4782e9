"""`kill -9` of the whole service under load, again and again, with one journal: it opens every time, loses at most the
last second, and invents nothing.

Each request has an id and a number of its own, so what is found can be laid beside what was asked and answered.
"""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from benchmarks.soak.asking import Caller
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.ledger import Found, Ledger, compare
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.plan import Plan
from benchmarks.soak.questions import PATH, chance
from benchmarks.soak.serving import Serving

from smeaton.errors import SmeatonError
from smeaton.journal import Reader

CONNECTIONS, WORKERS, LOST_AT_MOST = 16, 2, 1.0
_LEAST, _MOST = 1.2, 2.4  # seconds of load before the kill
_EARLIER = 5.0  # seconds: entries this long before a life began are not looked at again until the end


def run(plan: Plan, bundles: Bundles) -> Outcome:
    """100 lives of a service, two workers each; then all entries of all lives once more."""
    lives, draw = plan.count(100), random.Random(4)
    folder, ledger = plan.scratch / "journal", Ledger(bundles.rows)
    problems: list[str] = []
    seen: Counter[str] = Counter(lost=0, lost_of_the_last_second=0)
    for _ in range(lives):
        began, first = time.time(), ledger.sent
        with Serving(plan.scratch, bundles.model.bundle, "--workers", WORKERS, "--journal", folder) as service:
            killed = uvloop.run(_live(service, ledger, draw.uniform(_LEAST, _MOST)))
        version = service.said["models"]["model"][:12]
        answered = {number: at for number, (at, _) in ledger.answers.items() if number >= first}
        due = {number for number, at in answered.items() if at < killed - LOST_AT_MOST}
        ledger.due |= due
        found = _read(folder, problems, (ledger, version), began - _EARLIER, first)
        seen.update(found.faults)
        seen["lost"] += len(due - found.numbers)
        seen["lost_of_the_last_second"] += len(answered.keys() - due - found.numbers)
    end = _read(folder, problems, (ledger, version), None, 0)
    at_the_end = {"lost": len(ledger.due - end.numbers)} | end.faults
    return _outcome(lives, ledger, dict(seen) | {"at_the_end": at_the_end, "could_not_open": problems[:5]}, folder)


def _outcome(lives: int, ledger: Ledger, counts: dict[str, Any], folder: Path) -> Outcome:
    end = counts["at_the_end"]
    seen = counts | {
        "requests": ledger.sent,
        "answered": len(ledger.answers),
        "answered_over_a_second_before_a_kill": len(ledger.due),
        "wrong_answers": dict(ledger.faults),
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
    }
    rules = {
        "the journal opens every time": not counts["could_not_open"],
        "what was answered over a second before the kill is there": not counts["lost"] + end["lost"],
        "nothing is there that was not asked, or twice": not any(
            found[fault] for found in (counts, end) for fault in ("invented", "twice")
        ),
        "rows and answers are those asked and answered": not counts["changed"] + end["changed"],
        "there was something to lose": len(ledger.due) >= 100 * lives,
        "every reply is right": not ledger.faults,
    }
    return Outcome("journal", {"kills": lives, "connections": CONNECTIONS, "workers": WORKERS}, seen, rules)


async def _live(service: Serving, ledger: Ledger, seconds: float) -> float:
    """Ask for some seconds, kill all of it, let the callers notice; the moment of the kill."""
    service.processes()
    over = asyncio.Event()
    callers = [asyncio.create_task(_ask(service, ledger, over)) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    over.set()
    killed = service.kill()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*callers), 5.0)
    return killed


async def _ask(service: Serving, ledger: Ledger, over: asyncio.Event) -> None:
    caller = Caller(service.target)
    while not over.is_set():
        number = ledger.next()
        body = msgspec.json.encode({"rows": [ledger.row(number)]})
        answer = await caller.ask(service.target.request(body, {"X-Request-Id": str(number)}, path=PATH))
        found = chance(answer.body) if answer.status == 200 else None
        if found is not None:
            ledger.answers[number] = (time.time(), found)
        elif not over.is_set():
            ledger.faults[answer.reason or f"status {answer.status}"] += 1


def _read(folder: Path, problems: list[str], asked: tuple[Ledger, str], since: float | None, first: int) -> Found:
    """What the journal holds from a moment and a number on; what keeps it from being read is noted."""
    ledger, version = asked
    try:
        reader = Reader(folder)
        found = compare(reader.predictions(since=since), ledger, version, first)
        damaged = reader.summary().damaged
    except (SmeatonError, OSError, ValueError) as error:
        problems.append(f"{type(error).__name__}: {error}")
        return Found()
    problems += reader.problems
    if damaged:
        problems.append(f"{damaged} segments are damaged")
    return found
