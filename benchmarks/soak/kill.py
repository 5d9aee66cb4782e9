"""A worker that is killed or stands still: how soon the service says so, and how soon it is whole again."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from typing import Any

import uvloop
from benchmarks.soak.asking import once
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.outcome import Outcome, spread
from benchmarks.soak.plan import Plan
from benchmarks.soak.questions import Questions
from benchmarks.soak.serving import Serving

HOW = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}
_POLL = 0.02  # seconds from one look at the readiness to the next
_LONGEST = 15.0  # seconds until a round is given up
_REST = 2.5  # seconds between rounds: a worker that fails again sooner is started again after a pause
UNREADY_WITHIN, RECOVERED_WITHIN = 1.0, 3.0


@dataclass(frozen=True)
class Round:
    """Seconds from the blow until it is not ready, and until it is ready and answers right; None: never."""

    unready: float | None
    recovered: float | None


def run(plan: Plan, bundles: Bundles) -> Outcome:
    """20 times each, with one worker and with two."""
    rounds = plan.count(20)
    seen: dict[str, Any] = {}
    rules: dict[str, bool] = {}
    for workers in (1, 2):
        for how, number in HOW.items():
            name = f"{how}, {workers} worker{'s'[: workers - 1]}"
            with Serving(plan.scratch, bundles.model.bundle, "--workers", workers) as service:
                found = [_strike(service, bundles, number) for _ in range(rounds)]
                service.tell(signal.SIGTERM)
                status, left = service.ended()
            seen[name] = {
                "unready": spread([one.unready for one in found if one.unready is not None]),
                "recovered": spread([one.recovered for one in found if one.recovered is not None]),
                "exit_code": status,
                "left": left,
            }
            rules |= {
                f"{name}: ready is false within 1 s": all(_within(one.unready, UNREADY_WITHIN) for one in found),
                f"{name}: recovered within 3 s": all(_within(one.recovered, RECOVERED_WITHIN) for one in found),
                f"{name}: it ends with 0 and nothing is left": status == 0 and not left,
            }
    return Outcome("kill", {"rounds": rounds, "workers": [1, 2], "how": list(HOW)}, seen, rules)


def _within(seconds: float | None, most: float) -> bool:
    return seconds is not None and seconds <= most


def _strike(service: Serving, bundles: Bundles, number: signal.Signals) -> Round:
    """Hit one worker, and look until the service is whole again."""
    victim = min(worker.pid for worker in service.workers())
    questions = Questions(service.target, bundles.model)
    found = uvloop.run(_Watch(service, questions).run(victim, number))
    time.sleep(_REST)
    return found


class _Watch:
    """Looks at /health/ready over fresh connections, whether or not earlier looks were answered; and asks for
    predictions once it was not ready."""

    def __init__(self, service: Serving, questions: Questions) -> None:
        self._target, self._questions = service.target, questions
        self._looks: set[asyncio.Task[None]] = set()
        self._unready: float | None = None
        self._recovered: float | None = None

    async def run(self, victim: int, number: signal.Signals) -> Round:
        """Strike, then look."""
        self._struck = time.monotonic()
        os.kill(victim, number)
        while self._recovered is None and time.monotonic() - self._struck < _LONGEST:
            task = asyncio.create_task(self._look())
            self._looks.add(task)
            task.add_done_callback(self._looks.discard)
            await asyncio.sleep(_POLL)
        for task in self._looks:
            task.cancel()
        await asyncio.gather(*self._looks, return_exceptions=True)
        return Round(self._unready, self._recovered)

    async def _look(self) -> None:
        was_unready = self._unready is not None
        answer = await once(self._target, self._target.request(path="/health/ready", method="GET"), _LONGEST)
        if answer.status != 200:
            if self._unready is None:
                self._unready = time.monotonic() - self._struck
        elif was_unready and self._recovered is None:
            request = self._questions.requests[0]
            answer = await once(self._target, request, _LONGEST)
            right = not answer.reason and self._questions.wrong(0, answer.status, answer.body) is None
            if right and self._recovered is None:
                self._recovered = time.monotonic() - self._struck
