"""Builds that hold nothing but rows, their parts and what was found: made in no time, of any kind of table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.data.split import make_folds, split_test
from smeaton.insight.evidence import Evidence
from smeaton.insight.forms import Report
from smeaton.leaderboard.forms import Board, Row
from smeaton.quality.parts import drifts
from smeaton.reporting.build import Build
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, RowRoles, Source, Task
from smeaton.task.types import Type

HOSTILE = "</title><script>alert(1)</script> & 'x' \"y\""
YES_NO = Type(type="boolean", labels=(False, True))


def dataset(
    table: Mapping[str, Array],
    kinds: Mapping[str, str],
    target: Array,
    output: Type = YES_NO,
    *,
    time: Array | None = None,
    group: Array | None = None,
    notes: tuple[str, ...] = (),
    **roles: Any,
) -> Dataset:
    """Rows of a table with their target `y`; `kinds` are the types of the columns."""
    roles |= {"time": "when"} if time is not None else {}
    roles |= {"group": "who"} if group is not None else {}
    task = Task(
        data=Data(examples=Source(files=("rows.csv",))),
        output={"y": output},
        inputs={name: Type(type=kind, optional=True) for name, kind in kinds.items()},  # type: ignore[arg-type]
        rows=RowRoles(**roles),
    )
    return Dataset(task, dict(table), target, time=time, group=group, notes=notes)


def build_of(rows: Dataset, folds: int = 3, found: Report | None = None) -> Build:
    """A build of these rows whose bundle is gone. Without `found` only the drift of the rows is known."""
    build = Build(Path("nowhere"), Path("nowhere/build"), Path("nowhere/rows.bundle"))
    train, _ = split_test(rows, 0)
    parts = make_folds(rows, train, folds, 0)
    every = np.arange(len(rows))
    shown = Report(task="rows", target="y", solution="linear", trial="t", rows=len(rows))
    row = Row(key="t", family="linear", state="done")
    vars(build).update(
        task=rows.task,
        board=Board(task="rows", metric="accuracy", better="higher", unit="share", rows=(row,), winner="t"),
        evidence=Evidence(rows, every, rows.target, rows.target, None, "linear", "t"),
        folds=parts,
        manifest=None,
        found=found or replaced(shown, drifts=tuple(drifts(rows, parts))),
    )
    return build


def replaced(report: Report, **changes: Any) -> Report:
    """The same report with other parts."""
    return Report(**{name: getattr(report, name) for name in report.__struct_fields__} | changes)


def plain(count: int = 400, seed: int = 0, **roles: Any) -> Dataset:
    """Numbers, categories with gaps and moments; the answer follows from `age`, and so do the gaps of `spend`."""
    draw = np.random.default_rng(seed)
    age = draw.uniform(20, 70, count)
    region = object_column(draw.choice(["north", "south", HOSTILE], count).tolist())
    region[draw.random(count) < 0.1] = None
    spend = np.where(age > 50, np.nan, draw.lognormal(3, 1, count))
    moments = np.datetime64("2024-01-01", "us") + draw.integers(0, 300 * 86_400, count).astype("timedelta64[s]")
    table = {"age": age, "region": region, "spend": spend, "seen": moments}
    kinds = {"age": "number", "region": "category", "spend": "number", "seen": "timestamp"}
    return dataset(table, kinds, (age + draw.normal(0, 8, count) > 45).astype(np.int64), **roles)
