"""`Table`: a mapping of equally long numpy columns, and nothing else.

| type of the column | array |
|---|---|
| number | float64, NaN = null |
| integer | int64, or float64 with NaN where nulls are |
| boolean, category, text, json | object, None = null (a boolean column holds bool, a category its labels) |
| timestamp | datetime64[us] in UTC, NaT = null |
| vector | 2-D float32; inside a program also 2-D float64 (decision 0002) |
| bytes | object of bytes |
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Table = Mapping[str, Array]

#: Columns every program answers with. `probability` is 2-D float64, one column a label in `Task.labels` order.
PREDICTION = "prediction"
PROBABILITY = "probability"
#: Columns of a number's prediction interval, float64; NaN where the answer is not finite.
LOW = "low"
HIGH = "high"
#: Optional column of an answer: None where the row was answered, else why it was not (scored as wrong).
ERROR = "error"
#: Optional column of a program's answers: what the row took, an object with `cost` in dollars (null = unknown), `input`
#: and `output` tokens, `seconds` and `model`; None where no other machine or model server was asked.
USAGE = "usage"
#: Columns that trials keep beside the answers: dollars a row took (NaN = unknown); whether each check passed (2-D, 0 or
#: 1); how sure the judge is that the answer is good (0 to 1).
COST = "cost"
CHECKED = "checked"
VERDICT = "verdict"


def rows_in(table: Table) -> int:
    """Number of rows; 0 for a table without columns."""
    return next((len(column) for column in table.values()), 0)


def take(table: Table, index: Array) -> dict[str, Array]:
    """The rows named by an integer or boolean index, in its order."""
    return {name: column[index] for name, column in table.items()}


def concat(tables: Sequence[Table]) -> dict[str, Array]:
    """Tables with the same columns, one below the other."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def object_column(values: Sequence[Any]) -> Array:
    """An object column of the values as they are (numpy would else unpack lists into dimensions)."""
    column = np.empty(len(values), dtype=object)
    column[:] = list(values) if not isinstance(values, np.ndarray) else values
    return column
