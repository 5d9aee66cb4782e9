"""`Fold`: the rows a family may see, and the rows it is judged on."""

from dataclasses import dataclass

from smeaton.task.table import Array, Table


@dataclass(frozen=True, slots=True)
class Rows:
    """Typed inputs with their target.

    `y` is float64 for numbers; for classes int64 codes into `Task.labels`; for many labels int8 0 and 1 of shape (rows,
    labels); for structures an object column of plain JSON values. `weight` is float64 or None. `index` are the rows'
    positions in the dataset (for stored predictions).
    """

    x: Table
    y: Array
    weight: Array | None
    index: Array

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold: rows to fit on, rows to stop on (disjoint), and the held-out inputs, whose target stays outside."""

    number: int
    train: Rows
    stop: Rows
    held: Table
    held_index: Array
