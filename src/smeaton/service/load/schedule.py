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

    Their number is that of the rate, exactly. Given their number, the moments of a Poisson process are independent and
    uniform (Kingman, "Poisson Processes", 1993), so they need not be drawn gap by gap.
    """

    rate: float
    seconds: float
    arrivals: Arrivals = "poisson"
    seed: int = 0

    def moments(self, warmup: float = 0.0) -> Seconds:
        """Moments in seconds from the start, ascending, all before `warmup + seconds`; equal paces give equal moments.

        Raises:
            InputError: the rate or the time is not positive, not even one request falls into the time, or the seed is
                below 0.
        """
        if not (0 < self.rate < float("inf") and 0 < self.seconds < float("inf")):
            raise InputError("a rate and a time above 0 were expected", fix="write them as --rate 500 --seconds 5")
        if self.seed < 0:
            raise InputError(f"the seed {self.seed} is below 0", fix="give a seed of 0 or more")
        before, count = round(self.rate * warmup), round(self.rate * self.seconds)
        if not count:
            raise InputError(
                f"not one request falls into {self.seconds:g} s at {self.rate:g} a second", fix="raise one of them"
            )
        draw = np.random.default_rng(self.seed)
        return np.concatenate([self._part(before, warmup, draw), warmup + self._part(count, self.seconds, draw)])

    def _part(self, count: int, length: float, draw: np.random.Generator) -> Seconds:
        """As many moments within a length."""
        if self.arrivals == "constant":
            return np.arange(count, dtype=np.float64) * (length / max(1, count))
        return np.sort(draw.random(count)) * length
