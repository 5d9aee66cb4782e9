"""The tables, and the split that every tool gets: the 17 of an index, and the generated ones.

A folder holds `INDEX.md` (lines such as `| titanic | binary, target column `Survived` | ...`) and `<set>/data.csv.gz`.
"""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from benchmarks.tabular import generated

Array = npt.NDArray[Any]
LINE = re.compile(r"^\|\s*(\w+)\s*\|\s*(regression|binary|multiclass), target column `([^`]+)`", re.M)
TEST_SHARE = 0.25
FLOOR = 1e-15


@dataclass(frozen=True)
class Set:
    """One table: its name, its kind (binary, multiclass, regression), the target column, its file (None: generated)."""

    name: str
    kind: str
    target: str
    path: Path | None

    @property
    def classes(self) -> bool:
        """Whether classes are predicted, and log-loss judged; else numbers, by RMSE."""
        return self.kind != "regression"


def tables_in(folder: Path | None) -> list[Set]:
    """The tables an index lists, in its order, then the generated ones."""
    text = (folder / "INDEX.md").read_text(encoding="utf-8") if folder else ""
    found = [
        Set(name, kind, target, Path(folder or "") / name / "data.csv.gz") for name, kind, target in LINE.findall(text)
    ]
    return found + [Set(name, kind, generated.make(name)[1], None) for name, (kind, _) in generated.GENERATORS.items()]


def text_of(one: Set) -> pd.DataFrame:
    """All rows as text, exactly as the CSV file has them."""
    source: Any = one.path
    if source is None:
        source = io.StringIO(generated.make(one.name)[0].to_csv(index=False))
    return pd.read_csv(source, dtype=str, keep_default_na=False, na_filter=False)


def split(one: Set, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows (75 % and 25 %, classes even) as text, with their place in the table as `_row`. Rows
    without a target are left out."""
    table = text_of(one)
    table = table[~table[one.target].isin(["", "NA", "nan"])].reset_index(names="_row")
    rank = np.random.default_rng([seed, 75]).random(len(table))
    test = np.zeros(len(table), dtype=bool)
    groups = table.groupby(one.target).indices.values() if one.classes else [np.arange(len(table))]
    for own in groups:
        test[own[np.argsort(rank[own])[: round(TEST_SHARE * len(own))]]] = True
    return table[~test], table[test]


def losses(classes: bool, truth: "pd.Series[Any]", answers: Array, labels: list[str]) -> Array:
    """Log-loss or squared error of each row. What was not answered, or has an unknown label, is as wrong as can be."""
    if not classes:
        worst = float(np.abs(truth.astype(float)).max())
        return np.square(np.nan_to_num(answers, nan=worst) - truth.to_numpy(dtype=float))
    codes = {label.lower(): code for code, label in enumerate(labels)}
    names = truth.astype(str).str.lower()
    place = names.map(codes).fillna(names.str.removesuffix(".0").map(codes)).fillna(-1).to_numpy(dtype=int)
    right = np.where(place >= 0, answers[np.arange(len(place)), place], 0.0)
    return -np.log(np.clip(np.nan_to_num(right), FLOOR, 1.0))


def value(classes: bool, rows: Array, weight: Array | None = None) -> Array:
    """Log-loss or RMSE from row losses (rows,), under weights (..., rows) if there are any."""
    mean = rows.mean() if weight is None else weight @ rows / weight.sum(axis=-1)
    return mean if classes else np.sqrt(mean)
