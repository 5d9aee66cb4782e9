"""The split as a figure: on time where rows have time, on groups where they have groups, else on the number of rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex
from smeaton.reporting.forms import Figure
from smeaton.task.table import Array

_GROUPS = 40  # that are drawn one by one
_FOLDS = 12
_Stretch = tuple[str, float, float, int]  # part, start, end, rows


def parted(dataset: Dataset, folds: Sequence[FoldIndex], train: Array, test: Array) -> Figure:
    """The parts of each fold, and the sealed test."""
    columns: dict[str, list[Any]] = {name: [] for name in ("line", "part", "start", "end", "rows")}
    order = _group_order(dataset, folds, train, test) if dataset.time is None and dataset.group is not None else None
    blocks = _blocks(dataset, folds)
    for number, fold in _shown(dataset, folds):
        parts = {"train": fold.train, "stop": fold.stop, "held": fold.held, "test": test}
        rest = np.setdiff1d(train, np.concatenate([fold.train, fold.stop, fold.held]))
        parts |= {"unused": rest} if len(rest) and dataset.time is None else {}
        name = "the holdout" if len(folds) == 1 else f"fold {number + 1}"
        for stretch in _stretches(dataset, parts, order, blocks):
            for key, value in zip(columns, (name, *stretch), strict=True):
                columns[key].append(value)
    more = f" The first {_FOLDS} of {len(folds)} folds are drawn." if len(folds) > _FOLDS else ""
    x, says, how = _words(dataset, order)
    return Figure(
        id="split-parts",
        chart="spans",
        title="Which rows are fitted on, and which are judged on",
        says=says,
        how=how + more,
        x=x,
        columns=columns,
        options={"time": True} if dataset.time is not None else {},
    )


def _shown(dataset: Dataset, folds: Sequence[FoldIndex]) -> list[tuple[int, FoldIndex]]:
    """Folds with their numbers; those by time from the oldest on."""
    numbered = list(enumerate(folds))
    return (numbered[::-1] if dataset.time is not None else numbered)[:_FOLDS]


def _words(dataset: Dataset, order: Array | None) -> tuple[str, str, str]:
    if dataset.time is not None:
        return (
            f"time ({dataset.task.rows.time}, UTC)",
            "Each fold is judged on rows that are newer than those it was fitted on; the newest are sealed.",
            "Each stretch reaches from the oldest to the newest row of its part.",
        )
    if order is not None:
        return (
            "rows, group by group",
            "All rows of a group lie in one part of each fold.",
            f"Groups stand side by side in the same order in all lines, {len(order):,} of them; neighbours in the same "
            "part are drawn as one where there are more than 40.",
        )
    return (
        "rows",
        "Each row is held out in one fold and fitted on in the others; the sealed test is in none.",
        "Rows were dealt at random. Those that a fold holds out stand side by side, at the same place in all lines.",
    )


def _blocks(dataset: Dataset, folds: Sequence[FoldIndex]) -> Array:
    """For each row the fold that holds it out; rows that none holds out come after those, then the rows of no fold."""
    block = np.full(len(dataset), len(folds) + 1)
    for fold in folds:
        block[fold.train], block[fold.stop] = len(folds), len(folds)
    for number, fold in enumerate(folds):
        block[fold.held] = number
    return block


def _stretches(dataset: Dataset, parts: dict[str, Array], order: Array | None, blocks: Array) -> Iterator[_Stretch]:
    if dataset.time is not None:
        seconds = dataset.time.astype("datetime64[us]").astype(np.int64) / 1e6
        for part, rows in parts.items():
            if len(rows):
                yield part, float(seconds[rows].min()), float(seconds[rows].max()), len(rows)
    elif order is not None:
        yield from _by_group(dataset, parts, order)
    else:
        count, start = int(blocks.max()) + 1, 0
        held = np.stack([np.bincount(blocks[rows], minlength=count) for rows in parts.values()])
        for block in range(count):
            for part, rows in zip(parts, held[:, block].tolist(), strict=True):
                if rows:
                    yield part, float(start), float(start + rows), rows
                    start += rows


def _group_order(dataset: Dataset, folds: Sequence[FoldIndex], train: Array, test: Array) -> Array:
    """Groups: those held out in the first fold first, the tested ones last, the larger before the smaller."""
    assert dataset.group is not None
    group = np.asarray(dataset.group)
    count = int(group.max()) + 1
    place = np.full(count, len(folds))
    for number, fold in reversed(list(enumerate(folds))):
        place[group[fold.held]] = number
    place[group[test]] = len(folds) + 1
    sizes = np.bincount(group[np.concatenate([train, test])], minlength=count)
    held = np.flatnonzero(sizes)
    return held[np.lexsort((-sizes[held], place[held]))]


def _by_group(dataset: Dataset, parts: dict[str, Array], order: Array) -> Iterator[_Stretch]:
    """Stretches of groups in their order; where there are many, neighbours in the same part are one."""
    assert dataset.group is not None
    group = np.asarray(dataset.group)
    count = int(group.max()) + 1
    names = list(parts)
    counts = np.stack([np.bincount(group[rows], minlength=count) for rows in parts.values()])[:, order]
    which, sizes = counts.argmax(axis=0), counts.sum(axis=0)
    ends = np.cumsum(sizes)
    cut = np.ones(len(order), dtype=bool)
    if len(order) > _GROUPS:
        cut[1:] = which[1:] != which[:-1]
    starts = np.flatnonzero(cut)
    for first, last in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        begin, end = int(ends[first] - sizes[first]), int(ends[last - 1])
        if end > begin:
            gap = 0.15 * (end - begin) / max(1, last - first) if len(order) <= _GROUPS else 0.0
            yield names[int(which[first])], float(begin), float(end - gap), end - begin
