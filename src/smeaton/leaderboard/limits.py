"""What a solution breaks, in words: limits on what it costs, bars on how good it is."""

from collections.abc import Mapping

from smeaton.task.task import Bar, Limits
from smeaton.task.units import show_bytes, show_dollars, show_number, show_seconds
from smeaton.trials.record import Cost, Interval


def broken(limits: Limits, cost: Cost | None) -> tuple[str, ...]:
    """The limits a measured program breaks; what is unknown cannot be promised. An unmeasured one breaks none yet."""
    if cost is None:
        return ()
    found = []
    for name, value, limit, show in (
        ("p95", cost.p95, limits.p95, show_seconds),
        ("cost per 1,000 calls", cost.cost_per_1k, limits.cost_per_1k, show_dollars),
        ("size", cost.size, limits.size, show_bytes),
        ("memory", cost.memory, limits.memory, show_bytes),
    ):
        if limit is None:
            continue
        if value is None:
            found.append(f"{name} is unknown, the limit is {show(limit)}")
        elif value > limit:
            found.append(f"{name} is {show(value)}, the limit is {show(limit)}")
    return tuple(found)


def missed(bars: Mapping[str, Bar], judged: Mapping[str, Interval], where: str = "validation") -> tuple[str, ...]:
    """The bars not held at the pessimistic end of the interval: the lower for `>=`, the upper for `<=`."""
    found = []
    for name, bar in bars.items():
        score = judged.get(name)
        if score is None:
            found.append(f"{name} was not judged on {where}, the bar is {bar.op} {bar.value:g}")
            continue
        end = score.low if bar.op == ">=" else score.high
        holds = end >= bar.value if bar.op == ">=" else end <= bar.value
        if not holds:
            side = "low" if bar.op == ">=" else "high"
            said = f"{name} on {where} is {show_number(score.value, 4)}, its {side} end {show_number(end, 4)}"
            found.append(f"{said} misses the bar {bar.op} {bar.value:g}")
    return tuple(found)
