"""A column that is made of targets of later rows: the next value, a mean around the row, what is left to come.

Rows are put in the order of their time, within their group, and the column is written as a sum of the targets before,
at and after the row (by least squares; also its steps, and the steps of the column times the rows left, which undo
running sums and means). What is made of the past alone needs no later target. Suspected is a column that later targets
write to under 5 % of its spread, four times better than all others do, where earlier ones add nothing; or to under
0.1 %, twenty times better, whatever else is in it. Both need the future: a smooth column that only goes along with the
target is written as well from the past as from the future.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.quality.leaks import Case, Finding
from smeaton.quality.leaks._tells import codes_of, plain
from smeaton.task.table import Array

_MOST_LAG = 12
_LEAST_ROWS = 200
_MOST_ROWS = 20_000
_MOST_COLUMNS = 200
#: Moments that repeat more than this show that the rows are several series.
_REPEATED = 0.7
_LEAST_LENGTH = 8
_MOST_KEYS = 3


class Ahead:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns that later targets write."""
        if case.dataset.time is None or case.dataset.task.answer not in ("class", "number"):
            return []
        found: dict[str, float] = {}
        for lag, rows, ends in _series(case):
            for name, left in _written(case, lag, rows, ends):
                found[name] = min(left, found.get(name, 1.0))
        return [
            Finding(
                "future",
                (name,),
                f"{name!r} is made of targets of later rows: they leave {left:.2%} of it unexplained, and earlier ones "
                "leave far more. Is it known at the row's time?",
            )
            for name, left in found.items()
        ]


part = Ahead()


def _series(case: Case) -> Iterator[tuple[int, Array, Array]]:
    """Positions of the training rows in order of time, the lag that fits, and where each series ends: by the group, or
    where moments repeat by each column that tells the rows of a moment apart, else as one series."""
    dataset, time = case.dataset, case.dataset.time
    assert time is not None
    rows = case.train[np.argsort(time[case.train], kind="stable")]
    keys = [] if dataset.group is None else [dataset.group[rows]]
    if not keys and len(np.unique(time[rows])) < _REPEATED * len(rows):
        keys = _keys(case, rows)
    if not keys:
        yield _MOST_LAG, rows[:_MOST_ROWS], np.array([min(len(rows), _MOST_ROWS)])
    for key in keys:
        order = np.argsort(key, kind="stable")[:_MOST_ROWS]
        ends = np.append(np.flatnonzero(np.diff(key[order])) + 1, len(order))
        length = int(np.median(np.diff(ends, prepend=0)))
        yield min(_MOST_LAG, max(1, (length - 2) // 3)), rows[order], ends


def _keys(case: Case, rows: Array) -> list[Array]:
    """Codes of the columns of which few values together with the moment name a row."""
    assert case.dataset.time is not None
    moments = np.unique(case.dataset.time[rows], return_inverse=True)[1]
    found = []
    for name in case.columns("Oi"):
        codes, _ = codes_of(np.asarray(case.dataset.table[name][rows]))
        values = int(codes.max(initial=0)) + 1
        if 2 <= values <= len(rows) / _LEAST_LENGTH and len(np.unique(moments * values + codes)) > 0.95 * len(rows):
            found.append(codes)
    return found[:_MOST_KEYS]


def _written(case: Case, lag: int, rows: Array, ends: Array) -> Iterator[tuple[str, float]]:
    y = plain(np.asarray(case.dataset.target[rows]))
    starts = np.concatenate([[0], ends[:-1]])
    place = np.arange(len(rows)) - np.repeat(starts, ends - starts)
    left_over = np.repeat(ends, ends - starts) - np.arange(len(rows))
    usable = np.flatnonzero((place > lag) & (left_over > lag + 1))
    if len(usable) < _LEAST_ROWS:
        return
    lags = np.stack([y[usable + step] for step in range(-lag, lag + 1)], axis=1)
    lags = np.concatenate([lags - lags.mean(axis=0), np.ones((len(usable), 1))], axis=1)
    past, future = np.arange(lag), np.arange(lag + 1, 2 * lag + 1)
    bases = [_basis(lags), _basis(np.delete(lags, future, axis=1)), _basis(np.delete(lags, past, axis=1))]
    for name in case.columns("fi")[:_MOST_COLUMNS]:
        values = plain(np.asarray(case.dataset.table[name][rows]))
        best = 1.0
        for form in (values, np.append(np.diff(values), 0.0), np.append(np.diff(values * left_over), 0.0)):
            best = min(best, _future_alone(form[usable], bases))
        if best < 1.0:
            yield name, best


def _basis(design: Array) -> Array:
    """An orthonormal basis of what the columns can write."""
    directions, size, _ = np.linalg.svd(design, full_matrices=False)
    basis: Array = directions[:, size > 1e-10 * size[0]]
    return basis


def _future_alone(values: Array, bases: Sequence[Array]) -> float:
    """The share left by all targets where the column needs the later ones, 1 where it does not."""
    known = np.isfinite(values)
    if not known.all():
        return 1.0
    off = values - values.mean()
    spread = float(off @ off)
    if spread <= 1e-12 * max(1.0, float(values @ values)):
        return 1.0
    every, without_future, without_past = (1 - float(((basis.T @ off) ** 2).sum()) / spread for basis in bases)
    pure = every < 0.05 and without_future > 4 * every and without_past < 1.5 * every + 1e-6
    exact = every < 1e-3 and without_future > 20 * max(every, 1e-6)
    return max(every, 0.0) if pure or exact else 1.0
