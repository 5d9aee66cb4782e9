"""A column whose values give the target away.

Sure: it leaves under 0.5 % of the error of a number, or under 2 % of that of classes. By rank: two classes, an AUC
above 0.995. Both where the other columns do not come near: a task on which many columns are nearly perfect is an easy
task, and honest. Alone: it leaves under 1 % (6 % for classes; or has just as many values as there are classes, as a
copy has, and agrees with them by a kappa of 0.85: Cohen 1960), while every other column leaves 40 % and more: what
hides a copy under noise hides it under little, and nothing honest stands as far above all the rest. A vector is looked
at in the coordinates that follow the target most.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.quality.leaks import Case, Finding
from smeaton.quality.leaks._abreast import batches, codes_abreast, tell_abreast
from smeaton.quality.leaks._tells import codes_of, tells
from smeaton.task.table import Array

#: Share of the baseline's error a single column may leave before it is a suspect, for certain and where it is alone.
_LEFT = {"number": 0.005, "class": 0.02}
_ALONE = {"number": 0.01, "class": 0.06}
_OTHERS = 0.4
_KAPPA = 0.85
_AUC = 0.995
#: More near-perfect columns than this share of all make an easy task, not a leak.
_MANY = 0.3
_NEAR = 4
_COORDINATES = 3


@dataclass(frozen=True, slots=True)
class _Seen:
    name: str
    left: float
    auc: float
    values: int


class Value:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns that tell the target by their values alone."""
        if not case.judged:
            return []
        best = _numbers_of_classes(case) if case.labels else {}
        for name, column in _columns(case, best):
            codes, curve = codes_of(column)
            told = tells(codes, curve, case.target, case.labels)
            if name not in best or told.left < best[name].left:
                best[name] = _Seen(name, told.left, told.auc, int(codes.max()) + 1)
        best = {name: best[name] for name in case.dataset.table if name in best}
        return [
            Finding("gives the target away", (one.name,), _words(one, how))
            for one, how in _judge(case, [*best.values()])
        ]


part = Value()


def _numbers_of_classes(case: Case) -> dict[str, _Seen]:
    """What the columns of numbers and moments tell of classes."""
    found: dict[str, _Seen] = {}
    table = case.dataset.table
    names = [name for name, column in table.items() if column.ndim == 1 and column.dtype != object]
    for some, matrix in batches(table, names, case.sample, case.labels):
        codes, curve, values = codes_abreast(matrix)
        told = tell_abreast(codes, curve, case.target, case.labels)
        seen = zip(some, told, values.tolist(), strict=True)
        found |= {name: _Seen(name, one.left, one.auc, count) for name, one, count in seen}
    return found


def _columns(case: Case, known: Collection[str]) -> Iterator[tuple[str, Array]]:
    """The columns, without those `known`; of a vector some of its coordinates."""
    for name, column in case.dataset.table.items():
        if name in known:
            continue
        values = np.asarray(column[case.sample])
        if values.ndim == 1:
            yield name, values
            continue
        filled = np.nan_to_num(values.astype(np.float64))
        off = filled - filled.mean(axis=0)
        spread = np.sqrt((off**2).sum(axis=0))
        y = case.target.astype(np.float64)
        follows = np.abs(off.T @ (y - y.mean())) / np.where(spread > 0, spread, np.inf)
        for place in np.argsort(-follows, kind="stable")[:_COORDINATES]:
            yield name, values[:, place].astype(np.float64)


def _judge(case: Case, seen: list[_Seen]) -> Iterator[tuple[_Seen, str]]:
    kind = "class" if case.labels else "number"
    sure = [one for one in seen if one.left < _LEFT[kind]]
    by_rank = [one for one in seen if one.auc > _AUC and one not in sure]
    near = [one for one in seen if one.auc > 0.98]
    if len(near) > max(1, _MANY * len(seen)):
        by_rank = []
    easy = sum(one.left < _NEAR * _LEFT[kind] for one in seen) > max(2, _MANY * len(seen))
    if not easy:
        yield from ((one, "left") for one in sure)
        yield from ((one, "auc") for one in by_rank)
    rest = sorted((one for one in seen if one not in sure and one not in by_rank), key=lambda one: one.left)
    if sure or by_rank or len(rest) < 3 or rest[1].left < _OTHERS:
        return
    if rest[0].left < _ALONE[kind] or (rest[0].values == case.labels and _kappa(rest[0], case) > _KAPPA):
        yield rest[0], "alone"


def _kappa(one: _Seen, case: Case) -> float:
    """Agreement of a column with the classes beyond chance, from the errors that it leaves."""
    shares = np.bincount(case.target.astype(np.int64)) / len(case.target)
    return 1 - one.left * float(1 - shares.max()) / float(1 - (shares**2).sum())


def _words(one: _Seen, how: str) -> str:
    said = f"its AUC is {one.auc:.4f}" if how == "auc" else f"it leaves {one.left:.2%} of the error"
    more = ", and no other column comes near" if how == "alone" else ""
    return f"{one.name!r} alone tells the target: {said} on rows it was not learnt from{more}. " + KNOWN


KNOWN = "Is it known when the question is asked?"
