"""SIGTERM under load: whoever was let in gets a whole, right answer; then nothing is left.

A request counts as accepted once its connection stands: only a refused connection is no failure.
"""

import asyncio
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import uvloop
from benchmarks.soak.asking import Caller
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.outcome import Outcome, spread
from benchmarks.soak.plan import Plan
from benchmarks.soak.questions import Questions
from benchmarks.soak.serving import Serving

CONNECTIONS = 64
_LEAST, _MOST = 0.3, 1.0  # seconds of load before the signal


@dataclass
class _Round:
    """What the callers of one round saw."""

    asked_to_end: float | None = None
    before: int = 0
    after: int = 0
    failed: Counter[str] = field(default_factory=Counter)


def run(plan: Plan, bundles: Bundles) -> Outcome:
    """20 rounds, with one worker and two in turn."""
    rounds, draw = plan.count(20), random.Random(4)
    seen: dict[str, Any] = {"answered_before": 0, "answered_after": 0}
    failed: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    left: list[str] = []
    ends = []
    for number in range(rounds):
        with Serving(plan.scratch, bundles.model.bundle, "--workers", 1 + number % 2) as service:
            service.processes()
            found = _load(service, Questions(service.target, bundles.model), draw.uniform(_LEAST, _MOST))
            status, outlived = service.ended()
            assert found.asked_to_end is not None
            ends.append(time.monotonic() - found.asked_to_end)
            codes[str(status)] += 1
            left += outlived
            failed += found.failed
            seen["answered_before"] += found.before
            seen["answered_after"] += found.after
    return Outcome(
        "sigterm",
        {"rounds": rounds, "connections": CONNECTIONS, "workers": [1, 2]},
        seen | {"failed": dict(failed), "exit_codes": dict(codes), "left": left, "seconds_to_end": spread(ends)},
        {
            "no accepted request fails": not failed,
            "requests were in flight at the signal": seen["answered_after"] >= rounds,
            "exit status 0": codes == {"0": rounds},
            "no process is left": not left,
        },
    )


def _load(service: Serving, questions: Questions, seconds: float) -> _Round:
    found = _Round()

    async def work() -> None:
        numbers = count()
        callers = [asyncio.create_task(_ask(service, questions, numbers, found)) for _ in range(CONNECTIONS)]
        await asyncio.sleep(seconds)
        found.asked_to_end = time.monotonic()
        service.tell(signal.SIGTERM)
        await asyncio.gather(*callers)

    uvloop.run(work())
    return found


async def _ask(service: Serving, questions: Questions, numbers: "count[int]", found: _Round) -> None:
    """Ask until connections are refused."""
    caller = Caller(service.target)
    while True:
        number = next(numbers)
        answer = await caller.ask(questions.requests[number % len(questions)])
        if answer.refused and found.asked_to_end is not None:
            return
        wrong = answer.reason or questions.wrong(number, answer.status, answer.body)
        if wrong is not None:
            found.failed[wrong] += 1
        elif found.asked_to_end is None:
            found.before += 1
        else:
            found.after += 1
