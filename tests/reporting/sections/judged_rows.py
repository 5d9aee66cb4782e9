"""Judged rows without a build: targets, and what was said of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.insight.evidence import Evidence
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import units_of
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Label, Type


def judged(
    table: dict[str, Array],
    target: Any,
    *,
    chance: Array | None = None,
    said: Any = None,
    labels: Sequence[Label] = (),
    output: Type | None = None,
    kinds: dict[str, Type] | None = None,
    group: Array | None = None,
) -> Judged:
    """Numbers without `labels`, else one label with its probabilities; `output` for other answers."""
    types = kinds or {name: Type(type="number") for name in table}
    base: Any = "boolean" if list(labels) == [False, True] else "category"
    kind = output or (Type(type=base, labels=tuple(labels)) if labels else Type(type="number"))
    truth = target if isinstance(target, np.ndarray) else np.asarray(target)
    dataset = Dataset(Task(data=Data(), inputs=types, output={"y": kind}), table, truth, group=group)
    if said is None:
        assert chance is not None
        said = object_column(list(labels))[chance.argmax(axis=1)]
    rows = np.arange(len(truth))
    evidence = Evidence(dataset, rows, truth, np.asarray(said), chance, "linear", "k")
    return Judged(evidence, {}, units_of(dataset, rows), len(rows))
