"""50,000 requests while two bundles of one name take each other's place, by SIGHUP and over the API in turn."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.soak.asking import once
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.outcome import Outcome, spread
from benchmarks.soak.plan import Plan
from benchmarks.soak.questions import Questions, chance
from benchmarks.soak.serving import Serving
from benchmarks.soak.swaps import Check, Place, Swaps, keep_swapping

from smeaton.service.load import How, closed

CONNECTIONS, WORKERS = 16, 2


def run(plan: Plan, bundles: Bundles) -> Outcome:
    """The load in this thread, the swaps in another."""
    wanted, place = plan.count(50_000), Place(_made(plan.scratch), bundles)
    with Serving(plan.scratch, place.live, "--workers", WORKERS) as service:
        questions = Questions(service.target, bundles.model)
        check = Check(questions, list(_answers(plan.scratch, bundles)))
        swaps, over = Swaps(), threading.Event()
        thread = threading.Thread(target=keep_swapping, args=(service, place, (questions, check), swaps, over))
        thread.start()
        try:
            how = How(CONNECTIONS, check=check.wrong)
            sample = closed(service.target, questions.requests, how, count=wanted)
        finally:
            over.set()
            thread.join()
        service.tell(signal.SIGTERM)
        status, _ = service.ended()
    seen: dict[str, Any] = {
        "requests": sample.requests,
        "seconds": round(sample.seconds, 1),
        "failed": dict(sample.errors),
        "answers": dict(check.seen),
        "swaps": dict(swaps.by),
        "seconds_to_swap": spread(swaps.seconds),
        "seconds_between": spread(swaps.gaps),
        "swap_faults": swaps.faults[:5],
        "late_answers": swaps.late,
        "exit_code": status,
    }
    rules = {
        "no request fails, every answer is that of one of the two bundles": not sample.failed,
        "answers of both are seen": min(check.seen["first"], check.seen["other"]) > 0,
        "every swap succeeds, by signal and by API": not swaps.faults and len(swaps.by) == 2,
        "a swap at least once a second": bool(swaps.gaps) and max(swaps.gaps) <= 1.0,
        "once a swap is confirmed, the old bundle answers nothing": swaps.late == 0,
        "exit status 0": status == 0,
    }
    return Outcome("swap", {"requests": wanted, "connections": CONNECTIONS, "workers": WORKERS}, seen, rules)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _answers(folder: Path, bundles: Bundles) -> Iterator[float]:
    """What the other bundle answers when it is served alone."""
    with Serving(folder, bundles.other) as service:
        for request in Questions(service.target, bundles.model).requests:
            found = chance(asyncio.run(once(service.target, request)).body)
            assert found is not None
            yield found
