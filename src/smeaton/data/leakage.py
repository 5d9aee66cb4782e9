"""Fast probes for what may make a score a lie: columns that give the target away, copies, rows from the future.

**One column gives the target away** if a plain curve or table of that column alone, learnt on one half of a sample of
the training rows, leaves almost nothing to explain on the other half. For numbers: 1 - R2 < 0.005 of the target's rank
(a curve through the sorted values). For classes: wrong answers under 2 % of the commonest class's; or, for two classes,
an AUC above 0.995 where the other columns do not come near (a task on which many columns are nearly perfect is an easy
task, and honest). A column that is null in just the rows of one class is found too: null is a value here.

**Copies** of training rows in the test are said from 1 % on, and suspected from 5 % on where chance alone (columns
taken as independent) would not make them. **The future**: rows of a given test that are not newer than the training
rows, and moments in the inputs that lie after the row's own time in at least 1 % of the rows.

A target that is a list of labels or a structure is no number and no class: no column is probed for giving it away, and
the notes say so.

For columns at most 20,000 rows, or 4 million cells, are looked at; copies are looked for in all rows.
"""

from dataclasses import dataclass

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.task.profile import Suspect
from smeaton.task.table import Array, object_column

_ROWS = 20_000
_CELLS = 4_000_000
#: Share of the baseline's error a single column may leave before it is a suspect.
_LEFT = {"number": 0.005, "class": 0.02}
_AUC = 0.995
#: More near-perfect columns than this share of all make an easy task, not a leak.
_MANY = 0.3
_BINS = 256
_ROWS_A_BIN = 20
#: With fewer rows of the other classes, a column may tell them by chance.
_EVIDENCE = 5
#: Copies of training rows in the test: from this share on they are said, from that on suspected.
_COPIES_SAID = 0.01
_COPIES = 0.05
#: Names under which findings that are no column are accepted.
COPIES = "duplicate rows"
FUTURE = "future rows"


@dataclass(frozen=True, slots=True)
class _Finding:
    name: str
    left: float  # share of the baseline's error that is left
    auc: float


def probe(dataset: Dataset, train: Array, test: Array) -> tuple[list[Suspect], list[str]]:
    """Suspects, and notes that are worth saying but no suspicion. Deterministic; the test's target is used only to
    tell copies."""
    copies, notes = _copies(dataset, train, test)
    if dataset.task.answer in ("class", "number"):
        found = _give_aways(dataset, train)
    else:
        what = {"many": "lists of labels", "text": "free text"}.get(dataset.task.answer, "structures")
        found, notes = [], [*notes, f"no column was probed for giving the target away: it holds {what}"]
    suspects = [*found, *copies, *_future(dataset, train, test)]
    accepted = set(dataset.task.accept.leak)
    return [
        Suspect(kind=one.kind, columns=one.columns, why=one.why, accept=one.accept, accepted=_name(one) in accepted)
        for one in suspects
    ], notes


def _name(suspect: Suspect) -> str:
    return suspect.columns[0] if suspect.columns else {"copies": COPIES, "future": FUTURE}[suspect.kind]


def _line(name: str) -> str:
    plain = name.replace("_", "").isalnum() and not name[0].isdigit()
    return "accept: {leak: [" + (name if plain else '"' + name.replace('"', '\\"') + '"') + "]}"


def _give_aways(dataset: Dataset, train: Array) -> list[Suspect]:
    names = [name for name, column in dataset.table.items() if column.ndim == 1]
    size = min(_ROWS, max(_CELLS // max(len(names), 1), 2_000), len(train))
    sample = np.random.default_rng(0).permutation(train)[:size]
    y = np.asarray(dataset.target[sample])
    half = np.arange(size) < size // 2
    if dataset.task.is_class and _fewest_others(y, half) < _EVIDENCE:
        return []
    ranks = np.unique(y, return_inverse=True)[1].astype(np.float64)  # one far value must not decide
    found = []
    for name in names:
        codes, curve = _codes(np.asarray(dataset.table[name][sample]))
        if dataset.task.is_class:
            left, auc = _class_left(codes, curve, y, half, len(dataset.task.labels))
        else:
            left, auc = _number_left(codes, curve, ranks, half), 0.5
        found.append(_Finding(name, left, auc))
    return _judge(found, "class" if dataset.task.is_class else "number")


def _fewest_others(y: Array, half: Array) -> int:
    """Rows of other classes than the commonest, in the half that has fewer of them."""
    return min(int(np.count_nonzero(side != np.bincount(y).argmax())) for side in (y[half], y[~half]))


def _judge(found: list[_Finding], kind: str) -> list[Suspect]:
    sure = [one for one in found if one.left < _LEFT[kind]]
    by_rank = [one for one in found if one.auc > _AUC and one not in sure]
    near = [one for one in found if one.auc > 0.98]
    if len(near) > max(1, _MANY * len(found)):
        by_rank = []
    if len(sure) > max(2, _MANY * len(found)):
        sure = []
    return [
        Suspect(
            kind="gives the target away",
            columns=(one.name,),
            why=f"{one.name!r} alone tells the target: "
            + (f"it leaves {one.left:.2%} of the error" if one in sure else f"its AUC is {one.auc:.4f}")
            + " on rows it was not learnt from. Is it known when the question is asked?",
            accept=_line(one.name),
        )
        for one in [*sure, *by_rank]
    ]


def _codes(column: Array) -> tuple[Array, Array | None]:
    """Codes of the values (null is a value), and for numbers the value of each code (NaN for null)."""
    if column.dtype == object:
        known: dict[object, int] = {}
        keys = [value if isinstance(value, str | int | float | None) else repr(value) for value in column.tolist()]
        return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64), None
    plain = column.astype(np.float64)
    if column.dtype.kind == "M":
        plain[np.isnat(column)] = np.nan
    values, codes = np.unique(plain, return_inverse=True)
    return codes, values


def _class_left(codes: Array, curve: Array | None, y: Array, half: Array, labels: int) -> tuple[float, float]:
    """Share of the commonest class's errors that the column leaves, and its AUC where there are two classes."""
    table = _counts(codes[half], y[half], int(codes.max()) + 1, labels)
    prior = np.bincount(y[half], minlength=labels) + 0.0
    common = int(prior.argmax())
    seen = table.sum(axis=1) > 0
    guess = np.where(seen, table.argmax(axis=1), common)
    if curve is not None:
        guess = guess[_nearest(curve, seen)]
    held = y[~half]
    left = float(np.mean(guess[codes[~half]] != held) / max(np.mean(held != common), 1 / len(held)))
    if labels != 2:
        return left, 0.5
    if curve is not None:
        codes = _binned(codes, min(_BINS, 1 + len(codes) // _ROWS_A_BIN))
        table = _counts(codes[half], y[half], int(codes.max()) + 1, labels)
    rate = (table[:, 1] + prior[1] / prior.sum()) / (table.sum(axis=1) + 1)
    return left, _auc(rate[codes[~half]], held)


def _counts(codes: Array, y: Array, values: int, labels: int) -> Array:
    return np.bincount(codes * labels + y, minlength=values * labels).reshape(values, labels)


def _nearest(curve: Array, seen: Array) -> Array:
    """For each value the place of the nearest seen one; null is near to null alone."""
    places = np.arange(len(curve))
    known = places[seen & ~np.isnan(curve)]
    gaps = places[~seen & ~np.isnan(curve)]
    if len(known):
        right = np.searchsorted(known, gaps).clip(1, max(len(known) - 1, 1))
        low, high = known[right - 1], known[np.minimum(right, len(known) - 1)]
        places[gaps] = np.where(curve[gaps] - curve[low] <= curve[high] - curve[gaps], low, high)
    return places


def _auc(score: Array, y: Array) -> float:
    _, codes, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    positive = int(y.sum())
    if positive in (0, len(y)):
        return 0.5
    return float((rank[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def _binned(codes: Array, bins: int) -> Array:
    """Ordered codes in bins of about equal size; equal values stay together."""
    counts = np.bincount(codes)
    below = np.cumsum(counts) - counts
    binned: Array = (below * bins // len(codes))[codes]
    return binned


def _number_left(codes: Array, curve: Array | None, y: Array, half: Array) -> float:
    """1 - R2 on the held half: a curve through the values of a number, a mean for each value of a category."""
    count = np.bincount(codes[half], minlength=int(codes.max()) + 1)
    total = np.bincount(codes[half], weights=y[half], minlength=len(count))
    mean = float(y[half].mean())
    level = np.where(count > 0, total / np.maximum(count, 1), mean)
    if curve is not None:
        known = (count > 0) & ~np.isnan(curve)
        if known.any():
            gaps = (count == 0) & ~np.isnan(curve)
            level[gaps] = np.interp(curve[gaps], curve[known], level[known])
    held = y[~half]
    spread = float(np.mean((held - held.mean()) ** 2))
    return float(np.mean((level[codes[~half]] - held) ** 2)) / spread if spread > 0 else 1.0


def _copies(dataset: Dataset, train: Array, test: Array) -> tuple[list[Suspect], list[str]]:
    """Test rows that stand in training too, inputs and target alike."""
    if not len(test) or not dataset.table:
        return [], []
    keys = _row_keys(dataset)
    copied = np.isin(keys[test], keys[train])
    share = float(copied.mean())
    if share < _COPIES_SAID:
        return [], []
    said = f"{int(copied.sum()):,} of {len(test):,} test rows ({share:.1%}) are exact copies of training rows"
    if share < _COPIES or _expected_copies(dataset, train) > share / 10:
        return [], [said]
    why = said + ", so part of the score is memory. Remove the copies, or name what they share in rows.group"
    return [Suspect(kind="copies", columns=(), why=why, accept=_line(COPIES))], []


def _row_keys(dataset: Dataset) -> Array:
    """A 64-bit key of each row; equal rows have equal keys."""
    keys = np.zeros(len(dataset), dtype=np.uint64)
    for column in [*dataset.table.values(), dataset.target]:
        if column.ndim > 1:
            part = np.array([hash(row.tobytes()) for row in column], dtype=np.int64)
        elif column.dtype == object:
            part = np.array([hash(v if isinstance(v, str | int | None) else repr(v)) for v in column.tolist()])
        else:
            part = np.ascontiguousarray(column).view(np.int64)
        keys = (keys ^ part.astype(np.int64).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys


def _expected_copies(dataset: Dataset, train: Array) -> float:
    """Chance that a row has a copy in training if columns were independent: high for tables of few small columns."""
    sample = train[:_ROWS]
    chance = float(len(train))
    y = np.asarray(dataset.target[sample])
    answers = y if y.ndim == 1 else object_column([row.tobytes() for row in y])
    for column in [*(values[sample] for values in dataset.table.values()), answers]:
        if column.ndim > 1:
            return 0.0
        codes, _ = _codes(np.asarray(column))
        chance *= float(((np.bincount(codes) / len(codes)) ** 2).sum())
    return min(chance, 1.0)


def _future(dataset: Dataset, train: Array, test: Array) -> list[Suspect]:
    """A given test older than training rows; moments in the inputs later than the row's own."""
    if dataset.time is None:
        return []
    suspects = []
    if dataset.sealed is not None and len(test) and dataset.time[test].min() <= dataset.time[train].max():
        older = int((dataset.time[test] <= dataset.time[train].max()).sum())
        why = f"{older:,} of {len(test):,} rows of data.test are not newer than the newest training row"
        suspects.append(Suspect(kind="future", columns=(), why=why, accept=_line(FUTURE)))
    for name, column in dataset.table.items():
        if column.dtype.kind != "M":
            continue
        later = float(np.mean(column[train] > dataset.time[train]))
        if later >= 0.01:
            why = f"{name!r} lies after the row's own time in {later:.0%} of the rows: is it known by then?"
            suspects.append(Suspect(kind="future", columns=(name,), why=why, accept=_line(name)))
    return suspects
