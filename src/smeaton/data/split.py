"""Splits: the sealed test, and the folds of the rest. Deterministic in (dataset, seed).

| rows | test | held | stop |
|---|---|---|---|
| plain | random; classes even | random parts; classes even | random, 6 to 15 % of the fold's other rows, classes even |
| `group` | whole groups | whole groups | whole groups |
| `time` | the newest | blocks of the newest half | the newest before the held ones |

Rows with any number of labels count as rows of the rarest label they have (those without one as a class of their own):
so every label is about even over the parts, without the cost of weighing all labels of a row against each other. Rows
with a structure to answer have no classes.

Rows of one moment stay together. With `time` and `group` both, time decides and rows of groups that reach into a newer
part are left out of the older one. The only row of a class is never tested, held or stopped on: it stays in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smeaton.data._deal import deal_groups, deal_rows, pick_rows
from smeaton.data.dataset import Dataset
from smeaton.data.fold import Fold, Rows
from smeaton.errors import DataError, TaskError
from smeaton.task.table import Array, take
from smeaton.task.types import Type
from smeaton.task.values import value_reader

STOP_SHARE = 0.15
LEAST_STOP_SHARE = 0.06
STOP_ROWS = 2_500  # how well the moment to stop is known depends on rows, not on their share; the others are fitted on
HOLDOUT_SHARE = 0.2
_FOLDS_FILE = "folds.npz"


@dataclass(frozen=True, slots=True)
class FoldIndex:
    """Sorted positions in the dataset: rows to fit on, to stop on, held out. Disjoint."""

    train: Array
    stop: Array
    held: Array


def split_test(dataset: Dataset, seed: int) -> tuple[Array, Array]:
    """Positions of the training rows and of the sealed test rows.

    Raises:
        DataError: the rows do not allow it (one moment, too few groups).
        TaskError: `test.after` without `rows.time`, or not a moment.
    """
    every = np.arange(len(dataset))
    rng = np.random.default_rng([seed, 1])
    test = dataset.task.test
    if dataset.sealed is not None:
        mask = np.isin(every, dataset.sealed)
    elif not test.after and test.share == 0:
        mask = np.zeros(len(every), dtype=bool)
    elif dataset.time is not None:
        mask = (
            dataset.time > _after(test.after) if test.after else dataset.time >= _cut(dataset.time, 1 - test.share, 3)
        )
        if mask.all() or not mask.any():
            raise DataError(
                "the split by time leaves no rows on one side",
                where=f"test.after {test.after}" if test.after else "rows.time",
                fix="choose another moment for `test.after`" if test.after else "remove `rows.time`: it is constant",
            )
    elif test.after:
        raise TaskError("`test.after` needs a time column", where="test.after", fix="add `rows: {time: COLUMN}`")
    elif dataset.group is not None:
        if len(np.unique(dataset.group)) < 4:
            raise DataError(
                "fewer than 4 groups: test, held-out, stopping and training rows each need one of their own",
                where="rows.group",
                fix="remove `rows.group`, or give more groups",
            )
        # Held-out, stopping and training rows need a group each, so all but three at most may be tested on.
        mask = _at_most(deal_groups(dataset.group, _classes(dataset), [test.share, 1 - test.share], rng), dataset.group)
    else:
        mask = pick_rows(_classes(dataset), test.share, 2 if _has_classes(dataset) else 0, rng)
    train = every[~mask]
    if dataset.sealed is None and dataset.time is not None and mask.any():
        train = _purged(dataset, train, every[mask])
    return train, every[mask]


def make_folds(dataset: Dataset, train: Array, k: int, seed: int) -> list[FoldIndex]:
    """`k` folds of the training rows (fewer where groups or moments are too few); `k` = 1 is one holdout.

    Raises:
        DataError: the rows do not allow even one.
    """
    rng = np.random.default_rng([seed, 2])
    if dataset.time is not None:
        return _time_folds(dataset, train, k)
    if dataset.group is not None:
        return _group_folds(dataset, train, k, rng)
    y = _classes(dataset)[train]
    if k == 1:
        held = [pick_rows(y, HOLDOUT_SHARE, 1 if _has_classes(dataset) else 0, rng)]
    else:
        dealt = deal_rows(y, min(k, len(train) // 2), rng)
        held = [dealt == part for part in range(int(dealt.max()) + 1)]
    folds = []
    for mask in held:
        rest = train[~mask]
        share = stop_share(len(rest))
        stop = pick_rows(_classes(dataset)[rest], share, 1, rng)
        if not stop.any():  # every class has one row left: stopping must take some of them
            stop = pick_rows(_classes(dataset)[rest], share, 0, rng)
        folds.append(FoldIndex(rest[~stop], rest[stop], train[mask]))
    return folds


def fold(dataset: Dataset, index: FoldIndex, number: int) -> Fold:
    """The rows of one fold; the target of the held-out rows stays outside."""
    held = take(dataset.table, index.held)
    return Fold(number, rows_of(dataset, index.train), rows_of(dataset, index.stop), held, index.held)


def some_held(index: FoldIndex, number: int, count: int) -> FoldIndex:
    """The fold with at most `count` of its held-out rows (0 = all): the same ones for whoever asks for so many, and
    among those of whoever asks for more."""
    if not 0 < count < len(index.held):
        return index
    chosen = np.random.default_rng(number).permutation(len(index.held))[:count]
    return FoldIndex(index.train, index.stop, index.held[np.sort(chosen)])


def rows_of(dataset: Dataset, index: Array) -> Rows:
    """Some rows of a dataset with their target."""
    roles = [None if one is None else one[index] for one in (dataset.weight, dataset.group, dataset.time)]
    return Rows(take(dataset.table, index), np.asarray(dataset.target[index]), roles[0], index, roles[1], roles[2])


def all_rows(index: FoldIndex) -> FoldIndex:
    """The fold for a refit: fitted on everything, nothing to stop on. The held-out rows are among those fitted on, so
    answers to them prove the program and score nothing."""
    everything = np.sort(np.concatenate([index.train, index.stop, index.held]))
    return FoldIndex(everything, everything[:0], index.held)


def stop_share(rows: int) -> float:
    """The share of a fold's rows to stop on: 15 % of few, about 2,500 of more, never below 6 %."""
    return min(STOP_SHARE, max(LEAST_STOP_SHARE, STOP_ROWS / max(1, rows)))


def save_folds(folds: Sequence[FoldIndex], folder: Path) -> None:
    """Write folds beside a dataset."""
    parts = {
        f"{number}_{part}": getattr(one, part) for number, one in enumerate(folds) for part in ("train", "stop", "held")
    }
    with (folder / _FOLDS_FILE).open("wb") as file:
        np.savez(file, allow_pickle=False, **parts)


def open_folds(folder: Path) -> list[FoldIndex]:
    """Read what `save_folds` wrote.

    Raises:
        DataError: there are none, or they are damaged.
    """
    try:
        with np.load(folder / _FOLDS_FILE, allow_pickle=False) as stored:
            count = len(stored.files) // 3
            return [FoldIndex(*(stored[f"{n}_{part}"] for part in ("train", "stop", "held"))) for n in range(count)]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError("no readable folds lie here", where=str(folder), fix="build again") from error


def _has_classes(dataset: Dataset) -> bool:
    return dataset.task.answer in ("class", "many")


def _classes(dataset: Dataset) -> Array:
    """A class for each row; all alike where rows have none."""
    if dataset.task.answer == "many":
        return _rarest(np.asarray(dataset.target))
    return dataset.target if dataset.task.is_class else np.zeros(len(dataset), dtype=np.int64)


def _rarest(held: Array) -> Array:
    """The rarest label of each row, the number of labels for rows without one."""
    count = held.sum(axis=0, dtype=np.int64)
    order = np.argsort(count, kind="stable")
    first = held[:, order].argmax(axis=1)
    return np.asarray(np.where(held.any(axis=1), order[first], held.shape[1]))


def _after(text: str) -> np.datetime64:
    try:
        moment = value_reader(Type(type="timestamp"))(text)
    except ValueError as error:
        raise TaskError(str(error), where="test.after", fix="write a moment such as 2026-01-31") from error
    assert isinstance(moment, np.datetime64)
    return moment


def _cut(time: Array, share: float, least: int) -> np.datetime64:
    """The moment from which rows are newer, so that about `share` of the rows is older. Ties stay together, and
    `least` different moments are older if there are so many."""
    ordered = np.sort(time)
    starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    starts = starts[min(least, len(starts) - 1) :]
    moment: np.datetime64 = ordered[starts[np.abs(starts - share * len(time)).argmin()]]
    return moment


def _purged(dataset: Dataset, older: Array, newer: Array) -> Array:
    """The older rows without those of groups that reach into the newer rows."""
    if dataset.group is None:
        return older
    left = older[~np.isin(dataset.group[older], dataset.group[newer])]
    if len(left) < len(older) / 2:
        raise DataError(
            "rows.time and rows.group do not go together: most groups run on into the newer rows",
            where="rows.group",
            fix="remove `rows.group` (the split by time alone keeps the future out)",
        )
    return left


def _at_most(dealt: Array, group: Array) -> Array:
    """The rows of part 0, less groups (smallest first) until three groups are left for the rest."""
    mask: Array = dealt == 0
    groups, sizes = np.unique(group[mask], return_counts=True)
    surplus = 3 - (len(np.unique(group)) - len(groups))
    if surplus > 0:
        mask &= ~np.isin(group, groups[np.argsort(sizes, kind="stable")[:surplus]])
    return mask


def _group_folds(dataset: Dataset, train: Array, k: int, rng: np.random.Generator) -> list[FoldIndex]:
    assert dataset.group is not None
    group, y = dataset.group[train], _classes(dataset)[train]
    count = len(np.unique(group))
    if count < 3:
        raise DataError(
            f"only {count} groups are left to train on; held-out, stopping and training rows each need one",
            where="rows.group",
            fix="remove `rows.group`, or give more groups",
        )
    if k > 1:
        dealt = deal_groups(group, y, [1 / min(k, count)] * min(k, count), rng)
        held = [dealt == part for part in range(int(dealt.max()) + 1)]
        if all(len(np.unique(group[~mask])) >= 2 for mask in held):
            return [_stop_by_group(dataset, train, mask, rng) for mask in held]
    rest = 1 - HOLDOUT_SHARE
    dealt = deal_groups(group, y, [HOLDOUT_SHARE, rest * STOP_SHARE, rest * (1 - STOP_SHARE)], rng)
    return [FoldIndex(train[dealt == 2], train[dealt == 1], train[dealt == 0])]


def _stop_by_group(dataset: Dataset, train: Array, held: Array, rng: np.random.Generator) -> FoldIndex:
    assert dataset.group is not None
    rest = train[~held]
    dealt = deal_groups(dataset.group[rest], _classes(dataset)[rest], [STOP_SHARE, 1 - STOP_SHARE], rng)
    return FoldIndex(rest[dealt == 1], rest[dealt == 0], train[held])


def _time_folds(dataset: Dataset, train: Array, k: int) -> list[FoldIndex]:
    """Each fold is fitted on what is older than its held-out block; the newest block is fold 0 (most to fit on)."""
    assert dataset.time is not None
    time = dataset.time[train]
    starts = [1 - HOLDOUT_SHARE] if k == 1 else [0.5 + 0.5 * part / k for part in range(k)]
    cuts = sorted({_cut(time, share, 2) for share in starts})
    folds = []
    for cut, end in zip(cuts, [*cuts[1:], None], strict=True):
        held = train[(time >= cut) & (time < end)] if end is not None else train[time >= cut]
        older = train[time < cut]
        if len(np.unique(dataset.time[older])) < 2:
            continue
        older = _purged(dataset, older, held)
        stop_cut = _cut(dataset.time[older], 1 - STOP_SHARE, 1)
        stop = older[dataset.time[older] >= stop_cut]
        fit = _purged(dataset, older[dataset.time[older] < stop_cut], stop)
        folds.append(FoldIndex(fit, stop, held))
    if not folds:
        raise DataError(
            "too few different moments to hold newer rows out",
            where="rows.time",
            fix="remove `rows.time`, or give rows of more moments",
        )
    return folds[::-1]
