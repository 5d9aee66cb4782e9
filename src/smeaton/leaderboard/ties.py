"""When two solutions are equally good, and which of them is then cheaper. The rule's reasons: decision 0003."""

from collections.abc import Sequence

from smeaton.metrics import Better
from smeaton.trials.record import Cost, Interval

#: A tie may cost at most this share of what the best has won over the constant baseline, and of what it still lacks.
MARGIN = 0.005
#: Less than this factor in speed or size is no difference worth a word.
NOTABLE = 1.25


def margin(best: float, baseline: float | None, perfect: float | None) -> float:
    """The most that a cheaper solution may be worse and still tie, in the metric's unit (>= 0)."""
    distances = [abs(best - other) for other in (baseline, perfect) if other is not None]
    return MARGIN * min(distances, default=0.0)


def is_tie(behind: Interval | None, allowed: float) -> bool:
    """Whether a solution that is `behind` the best (positive = worse, paired) ties with it: its interval includes 0,
    and it is worse by no more than `allowed`."""
    return behind is not None and behind.low <= 0 <= behind.high and behind.value <= allowed


def cheapest(tied: Sequence[tuple[str, float, Cost | None]]) -> str:
    """The key to prefer of (key, score with higher = better, cost), the best score first.

    Among those within a factor of the fastest p95 those within a factor of the smallest, of these the best score. The
    best keeps its place unless that one is notably cheaper. What was not measured cannot win by being cheap.
    """
    best = tied[0]
    if best[2] is None:
        return best[0]
    measured = [(key, score, cost) for key, score, cost in tied if cost is not None]
    fastest = min(cost.p95 for _, _, cost in measured)
    measured = [entry for entry in measured if entry[2].p95 <= NOTABLE * fastest]
    smallest = min(cost.size for _, _, cost in measured)
    measured = [entry for entry in measured if entry[2].size <= NOTABLE * smallest]
    winner = max(measured, key=lambda entry: entry[1])
    return winner[0] if savings(winner[2], best[2]) else best[0]


def savings(cost: Cost | None, other: Cost | None) -> str:
    """How much faster and smaller the first is, such as `3x faster and 40x smaller`; empty where it is neither."""
    if cost is None or other is None:
        return ""
    said = []
    for mine, theirs, word in ((cost.p95, other.p95, "faster"), (cost.size, other.size, "smaller")):
        factor = theirs / mine if mine > 0 else 1.0
        if factor >= NOTABLE:
            said.append(f"{factor:.1f}x {word}" if factor < 9.5 else f"{factor:,.0f}x {word}")
    return " and ".join(said)


def oriented(value: float, better: Better) -> float:
    """A value as higher = better."""
    return value if better == "higher" else -value
