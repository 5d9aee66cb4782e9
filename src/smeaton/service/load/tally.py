"""`Tally`: counts the answers of a run between the start and the end of its measured time."""

import time
from array import array
from collections import Counter

import numpy as np

from smeaton.service.load.sample import How, Sample, Seconds


class Tally:
    """Latencies and errors of the measured requests. The clock is time.monotonic: that of an event loop may count in
    milliseconds."""

    def __init__(self, how: How) -> None:
        self._check = how.check
        self._watch = how.watch
        self._latencies = array("d")
        self._errors: Counter[str] = Counter()
        self._cpu = 0.0
        self._service_cpu: float | None = None
        self._bytes = 0
        self._inside = 0  # right answers that came within the measured time
        self.begun = self.ended = 0.0

    def begin(self, received: int) -> None:
        """The warm-up is over."""
        self._bytes = -received
        self._service_cpu = None if self._watch is None else -self._watch()
        self._cpu = -time.process_time()
        self.begun = time.monotonic()

    def end(self, received: int) -> None:
        """The measured time is over; answers on their way still count as latencies, no longer as rate."""
        if self.ended:
            return
        self.ended = time.monotonic()
        self._cpu += time.process_time()
        self._bytes += received
        if self._watch is not None and self._service_cpu is not None:
            self._service_cpu += self._watch()

    def answered(self, number: int, status: int, body: bytes, latency: float) -> None:
        """A measured request was answered."""
        wrong = None if 200 <= status < 300 else str(status)
        if self._check is not None:
            wrong = self._check(number, status, body)
        if wrong is not None:
            self._errors[wrong] += 1
            return
        self._latencies.append(latency)
        if not self.ended:
            self._inside += 1

    def warm(self, status: int) -> None:
        """A request of the warm-up was answered: it counts for the rate if the measured time has begun, as one that is
        on its way when that ends does not."""
        if self.begun and not self.ended and 200 <= status < 300:
            self._inside += 1

    def failed(self, reason: str, count: int = 1) -> None:
        """Measured requests that got no answer."""
        if count:
            self._errors[reason] += count

    def sample(
        self, asked: float | None = None, lateness: Seconds | None = None, most: int = 0, gave_up: bool = False
    ) -> Sample:
        """What was seen."""
        seconds = self.ended - self.begun
        return Sample(
            latencies=np.array(self._latencies, dtype=np.float64),
            errors=dict(self._errors.most_common()),
            seconds=seconds,
            rate=self._inside / seconds if seconds > 0 else 0.0,
            bytes=self._bytes,
            cpu=self._cpu,
            service_cpu=self._service_cpu,
            asked=asked,
            lateness=np.empty(0) if lateness is None else lateness,
            most=most,
            gave_up=gave_up,
        )
