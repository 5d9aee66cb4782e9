"""What spoke for an answer: how much of it is lost when one column takes the values of other rows (occlusion: Zeiler
and Fergus 2014), asked of the very program that gave the answer."""

from collections.abc import Sequence

import numpy as np

from smeaton.reporting.sections._asked import Asked, Part
from smeaton.reporting.sections._patience import Patience
from smeaton.task.table import Array

_OTHERS = 6  # rows whose values are put in
_COLUMNS = 12


def spoke(
    work: Asked, places: Sequence[int], codes: Sequence[int], columns: Sequence[str], patience: Patience
) -> dict[int, list[tuple[str, float]]]:
    """For each place in the evidence the columns that spoke for its answer, the strongest first: how much higher the
    probability of the answered label (`codes`, a place among the labels) or the number (-1) is than on average without
    the column. Places that there was no time for are left out."""
    found = dict[int, list[tuple[str, float]]]()
    owner = {place: part for part in work.parts for place in part.places.tolist()}
    for place, code in zip(places, codes, strict=True):
        part = owner.get(place)
        if part is None:
            continue
        names = [name for name in columns if name in part.engine.program.inputs][:_COLUMNS]
        if (1 + len(names) * _OTHERS) * work.pace > patience.left():
            break
        row = part.rows[int(np.flatnonzero(part.places == place)[0])]
        found[place] = _lost(work, part, int(row), code, names)
    return found


def _lost(work: Asked, part: Part, row: int, code: int, names: list[str]) -> list[tuple[str, float]]:
    others = part.rows[part.rows != row][:_OTHERS]
    count = len(others)
    if not names or not count:
        return []
    table = work.table(part, np.full(1 + len(names) * count, row))
    for number, name in enumerate(names):
        column = np.array(table[name])
        column[1 + number * count : 1 + (number + 1) * count] = work.dataset.table[name][others]
        table[name] = column
    numbers = work.numbers(part, table)
    if not numbers.shape[1]:
        return []
    said: Array = numbers[:, max(0, code)]
    without = said[1:].reshape(len(names), count).mean(axis=1)
    lost = [(name, float(said[0] - one)) for name, one in zip(names, without.tolist(), strict=True)]
    return sorted(lost, key=lambda one: -abs(one[1]) if code < 0 else -one[1])
