"""Ticks of logarithmic scales: whole powers of ten, and what lies between them where they are few."""

import math
from collections.abc import Iterable

_FEW = 1.7  # powers of ten up to which 2 and 5 are ticks too
_CLOSE = 0.9  # the same for more ticks between
_MOST = 7


def log_ticks(values: Iterable[float]) -> list[float]:
    """Where a logarithmic axis over these values (above 0) has ticks."""
    known = [value for value in values if value > 0]
    if not known:
        return []
    low, high = math.log10(min(known)), math.log10(max(known))
    powers = range(math.floor(low), math.ceil(high) + 1)
    if high - low <= _FEW:
        steps = (1, 1.5, 2, 3, 5, 7) if high - low <= _CLOSE else (1, 2, 5)
        every = [step * 10.0**power for power in powers for step in steps]
    else:
        apart = math.ceil(len(powers) / _MOST)
        every = [10.0**power for power in powers if power % apart == 0]
    return [tick for tick in every if low - 1e-9 <= math.log10(tick) <= high + 1e-9]
