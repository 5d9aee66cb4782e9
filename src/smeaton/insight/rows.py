"""What the rows of a build say without any answers: near-copies across the split, same inputs with other targets, drift
between parts."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex
from smeaton.insight.evidence import example_of
from smeaton.insight.forms import Conflict, NearCopies, Pair
from smeaton.quality.conflicts import conflicts
from smeaton.quality.near import Pairs, near_pairs
from smeaton.quality.parts import split_of
from smeaton.task.table import Array
from smeaton.task.types import label_text

_NAMED = 20
_EXAMPLES = 3
_FOLDS = "folds"


def near_copies(dataset: Dataset, folds: Sequence[FoldIndex]) -> tuple[tuple[NearCopies, ...], tuple[str, ...]]:
    """Near-copies between training rows and the test, and between folds; with what has to be said besides."""
    train, test = split_of(dataset, folds)
    found = []
    notes: list[str] = []
    parts = np.full(len(dataset), -1)
    if len(test):
        parts[test] = 1
        parts[train] = 0
        names = _names("training", "test")
        found.append(_across(dataset, parts, "training rows and the sealed test", names, notes))
    parts[:] = -1
    parts[train] = len(folds)
    for number, one in enumerate(folds):
        parts[one.held] = number
    held = ["the held-out rows"] if len(folds) == 1 else [f"fold {number + 1}" for number in range(len(folds))]
    found.append(_across(dataset, parts, _FOLDS, _names(*held, "rows never held out"), notes))
    return tuple(one for one in found if one is not None), tuple(dict.fromkeys(notes))


def conflicting(dataset: Dataset, rows: Array) -> tuple[tuple[Conflict, ...], int, float | None]:
    """Rows with the same inputs and different targets, the largest groups first; how many rows; and for classes the
    accuracy of who answers each input as most of its rows are."""
    found = conflicts(dataset, rows, _NAMED)
    shown = tuple(
        Conflict(
            examples=tuple(example_of(dataset, row) for row in group[:_EXAMPLES]),
            rows=len(group),
            answers=tuple(Counter(_answer(dataset, row) for row in group).most_common(8)),
        )
        for group in found.groups
    )
    attainable = found.right / found.of if dataset.task.is_class and found.of and found.rows else None
    return shown, found.rows, attainable


def _names(*names: str) -> Callable[[int], str]:
    return lambda part: names[part]


def _across(
    dataset: Dataset, parts: Array, between: str, name: Callable[[int], str], notes: list[str]
) -> NearCopies | None:
    rows = np.flatnonzero(parts >= 0)
    pairs = near_pairs(dataset.table, rows, parts[rows])
    notes += pairs.notes
    if not len(pairs.first):
        return None
    return NearCopies(
        between=between,
        rows=_touched(pairs, parts, between),
        of=len(rows) if between == _FOLDS else int((parts == 1).sum()),
        same=float(np.mean([_answer(dataset, int(a)) == _answer(dataset, int(b)) for a, b in _zipped(pairs)[:1_000]])),
        chance=pairs.chance,
        pairs=tuple(
            Pair(
                first=example_of(dataset, a),
                second=example_of(dataset, b),
                parts=(name(int(parts[a])), name(int(parts[b]))),
                likeness=float(pairs.likeness[place]),
                differing=pairs.differing[place],
            )
            for place, (a, b) in enumerate(_zipped(pairs)[:_NAMED])
        ),
    )


def _zipped(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


def _touched(pairs: Pairs, parts: Array, between: str) -> int:
    """Rows of the test that have a near-copy in training; between folds rows of either side."""
    both = np.unique(np.concatenate([pairs.first, pairs.second]))
    return len(both) if between == _FOLDS else int((parts[both] == 1).sum())


def _answer(dataset: Dataset, row: int) -> str:
    """The target of a row as people read it."""
    task, value = dataset.task, dataset.target[row]
    if task.is_class:
        return label_text(task.labels[int(value)])
    if task.answer == "many":
        return ", ".join(label_text(task.labels[place]) for place in np.flatnonzero(value)) or "none"
    return f"{value:g}" if task.answer == "number" else repr(value)
