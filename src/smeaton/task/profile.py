"""The form of a data profile: what is known of each column. Computed in `data/profile.py`; the bundle keeps it."""

import msgspec

#: Skewness from which on a target has a long tail.
SKEWED = 1.5


class ColumnProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input column of the training rows (the sealed test is never looked at).

    `quantiles` are the values at 0, 1, 5, 25, 50, 75, 95, 99, 100 % (timestamps in unix seconds). `values` are the
    commonest categories seen in at least 5 rows with their counts; `rare` counts the rows with other values.
    """

    name: str
    type: str
    missing: int = 0
    distinct: int = 0
    quantiles: tuple[float, ...] = ()
    mean: float = 0.0
    sd: float = 0.0
    values: tuple[tuple[str, int], ...] = ()
    rare: int = 0
    mean_length: float = 0.0


class TargetProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The shape of a target of numbers in the training rows: what says which loss may suit it.

    `count` says that it counts something: whole numbers from 0 up, of more than two values, close together. `low` and
    `high` are its ends, `zeros` the share of rows with 0, `mean` and `sd` its moments. `skew` is the moment
    coefficient of skewness (0: symmetric; Joanes and Gill 1998, their g1), `log_skew` that of log(1 + y), None where
    a value is negative. A long tail to the right is one that the logarithm takes away: `skewed`.
    """

    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    sd: float = 0.0
    zeros: float = 0.0
    skew: float = 0.0
    log_skew: float | None = None
    count: bool = False

    @property
    def skewed(self) -> bool:
        """Whether a long tail goes to the right, and the logarithm of 1 + y has a shorter one."""
        return self.skew > SKEWED and self.log_skew is not None and abs(self.log_skew) < self.skew / 2

    @property
    def dispersion(self) -> float:
        """Variance over mean: 1 for counts of a Poisson distribution, more where they cluster. 0 for a mean of 0."""
        return self.sd**2 / self.mean if self.mean > 0 else 0.0


class Suspect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that may make the score a lie. `accept` is the line to add to the task once it was looked at."""

    kind: str
    columns: tuple[str, ...]
    why: str
    accept: str
    accepted: bool = False


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the training rows. `shares` are the label frequencies in label order (of classes they sum to 1;
    empty for numbers and structures), `target` is the shape of a target of numbers."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    shares: tuple[float, ...] = ()
    target_quantiles: tuple[float, ...] = ()
    target: TargetProfile | None = None
    suspects: tuple[Suspect, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> ColumnProfile:
        return next(column for column in self.columns if column.name == name)
