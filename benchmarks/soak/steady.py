"""Hours at half of what the machine holds: memory and p99 minute by minute, both flat, and no error.

Open loop: requests go out at their moments, whatever became of the earlier ones. The journal is on, and bounded.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.plan import Plan
from benchmarks.soak.questions import Questions
from benchmarks.soak.serving import Serving

from smeaton.service.load import How, Pace, closed, scheduled

CONNECTIONS, SHARE = 16, 0.5
_FIRST_SECONDS = 20.0  # to find the rate that is held
_MOST_CONNECTIONS = 256
_SETTLING = 0.1  # of the minutes come before memory is judged: caches and arenas fill
MEMORY_GROWTH, P99_TREND, P99_RATIO = 0.05, 0.25, 3.0


@dataclass(frozen=True)
class Minute:
    """One minute: requests, errors by kind, latencies in seconds, proportional memory in bytes at its end."""

    requests: int
    errors: dict[str, int]
    p50: float | None
    p99: float | None
    largest: float | None
    memory: int


def run(plan: Plan, bundles: Bundles) -> Outcome:
    """At scale below 1 minutes are shorter, not fewer."""
    minutes, length = math.ceil(plan.minutes), 60.0 * min(1.0, plan.scale)
    journal = ("--journal", plan.scratch / "journal", "--journal-size", "200MB")
    with Serving(plan.scratch, bundles.model.bundle, *journal) as service:
        questions = Questions(service.target, bundles.model)
        how = How(CONNECTIONS, warmup=1.0, check=questions.wrong)
        held = closed(service.target, questions.requests, how, seconds=max(1.0, _FIRST_SECONDS * min(1.0, plan.scale)))
        rate = held.rate * SHARE
        found = [_minute(service, questions, Pace(rate, length, seed=number)) for number in range(minutes)]
        log = service.log
    trend, ratio = _trend([one.p99 or math.inf for one in found])
    growth, slope = _growth([one.memory for one in found])
    seen: dict[str, Any] = {
        "rate_held": round(held.rate, 1),
        "requests": sum(one.requests for one in found),
        "errors": sum(sum(one.errors.values()) for one in found),
        "memory_growth": growth,
        "memory_slope_per_hour": slope * 3600 / length,
        "p99_trend": trend,
        "p99_max_to_min": ratio,
        "log_lines": len(log.splitlines()),
        "minutes": [asdict(one) for one in found],
    }
    rules = {
        "no error": not seen["errors"] and not held.failed,
        "memory grows by 5 % at most": growth <= MEMORY_GROWTH,
        "the p99 has no trend beyond a quarter of it": abs(trend) <= P99_TREND,
        "no minute's p99 is over three times another's": ratio <= P99_RATIO,
    }
    asked = {"minutes": minutes, "seconds_each": length, "share": SHARE, "rate": round(rate, 1), "journal": True}
    return Outcome("steady", asked, seen, rules)


def _minute(service: Serving, questions: Questions, pace: Pace) -> Minute:
    how = How(_MOST_CONNECTIONS, check=questions.wrong)
    sample = scheduled(service.target, questions.requests, pace, how)
    return Minute(
        requests=sample.requests,
        errors=dict(sample.errors),
        p50=sample.quantile(0.5),
        p99=sample.quantile(0.99),
        largest=sample.quantile(1.0),
        memory=service.memory()["workers"],
    )


def _trend(values: list[float]) -> tuple[float, float]:
    """How much it rises from the first minute to the last, as a share of the median; and the largest to the least."""
    return _slope(values) * (len(values) - 1) / float(np.median(values)), max(values) / min(values)


def _growth(sizes: list[int]) -> tuple[float, float]:
    """Growth from after the settling to the end, as a share, and the slope a minute as a share."""
    kept = [float(size) for size in sizes[min(len(sizes) - 1, math.ceil(len(sizes) * _SETTLING)) :]]
    return max(kept) / kept[0] - 1, _slope(kept) / kept[0]


def _slope(values: list[float]) -> float:
    """The median of the slopes of all pairs (Theil and Sen): single odd minutes do not move it."""
    steps = np.arange(len(values))
    left, right = np.triu_indices(len(values), 1)
    if not len(left):
        return 0.0
    return float(np.median((np.array(values)[right] - np.array(values)[left]) / (steps[right] - steps[left])))
