"""`Fold`: the rows a family may see, and the rows it is judged on."""

from dataclasses import dataclass
from typing import Any

from smeaton.task.table import Array, Table, take


@dataclass(frozen=True, slots=True)
class Rows:
    """Typed inputs with their target.

    `y` is float64 for numbers; for classes int64 codes into `Task.labels`; for many labels int8 0 and 1 of shape (rows,
    labels); for structures an object column of plain JSON values. `weight` is float64 or None. `index` are the rows'
    positions in the dataset (for stored predictions). `group` (int64 codes) and `time` (datetime64[us]) are None
    where the task has none: whatever splits the rows once more must keep groups whole and the future apart.
    """

    x: Table
    y: Array
    weight: Array | None
    index: Array
    group: Array | None = None
    time: Array | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, chosen: Array) -> "Rows":
        """Some of the rows, by position among them."""
        rest: list[Any] = [None if one is None else one[chosen] for one in (self.weight, self.group, self.time)]
        return Rows(take(self.x, chosen), self.y[chosen], rest[0], self.index[chosen], rest[1], rest[2])


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold: rows to fit on, rows to stop on (disjoint), and the held-out inputs, whose target stays outside."""

    number: int
    train: Rows
    stop: Rows
    held: Table
    held_index: Array
