"""What is found between parts of the rows, as plain data."""

import msgspec


class Shift(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column that is otherwise in one part than in the other.

    `what` is "values" (of those that are there), "missing" or "unseen" (values of the second part that the first has
    not). `distance` lies between 0 and 1: for numbers and moments the largest difference of the two distribution
    functions (Kolmogorov and Smirnov), for others the total variation, for missing and unseen values the difference of
    the shares. `psi` is the population stability index, for values alone. `p` is the chance of so large a difference
    between parts dealt at random; `first` and `second` are shares, for missing and unseen values.
    """

    column: str
    what: str
    distance: float
    p: float
    psi: float = 0.0
    first: float | None = None
    second: float | None = None


class Drift(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How two parts differ. `shifts` are those that stand out where at most 5 % of such findings are expected to be
    chance (Benjamini and Hochberg 1995), the largest first; `tested` is how many were looked at, `slight` how many
    stand out and are too small to matter. `auc` is how well a classifier tells rows of the two parts apart that it was
    not fitted on (0.5: not at all), with its 95 % interval and `p`; `told_by` are the columns that it used most."""

    first: str
    second: str
    rows: tuple[int, int]
    shifts: tuple[Shift, ...] = ()
    tested: int = 0
    slight: int = 0
    auc: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    told_by: tuple[str, ...] = ()
