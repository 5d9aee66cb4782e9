"""The highest rate that is held within a limit: doubled until the limit breaks, halved in between, then confirmed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

from smeaton.service.load.sample import GIVEN_UP, Sample, quantile

Measure = Callable[[float, float], Sample]  # (requests a second, seconds)
Cause = Literal["", "errors", "generator", "late", "behind"]

STEP_SECONDS = 3.0  #: of one step, at least
_STEP_REQUESTS = 100  # of one step, at least, where the time allows it
_CLOSE = 1.05  # how near the broken rate lies above the held one in the end
_REACHED = 0.98  # of the asked rate
_BACK = 0.93  # how far to go back if the found rate is not confirmed
_TRIES = 3  # to confirm
_LATE = 0.2  # of the limit: a generator this late cannot judge a service by it
_BUSY = 0.9  # of a core: a generator this busy is the bottleneck itself


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried. `cause` says what broke the limit, empty if it was held."""

    rate: float
    sample: Sample
    cause: Cause
    confirming: bool = False


def judge(sample: Sample, limit: float) -> Cause:
    """What broke: an answer that was wrong, the p99 over the limit (seconds), or requests that pile up: fewer than 98 %
    of those asked for were answered, beyond what a service within its limit may have on its way (Little's law). Where
    the generator was late or busy itself, the service is not blamed.
    """
    if sample.failed > sample.errors.get(GIVEN_UP, 0):
        return "errors"
    p99 = sample.quantile(0.99)
    asked = sample.asked or 0.0
    missing = (asked - sample.rate) * sample.seconds
    behind = missing > max((1 - _REACHED) * asked * sample.seconds, asked * limit + 1)
    late = p99 is None or p99 > limit
    if not (behind or late or sample.gave_up):
        return ""
    if not kept_schedule(sample, limit):
        return "generator"
    return "behind" if behind or sample.gave_up else "late"


def kept_schedule(sample: Sample, limit: float) -> bool:
    """Whether the generator turned to its requests at their moments, and had CPU left."""
    return (quantile(sample.lateness, 0.99) or 0.0) <= _LATE * limit and sample.cpu <= _BUSY * sample.seconds


@dataclass(slots=True)
class Search:
    """The steps so far; whoever is interrupted finds them here. `limit` is the p99 allowed, `seconds` the whole
    time."""

    measure: Measure
    limit: float
    seconds: float
    listen: Callable[[Step], None] = lambda step: None
    clock: Callable[[], float] = time.monotonic
    steps: list[Step] = field(default_factory=list)
    ended: Literal["found", "time", "interrupted"] = "interrupted"

    @property
    def held(self) -> Step | None:
        """The step that the claim rests on: the last one confirmed, else the highest one held below all that broke."""
        confirmed = [step for step in self.steps if step.confirming and not step.cause]
        if confirmed:
            return confirmed[-1]
        broken = self.broken
        held = [step for step in self._believed() if not step.cause and (broken is None or step.rate < broken.rate)]
        return max(held, key=lambda step: step.rate, default=None)

    @property
    def broken(self) -> Step | None:
        """The lowest step that broke the limit."""
        return min((step for step in self._believed() if step.cause), key=lambda step: step.rate, default=None)

    def _believed(self) -> list[Step]:
        """The last try of each rate."""
        return list({step.rate: step for step in self.steps}.values())

    def run(self, start: float) -> None:
        """Search upwards from a rate, or downwards if that is not held. The first break is believed when it is seen
        twice: it would cap all that follows, and may have been a disturbance of the machine."""
        begun = self.clock()
        longest = max(STEP_SECONDS, self.seconds / 5)  # also the time kept for confirming
        rate = start
        found = doubted = False
        while not found and rate * longest >= 1:
            length = min(max(STEP_SECONDS, _STEP_REQUESTS / rate), longest)
            if self.steps and self.clock() - begun + length + longest > self.seconds:
                break
            self._take(rate, length)
            held, broken = self.held, self.broken
            if broken is not None and not doubted:
                doubted = True
            elif broken is None:
                rate = _round(rate * 2)
            elif held is None:
                rate = _round(rate / 2)
            else:
                found = broken.rate <= held.rate * _CLOSE
                rate = _round(sqrt(held.rate * broken.rate))
                found = found or rate in (held.rate, broken.rate)
        self._confirm(longest)
        self.ended = "found" if found else "time"

    def once(self, rate: float) -> None:
        """Try one rate only."""
        self._take(rate, max(STEP_SECONDS, self.seconds / 5), confirming=True)
        self.ended = "found"

    def _confirm(self, seconds: float) -> None:
        """Try what was found once more, for longer; if it does not hold, a little less."""
        held = self.held
        if held is None:
            return
        rate = held.rate
        for _ in range(_TRIES):
            self._take(rate, seconds, confirming=True)
            if not self.steps[-1].cause:
                return
            rate = _round(rate * _BACK)

    def _take(self, rate: float, seconds: float, *, confirming: bool = False) -> None:
        sample = self.measure(rate, seconds)
        step = Step(rate, sample, judge(sample, self.limit), confirming)
        self.steps.append(step)
        self.listen(step)


def _round(rate: float) -> float:
    """Three digits: nobody needs more, and 5 % does not."""
    return float(f"{rate:.3g}")
