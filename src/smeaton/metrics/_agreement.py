"""How far a judge agrees with people, and a share of good answers corrected for its errors.

The corrected share is that of Rogan and Gladen 1978: (p + specificity - 1) / (sensitivity + specificity - 1) for a
share p of answers that the judge calls good, cut to 0 and 1. Its variance has a part from the answers judged, which the
bootstrap of every metric brings, and one from the labelled answers, by the delta method with a good and a bad answer
added to each side, so that few labelled answers without an error are no certainty (Lang and Reiczigel 2014).
"""

import math
from dataclasses import dataclass

import msgspec

Z = 1.959963984540054  # normal quantile of a two-sided 95 %
Bounds = tuple[float, float]


class Agreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A judge against people, on the answers that people labelled.

    `good_good` counts answers that both call good, `good_bad` those that people call good and the judge bad, and so on.
    `unread` of them are answers that the judge gave no verdict on: they count as called bad. `failed` labelled answers
    were not shown to it, because they fail a check.
    """

    judge: str
    good_good: int
    good_bad: int
    bad_bad: int
    bad_good: int
    unread: int = 0
    failed: int = 0

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """As `Judge.agreed` has them."""
        return self.good_good, self.good_bad, self.bad_bad, self.bad_good

    @property
    def rows(self) -> int:
        """Labelled answers it was shown."""
        return sum(self.counts)

    @property
    def accuracy(self) -> float:
        """Share of the answers on which both agree, NaN without any."""
        return (self.good_good + self.bad_bad) / self.rows if self.rows else math.nan

    @property
    def sensitivity(self) -> float:
        """Of the answers people call good, the share it calls good; NaN without any."""
        return _share(self.good_good, self.good_bad)

    @property
    def specificity(self) -> float:
        """Of the answers people call bad, the share it calls bad; NaN without any."""
        return _share(self.bad_bad, self.bad_good)

    @property
    def kappa(self) -> float:
        """Cohen's kappa (1960); NaN where both call every answer the same."""
        expected = _expected(self.counts)
        return (self.accuracy - expected) / (1 - expected) if expected < 1 else math.nan

    @property
    def kappa_interval(self) -> Bounds:
        """95 % by the large-sample variance of Fleiss, Cohen and Everitt 1969; NaN where people or the judge call every
        answer the same: there is no spread to judge by."""
        one_sided = 0 in (self.good_good + self.good_bad, self.bad_bad + self.bad_good) or 0 in (
            self.good_good + self.bad_good, self.bad_bad + self.good_bad
        )  # fmt: skip
        spread = math.nan if one_sided else Z * math.sqrt(_kappa_variance(self))
        if math.isnan(spread):
            return math.nan, math.nan
        return max(-1.0, self.kappa - spread), min(1.0, self.kappa + spread)


@dataclass(frozen=True, slots=True)
class Correction:
    """What turns a share of answers called good into one of good answers. The variances are those of the two rates."""

    sensitivity: float
    specificity: float
    sensitivity_variance: float
    specificity_variance: float

    @property
    def reach(self) -> float:
        """Sensitivity + specificity - 1: 1 of a perfect judge, 0 of one that guesses (Youden 1950)."""
        return self.sensitivity + self.specificity - 1

    def spread(self, share: float) -> float:
        """Standard error of a corrected share that comes from the labelled answers."""
        variance = share**2 * self.sensitivity_variance + (1 - share) ** 2 * self.specificity_variance
        return math.sqrt(variance) / self.reach


def correction(counts: tuple[int, int, int, int] | None) -> Correction | None:
    """The correction that agreement with people allows; None where there is none, or where it may be no better than a
    guess: the lower end of its reach's 95 % interval is not above 0."""
    if counts is None:
        return None
    good_good, good_bad, bad_bad, bad_good = counts
    if not good_good + good_bad or not bad_bad + bad_good:
        return None
    found = Correction(
        _share(good_good, good_bad), _share(bad_bad, bad_good), _variance(good_good, good_bad),
        _variance(bad_bad, bad_good),
    )  # fmt: skip
    error = Z * math.sqrt(found.sensitivity_variance + found.specificity_variance)
    return found if found.reach > error else None


def wilson(hits: int, rows: int) -> Bounds:
    """The 95 % interval of a share seen among so many rows (Wilson 1927); 0 to 1 without any."""
    if not rows:
        return 0.0, 1.0
    share, square = hits / rows, Z * Z
    middle = share + square / (2 * rows)
    spread = Z * math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows))
    return max(0.0, (middle - spread) / (1 + square / rows)), min(1.0, (middle + spread) / (1 + square / rows))


def _share(hits: int, misses: int) -> float:
    return hits / (hits + misses) if hits + misses else math.nan


def _variance(hits: int, misses: int) -> float:
    rows = hits + misses + 2
    share = (hits + 1) / rows
    return share * (1 - share) / rows


def _expected(counts: tuple[int, int, int, int]) -> float:
    """Agreement by chance: both draw from their own shares."""
    good_good, good_bad, _, bad_good = counts
    rows = sum(counts)
    if not rows:
        return 1.0
    people, judge = (good_good + good_bad) / rows, (good_good + bad_good) / rows
    return people * judge + (1 - people) * (1 - judge)


def _kappa_variance(found: Agreement) -> float:
    rows, kappa, expected = found.rows, found.kappa, _expected(found.counts)
    good_good, good_bad, bad_bad, bad_good = (count / rows for count in found.counts)
    people, judge = good_good + good_bad, good_good + bad_good
    agreed = good_good * (1 - (people + judge) * (1 - kappa)) ** 2
    agreed += bad_bad * (1 - (2 - people - judge) * (1 - kappa)) ** 2
    apart = good_bad * (judge + 1 - people) ** 2 + bad_good * (1 - judge + people) ** 2
    total = agreed + (1 - kappa) ** 2 * apart - (kappa - expected * (1 - kappa)) ** 2
    return max(0.0, total) / (rows * (1 - expected) ** 2)
