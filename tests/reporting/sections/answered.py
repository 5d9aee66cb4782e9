"""Builds that hold nothing but answers: made in no time, of any kind of task."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.leaderboard.forms import BOARD_FILE, Board, Row
from smeaton.reporting.build import Build
from smeaton.task.arrays import save_table
from smeaton.task.table import PREDICTION, PROBABILITY, Array, object_column
from smeaton.task.task import Data, RowRoles, Source, Task
from smeaton.task.types import Type
from smeaton.trials.evaluate import OOF, ROW

KEY = "k-1-0"


def answered(root: Path, output: Type, target: Array, said: dict[str, Array], **more: Any) -> Build:
    """A build in `root` whose winner answered row i of the dataset with row i of `said`. `more`: `weight`, `group` and
    `time` columns, and fields of the task."""
    roles = {name: more.pop(name) for name in ("weight", "group", "time") if name in more}
    named: dict[str, Any] = {name: name for name in roles}
    task = Task(
        data=Data(examples=Source(files=("rows.csv",))),
        output={"answer": output},
        inputs={"x": Type(type="number")},
        rows=RowRoles(**named),
        **more,
    )
    Dataset(task, {"x": np.arange(len(target), dtype=np.float64)}, target, **roles).save(root / "data")
    save_table({ROW: np.arange(len(target)), **said}, root / "trials" / KEY / OOF)
    row = Row(key=KEY, family="fake", state="done")
    board = Board(task="t", metric="m", better="higher", unit="", rows=(row,), winner=KEY)
    (root / BOARD_FILE).write_bytes(msgspec.json.encode(board))
    return Build(root, root, root / "none.bundle")


def two_labels(rows: int = 400, seed: int = 0) -> tuple[Array, Array]:
    """Codes of a rare second label, and probabilities (rows, 2) that are exactly right."""
    draw = np.random.default_rng(seed)
    chance = draw.beta(1.2, 3.0, rows)
    return (draw.random(rows) < chance).astype(np.int64), np.stack([1 - chance, chance], axis=1)


def classes(labels: int, rows: int, seed: int = 0) -> tuple[Array, Array]:
    """Codes, and probabilities (rows, labels) that are exactly right."""
    draw = np.random.default_rng(seed)
    chance = draw.dirichlet(np.full(labels, 0.4), rows)
    code = (draw.random(rows)[:, None] > np.cumsum(chance, axis=1)).sum(axis=1)
    return np.minimum(code, labels - 1), chance


def likeliest(chance: Array, labels: tuple[Any, ...]) -> dict[str, Array]:
    """Answers with the likeliest label."""
    return {PREDICTION: object_column(labels)[chance.argmax(axis=1)], PROBABILITY: chance}
