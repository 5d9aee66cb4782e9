"""When requests are due: fixed before the first one is sent, so that no answer can move the next question."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from smeaton.errors import InputError
from smeaton.service.load.sample import Seconds

Arrivals = Literal["constant", "poisson"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to ask (requests a second), for how many seconds, and how evenly: `constant` gaps, or the `poisson`
    arrivals of many callers who know nothing of each other, drawn from `seed`.
    """

    rate: float
    seconds: float
    arrivals: Arrivals = "poisson"
    seed: int = 0

    def moments(self, warmup: float = 0.0) -> Seconds:
        """Moments in seconds from the start, ascending, all before `warmup + seconds`; equal paces give equal moments.

        Raises:
            InputError: the rate or the time is not positive, or not even one request falls into the time.
        """
        length = warmup + self.seconds
        if not (0 < self.rate < float("inf") and 0 < self.seconds < float("inf")):
            raise InputError("a rate and a time above 0 were expected", fix="write them as --rate 500 --seconds 5")
        found = self._constant(length) if self.arrivals == "constant" else self._poisson(length)
        if not len(found) or found[-1] < warmup:
            raise InputError(
                f"not one request falls into {self.seconds:g} s at {self.rate:g} a second", fix="raise one of them"
            )
        return found

    def _constant(self, length: float) -> Seconds:
        found = np.arange(int(self.rate * length) + 2, dtype=np.float64) / self.rate
        return found[found < length]

    def _poisson(self, length: float) -> Seconds:
        """Gaps are exponential; drawn in blocks until the time is full."""
        draw = np.random.default_rng(self.seed)
        block = int(self.rate * length * 1.1) + 16
        found = np.cumsum(draw.exponential(1 / self.rate, block))
        while found[-1] < length:
            found = np.concatenate([found, found[-1] + np.cumsum(draw.exponential(1 / self.rate, block))])
        return found[found < length]
