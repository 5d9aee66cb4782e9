"""A column that holds means of the target, taken over the very rows that are learnt from.

**By its own values.** Where rows share a value, the mean of their targets strays around what the value says by chance,
as much as the targets stray among themselves. Means of the same rows do not stray at all: the F ratio of the two is
near 0 instead of near 1, and its lower tail says how unlikely that is by chance (Fisher; a fit "too good to be true",
as his test of Mendel's counts, 1936). Values of one row do not tell how their targets stray, and are left out. Means of
older rows, or learnt out of fold, do stray and are honest.

**By a key.** Means drawn towards the whole, (sum + k * mean) / (n + k), and means of the other rows of a key,
(sum - y) / (n - 1), follow exactly from sums and counts of the rows of each value of another column.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.extras import needs
from smeaton.quality.leaks import Case, Finding
from smeaton.quality.leaks._abreast import batches
from smeaton.quality.leaks._tells import codes_of, plain
from smeaton.task.table import Array

_SURE = 1e-6
_EXACT = 1e-3
_FEWEST_VALUES = 4
_REPEATS = 50  # rows more than values
_MOST_ROWS = 200_000
_FEW_ROWS = 4_000  # of more, to sort each column once more would cost more than it saves
_MOST_KEYS = 8
_MOST_LABELS = 5


class Means:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns that are means of the target."""
        if case.dataset.task.answer not in ("class", "number"):
            return []
        found: dict[str, str] = {}
        both = np.concatenate([case.train, case.test])
        for some in [case.train] if not len(case.test) else [case.train, both]:
            rows = some[:_MOST_ROWS]
            targets = list(_targets(case, rows))
            for name in _repeating(case, rows):
                values = plain(np.asarray(case.dataset.table[name][rows]))
                if name not in found and _too_good(values, targets):
                    found[name] = "the mean of the target over the rows that share it"
            found = _keyed(case, rows, targets) | found
        why = (
            " of these very rows: a row's own target is in it, or its test's. Take means of older rows, or out of fold"
        )
        return [
            Finding("holds means of the target", (name,), f"{name!r} is {what}{why}") for name, what in found.items()
        ]


part = Means()


def _repeating(case: Case, rows: Array) -> list[str]:
    """The columns of numbers without those, of a table of few rows and many columns nearly all, whose values do not
    repeat enough to be means."""
    names = case.columns("fi")
    if len(rows) > _FEW_ROWS:
        return names
    found: list[str] = []
    for some, matrix in batches(case.dataset.table, names, rows):
        ordered = np.sort(matrix, axis=1)  # null last
        held = np.isfinite(ordered)
        known = (held[:, :1] + held[:, 1:] * (ordered[:, 1:] != ordered[:, :-1]).cumsum(axis=1)).max(axis=1, initial=0)
        enough = (known >= _FEWEST_VALUES) & (held.sum(axis=1) - known >= _REPEATS)
        found.extend(np.array(some, dtype=object)[enough].tolist())
    return found


def _targets(case: Case, rows: Array) -> Iterator[Array]:
    """The target as numbers whose mean somebody may have taken: of classes, whether it is each of the first."""
    y = np.asarray(case.dataset.target[rows])
    if not case.labels:
        yield plain(y)
        return
    for code in range(min(case.labels, _MOST_LABELS)):
        yield (y == code).astype(np.float64)
    if case.labels > 2:
        yield y.astype(np.float64)


def _too_good(values: Array, targets: Sequence[Array]) -> bool:
    """Whether the means of a target follow the values by a line better than chance lets them."""
    finite = np.isfinite(values)
    known, codes, count = np.unique(values[finite], return_inverse=True, return_counts=True)
    shared = count > 1
    if int(shared.sum()) < _FEWEST_VALUES or int((count - 1).sum()) < _REPEATS:
        return False
    kept = shared[codes]
    places = (shared.cumsum() - 1)[codes[kept]]
    return any(_on_a_line(known[shared], places, count[shared], y[finite][kept]) for y in targets)


def _on_a_line(known: Array, codes: Array, count: Array, y: Array) -> bool:
    """The F test for values that several rows share, each weighed alike in both variances, for targets may stray more
    at some values than at others: a rare label does where it is found, and nowhere else."""
    mean = np.bincount(codes, weights=y) / count
    spread = np.bincount(codes, weights=(y - mean[codes]) ** 2) / (count - 1)
    inside = float(spread.mean())
    centre, level = np.average(known, weights=count), float(y.mean())
    slope = float((count * (known - centre) * (mean - level)).sum() / (count * (known - centre) ** 2).sum())
    line = level + slope * (known - centre)
    off = float((count * (mean - line) ** 2).sum()) / (len(known) - 2)
    told = float((count * (line - level) ** 2).sum())
    if inside <= 0 or off > 0.5 * inside:
        return False
    with needs("build"):
        from scipy.special import fdtr, fdtrc
    values, rows = _freedom(spread, count)
    return bool(fdtr(values, rows, off / inside) < _SURE and fdtrc(1, rows, told / inside) < _SURE)


def _freedom(spread: Array, count: Array) -> tuple[float, float]:
    """Degrees of freedom of the variance of the means, and of that among the targets, where they are not the same at
    each value (Satterthwaite 1946; the squares of variances without their bias for normal targets)."""
    shares = spread / spread.sum()  # their squares are numbers where those of variances would overflow
    squares = shares**2 * (count - 1) / (count + 1)
    values = min(1 / float(squares.sum()), float(len(count))) - 2
    return max(values, 1.0), 1 / float((squares / (count - 1)).sum())


def _keyed(case: Case, rows: Array, targets: Sequence[Array]) -> dict[str, str]:
    """Columns that follow from sums and counts of a key's rows."""
    found: dict[str, str] = {}
    columns = {name: plain(np.asarray(case.dataset.table[name][rows])) for name in case.columns("f")}
    for key, codes in _keys(case, rows):
        count = np.bincount(codes)[codes].astype(np.float64)
        several = count > 1
        sums = [np.bincount(codes, weights=y)[codes] for y in targets]
        order = np.argsort(codes, kind="stable")
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        for name, values in columns.items():
            if name == key or name in found or not np.isfinite(values[several]).all() or values.std() == 0:
                continue
            spread = np.maximum.reduceat(values[order], starts) - np.minimum.reduceat(values[order], starts)
            same = bool((spread <= 1e-12 * np.abs(values).max()).all())
            for y, total in zip(targets, sums, strict=True):
                if same and _drawn(values, count, total):
                    found[name] = f"a mean of the target for each {key!r}, drawn towards the whole,"
                elif not same and _others(values[several], count[several], (total - y)[several]):
                    found[name] = f"the mean of the target over the other rows of each {key!r}"
    return found


def _keys(case: Case, rows: Array) -> Iterator[tuple[str, Array]]:
    """Columns whose values repeat, most values first, and the group."""
    keys: list[tuple[str, Array]] = []
    group = case.dataset.group
    if group is not None:
        keys.append((case.dataset.task.rows.group or "group", np.unique(group[rows], return_inverse=True)[1]))
    for name in case.columns("Oi"):
        codes, _ = codes_of(np.asarray(case.dataset.table[name][rows]))
        values = int(codes.max(initial=0)) + 1
        if 5 <= values <= 0.7 * len(rows):
            keys.append((name, codes))
    yield from sorted(keys, key=lambda one: -int(one[1].max()))[:_MOST_KEYS]


def _drawn(values: Array, count: Array, total: Array) -> bool:
    """Whether `value * n - sum` is a line of the value: k * (mean - value), for any k."""
    return _follows(values * count - total, np.stack([np.ones(len(values)), values], axis=1), total)


def _others(values: Array, count: Array, rest: Array) -> bool:
    """Whether the value is the mean of the other rows."""
    off = values * (count - 1) - rest
    return len(values) >= _REPEATS and float(np.sqrt((off**2).mean())) < _EXACT * float(rest.std())


def _follows(left: Array, design: Array, total: Array) -> bool:
    weights, *_ = np.linalg.lstsq(design, left, rcond=None)
    off = left - design @ weights
    return float(np.sqrt((off**2).mean())) < _EXACT * float(total.std())
