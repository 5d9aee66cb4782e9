"""`TimeModel`: how long one fit will take, for each family, learnt from the fits that ended.

Seconds follow a power law, `log s = a(family) + p log(fidelity)`. Before anything ran, `a` comes from the family's
`effort` and the size of the table; each finished fit pulls it toward what was seen (a ridge estimate with the guess as
prior), and what one family shows about the machine moves the others a little.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from smeaton.families import Space

#: Seconds per cell (row x column x output) of a family of effort 1, and of every fit whatever its size, on the machine
#: the constants were measured on.
CELL = 4e-7
FIXED = 0.4
PER_EFFORT = 0.1
_REFERENCE = 0.0134  # seconds of `slowness`'s kernel there
_FADE = 0.8  # weight of an observation against the next newer one: the first fits pay for imports
_SHARED = 0.1  # how many fits the guess, moved by what the other families show, is worth


@dataclass(frozen=True, slots=True)
class Size:
    """What the time of a fit grows with: training rows of one fold, feature columns, outputs (classes)."""

    rows: int
    columns: int
    outputs: int = 1
    slowness: float = 1.0

    def guess(self, effort: float) -> float:
        """Seconds of a fit before anything was measured."""
        cells = self.rows * self.columns * self.outputs
        return self.slowness * (FIXED + PER_EFFORT * effort + CELL * effort * cells)

    def of(self, space: Space) -> float:
        """Seconds of a fit of a family before anything was measured."""
        return self.guess(space.effort) if space.seconds is None else self.slowness * space.seconds


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected seconds of a fit, and a bound that about nine in ten stay below."""

    mean: float
    high: float


@dataclass(slots=True)
class TimeModel:
    """Estimates for every family of `spaces`; `learn` from each fit that ended by itself."""

    spaces: Mapping[str, Space]
    size: Size
    _seen: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # (log fidelity, log seconds)

    def learn(self, family: str, fidelity: float, seconds: float) -> None:
        """One finished fit: its fidelity and wall-clock seconds."""
        self._seen.setdefault(family, []).append((math.log(fidelity), math.log(max(seconds, 1e-3))))

    def expect(self, family: str, fidelity: float = 1.0) -> Estimate:
        """How long a fit of the family will take."""
        prior = self._prior(family)
        power = self._power(family)
        offset, weight = self._offset(family, power)
        others = [self._offset(name, self._power(name)) for name in self._seen if name != family]
        total = sum(w for _, w in others)
        shared = sum(o * w for o, w in others) / (total + 1.0) if others else 0.0
        shift = (weight * offset + _SHARED * shared) / (weight + _SHARED)
        mean = math.exp(prior + shift + power * math.log(fidelity))
        return Estimate(mean, mean * math.exp(1.28 * self._spread(family, shift, power)))

    def _prior(self, family: str) -> float:
        """Logarithm of the guess before anything was measured."""
        return math.log(self.size.of(self.spaces[family]) if family in self.spaces else self.size.guess(1.0))

    def _power(self, family: str) -> float:
        """Slope in log fidelity, drawn toward 1 (twice the rows, twice the time)."""
        seen = np.array(self._seen.get(family, []), dtype=np.float64).reshape(-1, 2)
        if len(seen) < 2:
            return 1.0
        x = seen[:, 0] - seen[:, 0].mean()
        y = seen[:, 1] - seen[:, 1].mean()
        return float(np.clip((x @ y + 1.0) / (x @ x + 1.0), 0.3, 2.0))

    def _offset(self, family: str, power: float) -> tuple[float, float]:
        """Mean of log(seen / guessed), and how many fits it rests on; newer fits count more."""
        seen = self._seen.get(family, [])
        if not seen:
            return 0.0, 0.0
        prior = self._prior(family)
        weights = _FADE ** np.arange(len(seen))[::-1]
        errors = np.array([y - power * x - prior for x, y in seen])
        return float(weights @ errors / weights.sum()), float(weights.sum())

    def _spread(self, family: str, shift: float, power: float) -> float:
        """Standard deviation of log seconds, drawn toward 0.5."""
        seen = self._seen.get(family, [])
        prior = self._prior(family)
        squares = sum((y - power * x - prior - shift) ** 2 for x, y in seen)
        return math.sqrt((squares + 2 * 0.25) / (len(seen) + 2))


def slowness() -> float:
    """How slow this machine is now against the one the constants come from: 2 = twice as slow. Takes about 50 ms."""
    values = np.random.default_rng(0).random(200_000)
    best = math.inf
    for _ in range(3):
        begun = time.perf_counter()
        np.sort(values)
        np.bincount((values * 255).astype(np.int64), weights=values, minlength=256)
        best = min(best, time.perf_counter() - begun)
    return float(np.clip(best / _REFERENCE, 0.5, 4.0))
