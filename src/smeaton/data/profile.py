"""What is known of each column, from the training rows alone."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.task.profile import ColumnProfile, Profile, TargetProfile
from smeaton.task.table import Array
from smeaton.task.types import Label, label_text

#: A value seen in fewer rows than this may name a person; it is counted, not kept.
RARE = 5
#: At most so many values of a column are kept.
MOST_VALUES = 200
_SHARES = np.array([0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0])
_SECOND = 1e6
_SMALL = 10  # whole numbers that are mostly smaller count something


def profile(dataset: Dataset, train: Array) -> Profile:
    """Profile the rows at positions `train`; `shares` are of the labels there, in label order."""
    types = dataset.task.input_types
    columns = tuple(
        _column(name, types[name].type, np.asarray(column[train])) for name, column in dataset.table.items()
    )
    target = np.asarray(dataset.target[train])
    if dataset.task.is_class:
        counts = np.bincount(target, minlength=len(dataset.task.labels))
        shares = tuple((counts / max(len(target), 1)).tolist())
        return Profile(rows=len(train), columns=columns, shares=shares, notes=dataset.notes)
    if dataset.task.answer == "many":
        shares = tuple(target.mean(axis=0).tolist()) if len(target) else (0.0,) * target.shape[1]
        return Profile(rows=len(train), columns=columns, shares=shares, notes=dataset.notes)
    if dataset.task.answer != "number":
        return Profile(rows=len(train), columns=columns, notes=dataset.notes)
    ordered = np.sort(target)
    return Profile(
        rows=len(train),
        columns=columns,
        target_quantiles=_quantiles(ordered),
        target=_shape(ordered),
        notes=dataset.notes,
    )


def _shape(ordered: Array) -> TargetProfile | None:
    """The shape of a sorted target of numbers; None without rows."""
    if not len(ordered):
        return None
    sd, skew = _spread(ordered)
    return TargetProfile(
        low=float(ordered[0]),
        high=float(ordered[-1]),
        mean=float(ordered.mean()),
        sd=sd,
        zeros=float((ordered == 0).mean()),
        skew=skew,
        log_skew=_spread(np.log1p(ordered))[1] if ordered[0] >= 0 else None,
        count=_counts(ordered),
    )


def _spread(values: Array) -> tuple[float, float]:
    """Standard deviation and skewness; 0 and 0 for a constant. Divided by the largest deviation first: squares and
    cubes of large numbers overflow."""
    apart = values - values.mean()
    size = float(np.abs(apart).max())
    if size == 0:
        return 0.0, 0.0
    apart = apart / size
    square = float((apart**2).mean())
    return size * float(np.sqrt(square)), float((apart**3).mean()) / square**1.5


def _counts(ordered: Array) -> bool:
    """Whether sorted values look like counts: of the whole numbers up to the 95 % quantile at least half occur, or the
    median is below `_SMALL`. Prices in whole dollars and codes of five digits leave more out."""
    if ordered[0] < 0 or bool((ordered != np.floor(ordered)).any()):
        return False
    distinct = np.unique(ordered)
    top = float(ordered[int(0.95 * (len(ordered) - 1))])
    dense = np.count_nonzero(distinct <= top) >= 0.5 * (top - ordered[0] + 1)
    return len(distinct) > 2 and (bool(dense) or float(ordered[len(ordered) // 2]) < _SMALL)


def _column(name: str, kind: str, column: Array) -> ColumnProfile:
    if column.ndim > 1:
        return ColumnProfile(name=name, type=kind, missing=int(np.isnan(column).any(axis=1).sum()))
    if column.dtype != object:
        return _numbers(name, kind, column)
    if kind == "text":
        return _texts(name, column)
    try:
        return _values(name, kind, Counter(column.tolist()))
    except TypeError:  # lists and mappings have no values to count
        return ColumnProfile(name=name, type=kind, missing=_missing(column))


def _numbers(name: str, kind: str, column: Array) -> ColumnProfile:
    null = np.isnat(column) if column.dtype.kind == "M" else np.isnan(column.astype(np.float64))
    held = column[~null]
    plain = np.sort(held.astype(np.int64) / _SECOND if column.dtype.kind == "M" else held.astype(np.float64))
    if not len(plain):
        return ColumnProfile(name=name, type=kind, missing=len(column))
    return ColumnProfile(
        name=name,
        type=kind,
        missing=int(null.sum()),
        distinct=1 + int(np.count_nonzero(plain[1:] != plain[:-1])),
        quantiles=_quantiles(plain),
        mean=float(plain.mean()),
        sd=float(plain.std()),
    )


def _quantiles(ordered: Array) -> tuple[float, ...]:
    """Quantiles that are values of the sorted array themselves."""
    if not len(ordered):
        return ()
    return tuple(ordered[np.rint(_SHARES * (len(ordered) - 1)).astype(np.int64)].astype(np.float64).tolist())


def _texts(name: str, column: Array) -> ColumnProfile:
    held = [value for value in column.tolist() if value is not None]
    return ColumnProfile(
        name=name,
        type="text",
        missing=len(column) - len(held),
        distinct=len(set(held)),
        mean_length=sum(map(len, held)) / len(held) if held else 0.0,
    )


def _values(name: str, kind: str, counts: Mapping[Label | None, int]) -> ColumnProfile:
    known = {value: count for value, count in counts.items() if value is not None}
    rows = sum(known.values())
    commonest = sorted(
        ((label_text(value), count) for value, count in known.items() if count >= RARE),
        key=lambda pair: (-pair[1], pair[0]),
    )[:MOST_VALUES]
    return ColumnProfile(
        name=name,
        type=kind,
        missing=counts.get(None, 0),
        distinct=len(known),
        values=tuple(commonest),
        rare=rows - sum(count for _, count in commonest),
        mean_length=sum(len(label_text(value)) * count for value, count in known.items()) / max(rows, 1),
    )


def _missing(column: Array) -> int:
    return sum(value is None for value in column.tolist())
