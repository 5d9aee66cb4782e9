"""The proof that a program answers like the model it was written from: rows made to be hard, and the comparison.

Converters go wrong where a value is next to a threshold, large, tiny, null or new; so these rows hold both neighbours
of every threshold in the graph, unix seconds, 12-digit ids, prices, nulls wherever the type allows, unseen categories.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile._thresholds import Source, thresholds
from smeaton.runtime.check import TOLERANCE
from smeaton.runtime.program import Program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, object_column, rows_in
from smeaton.task.task import Task
from smeaton.task.types import Type

_LEAST, _MOST = 512, 20_000
_TIMES = 1.5  # as many rows as the column tried with most values has values: each has its row, some several
_LARGEST = 2.0**53
_TINY = float(np.float32(1e-35))  # what LightGBM takes for zero
_MICROSECONDS = 1e6
_MOMENTS = (
    "1900-01-01", "1969-12-31T23:59:59.999999", "1970-01-01", "2000-02-29T12:30", "2023-12-31T23:59:59.999999",
    "2024-01-01", "2024-02-29T23:59", "2038-01-19T03:14:08", "2100-03-01",
)  # fmt: skip
_TEXTS = (
    "a",
    "new words nobody wrote",
    "ÀÉ ﬁn Straße ΣΑΣ",
    "日本語 한국어",
    "🙂 🙂",
    "x" * 500,
    "  12,5 € \t",
    "a\x00b",
    "\u0301",
)
_UNSEEN = ("never seen", "0", "NULL", "ÀÉ ﬁn", "日本", "a\x00b", " ", "x" * 300)


def adversarial(
    program: Program, folder: Path, rows: Table, task: Task, seed: int, most: int = _MOST
) -> dict[str, Array]:
    """Typed rows (512 to `most`) on which a program is most likely to differ from its model, made from real rows.

    Every value fits its type, so that training and serving code both take it. Up to `most` values a column each have a
    row; of more a random choice. Deterministic in `seed`.
    """
    rng = np.random.default_rng(seed)
    found, types = _by_column(thresholds(program, folder)), task.input_types
    tries = {name: _candidates(rows[name], types[name], found.get(name, {}), rng) for name in program.inputs}
    tries = {
        name: values if len(values) <= most else rng.choice(values, most, replace=False)
        for name, values in tries.items()
    }
    longest = max((len(values) for values in tries.values()), default=0)
    size = int(np.clip(_TIMES * longest, _LEAST, most))
    base = rng.integers(rows_in(rows), size=size) if rows_in(rows) else None
    hard: dict[str, Array] = {}
    # Few values of a row are changed in one row, all in another: a threshold deep in a tree is reached by real rows.
    share = rng.choice([0.15, 0.5, 1.0], size=size)
    for name, values in tries.items():
        changed = rng.random(size) < share if base is not None else np.ones(size, dtype=bool)
        changed[rng.permutation(size)[: len(values)]] = True  # so that each value has its row
        column = np.empty(size, dtype=values.dtype) if base is None else rows[name][base].astype(values.dtype)
        column[changed] = values[_deal(len(values), int(changed.sum()), rng)]
        hard[name] = column
    for name, column in rows.items():
        if name not in hard and base is not None:
            hard[name] = column[base]
    return hard


def compare(a: Table, b: Table, tolerance: float = TOLERANCE) -> float:
    """Largest absolute difference between two tables of answers; inf where a label differs (other than by a tie within
    the tolerance), where one answer is not finite and the other is, or the shapes differ. Numbers inside lists and
    objects are compared as such; all else in them must be equal."""
    worst = 0.0
    if (PROBABILITY in a) != (PROBABILITY in b):
        return np.inf
    if PROBABILITY in a:
        worst = _distance(a[PROBABILITY], b[PROBABILITY])
    one, other = a[PREDICTION], b[PREDICTION]
    if one.dtype.kind == "f" and other.dtype.kind == "f":
        return max(worst, _distance(one, other))
    if one.shape != other.shape:
        return np.inf
    apart = np.array([_apart(x, y) for x, y in zip(one.tolist(), other.tolist(), strict=True)], dtype=np.float64)
    worst = max(worst, float(apart[np.isfinite(apart)].max(initial=0.0)))
    rows = np.flatnonzero(np.isinf(apart))
    plain = PROBABILITY in a and not isinstance(one[0], list)  # each label of a list has a threshold of its own
    if len(rows) and not (plain and _tied(a[PROBABILITY][rows], tolerance) and _tied(b[PROBABILITY][rows], tolerance)):
        return np.inf
    return worst


def _apart(x: Any, y: Any) -> float:
    """0 for equal values, inf for others; for lists and objects of the same form the largest difference of a number."""
    if type(x) is not type(y):
        return np.inf
    if isinstance(x, list) and len(x) == len(y):
        return max((_part_apart(one, other) for one, other in zip(x, y, strict=True)), default=0.0)
    if isinstance(x, dict) and x.keys() == y.keys():
        return max((_part_apart(x[name], y[name]) for name in x), default=0.0)
    return 0.0 if x == y else np.inf


def _part_apart(x: Any, y: Any) -> float:
    return abs(x - y) if isinstance(x, float) and isinstance(y, float) else _apart(x, y)


def _distance(a: Array, b: Array) -> float:
    if a.shape != b.shape or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return np.inf
    finite = np.isfinite(a)
    return float(np.abs(a[finite] - b[finite]).max(initial=0.0))


def _tied(probability: Array, tolerance: float) -> bool:
    best = np.sort(probability, axis=1)[:, -2:]
    return bool((best[:, 1] - best[:, 0] <= 2 * tolerance).all())


def _deal(values: int, size: int, rng: np.random.Generator) -> Array:
    """`size` positions among `values`: each about as often as the others, in random order."""
    rounds = [rng.permutation(values) for _ in range(-(-size // values))]
    return np.concatenate(rounds)[:size]


def _by_column(found: Mapping[Source, Array]) -> dict[str, dict[str | None, Array]]:
    columns: dict[str, dict[str | None, Array]] = {}
    for (column, part), values in found.items():
        columns.setdefault(column, {})[part] = values
    return columns


_Near = Mapping[str | None, Array]


def _candidates(column: Array, kind: Type, near: _Near, rng: np.random.Generator) -> Array:
    """Values worth trying in a column, in the form of its type."""
    make = _MAKERS.get(kind.type)
    return column if make is None else make(column, kind, near, rng)


def _numbers(column: Array, kind: Type, near: _Near, rng: np.random.Generator) -> Array:
    split = near.get(None, np.zeros(0))
    special = [0.0, -0.0, 1e-36, -1e-36, _TINY, -_TINY, 5e-324, 1.0, -1.0, 1e300, -1e300, 16777217.0, _LARGEST - 1]
    values = np.concatenate(
        [
            split,
            np.nextafter(split, np.inf),
            np.nextafter(split, -np.inf),
            special,
            1.6e9 + rng.integers(0, 3 * 10**8, 8),  # unix seconds
            1.6e9 + rng.random(4) * 3e8,
            rng.integers(10**11, 10**12, 8),  # ids
            np.round(rng.lognormal(3, 2, 8), 2),  # prices
        ]
    )
    values = values[np.isfinite(values)]
    return _null(_bounded(values, kind), kind, np.nan)


def _bounded(values: Array, kind: Type) -> Array:
    low = -np.inf if kind.min is None else kind.min
    high = np.inf if kind.max is None else kind.max
    inside = values[(values >= low) & (values <= high)]
    edges = [edge for edge in (kind.min, kind.max) if edge is not None]
    return np.concatenate([inside, edges]) if edges else inside


def _null(values: Array, kind: Type, null: Any) -> Array:
    """The values and, where the type allows it, a fair share of nulls."""
    if not kind.optional:
        return values
    nulls = np.full(max(1, len(values) // 10), null, dtype=values.dtype)
    return np.concatenate([values, nulls])


def _integers(column: Array, kind: Type, near: _Near, rng: np.random.Generator) -> Array:
    split = near.get(None, np.zeros(0))
    special = [0, 1, -1, 2**24 + 1, 2**31, -(2**31) - 1, 2**53 - 1, -(2**53) + 1]
    ids = rng.integers(10**11, 10**12, 8)
    unix = 1_600_000_000 + rng.integers(0, 3 * 10**8, 8)
    values = np.concatenate([np.floor(split), np.ceil(split), np.floor(split) + 1, special, ids, unix])
    values = _bounded(values[np.abs(values) < _LARGEST], kind)
    values = np.round(values[values == np.round(values)])
    if not len(values):
        return column
    return _null(values, kind, np.nan) if kind.optional else values.astype(np.int64)


def _booleans(column: Array, kind: Type, near: _Near, rng: np.random.Generator) -> Array:
    return object_column([True, False, None] if kind.optional else [True, False])


def _categories(column: Array, kind: Type, near: _Near, rng: np.random.Generator) -> Array:
    new: Sequence[Any] = {"text": _UNSEEN, "integer": (-1, 0, 10**11, 2**53 - 1), "boolean": (True, False)}[kind.base]
    known = {value: None for value in column.tolist() if value is not None}
    values = list(kind.labels) if kind.labels is not None else [*known, *new, *new]
    return object_column([*values, None] if kind.optional else values)


def _texts(column: Array, kind: Type, near: _Near, rng: np.random.Generator) -> Array:
    known = [value for value in column.tolist()[:64] if value is not None]
    mixed = [f"{one} {other[::-1]}" for one, other in zip(known, reversed(known), strict=True)]
    values = [*_TEXTS, *known, *mixed]
    return object_column([*values, None, None] if kind.optional else values)


def _moments(column: Array, kind: Type, near: _Near, rng: np.random.Generator) -> Array:
    split = near.get("unix", np.zeros(0))
    whole = np.floor(split[np.abs(split) < 1e11] * _MICROSECONDS).astype(np.int64)
    years = near.get("year", np.zeros(0))
    starts = (np.floor(years[(years > 1700) & (years < 2200)]) - 1969).astype("datetime64[Y]").astype("datetime64[us]")
    random = rng.integers(0, 2 * 10**15, 64)
    exact = np.concatenate([whole - 1, whole, whole + 1, random]).astype("datetime64[us]")
    values = np.concatenate([exact, starts, starts - np.timedelta64(1, "us"), np.array(_MOMENTS, "datetime64[us]")])
    return _null(values, kind, np.datetime64("NaT"))


_MAKERS: dict[str, Callable[[Array, Type, _Near, np.random.Generator], Array]] = {
    "number": _numbers,
    "integer": _integers,
    "boolean": _booleans,
    "category": _categories,
    "text": _texts,
    "timestamp": _moments,
}
