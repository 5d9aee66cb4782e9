"""From typed columns and a target to the dataset that is searched over, with the task it states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data._roles import read_roles
from smeaton.data.dataset import Dataset, content_hash
from smeaton.data.read import read
from smeaton.estimator.brought import reference_of
from smeaton.estimator.columns import Learnt
from smeaton.estimator.target import Target
from smeaton.task.table import Array, take
from smeaton.task.task import Budget, Data, RowRoles, Solutions, Source, Task, TestShare

_NAME = "model"
_GROUPS, _WEIGHT = "groups", "sample_weight"

#: Names of families; or a mapping with `only`, `never`, `add` (which may give estimators by name); or all that a task
#: file can say.
Wanted = Sequence[str] | Mapping[str, Any] | Solutions | None


@dataclass(frozen=True, slots=True)
class Roles:
    """What rows have besides columns and target: weights (rows,) float64 > 0, and group codes (rows,) int64."""

    weight: Array | None = None
    group: Array | None = None


def make_dataset(learnt: Learnt, target: Target, roles: Roles, used: Array | None, terms: Mapping[str, Any]) -> Dataset:
    """The rows `used` (None: all) of the columns with their target, already of those rows; `terms` are further keys of
    the task."""
    table = learnt.table if used is None else take(learnt.table, used)
    task = Task(
        name=_NAME,
        data=Data(examples=Source(files=("memory",))),
        inputs=learnt.types,
        output={target.name: target.type},
        rows=RowRoles(group=None if roles.group is None else _GROUPS, weight=None if roles.weight is None else _WEIGHT),
        test=TestShare(share=0),
        **terms,
    )
    extra = {f"rows.{name}": one for name, one in (("group", roles.group), ("weight", roles.weight)) if one is not None}
    digest = content_hash({**table, **extra, f"output {target.name}": target.values})
    return Dataset(task, table, target.values, group=roles.group, weight=roles.weight, hash=digest)


def read_groups(groups: Any) -> Array | None:
    """Codes of groups, (rows,) int64; a row of no known group is one of its own.

    Raises:
        ValueError: they are not one value a row.
    """
    if groups is None:
        return None
    values = groups.to_numpy() if hasattr(groups, "to_numpy") else np.asarray(groups)
    if values.ndim != 1:
        raise ValueError(f"groups must be one value a row, not of shape {values.shape}")
    column = dict(read({_GROUPS: values}, Path(".")).table)
    return read_roles(RowRoles(group=_GROUPS), [column], _GROUPS)[0].group


def read_budget(budget: Any) -> Budget:
    """Seconds as a task has them, at least 1.

    Raises:
        ValueError: they are no seconds.
    """
    if isinstance(budget, bool) or not isinstance(budget, int | float | np.number):
        raise ValueError(f"budget must be seconds, not {budget!r}")
    if not 0 < budget < float("inf"):
        raise ValueError(f"budget must be a number of seconds above 0, not {budget!r}")
    return Budget(time=max(1.0, float(budget)))


def read_solutions(wanted: Wanted) -> Solutions:
    """What may be tried; estimators that are brought, by what they are called.

    Raises:
        ValueError: it has none of the forms of `Wanted`.
    """
    if wanted is None or isinstance(wanted, Solutions):
        return wanted or Solutions()
    if isinstance(wanted, Mapping) and set(wanted) <= {"only", "never", "add"}:
        own = tuple(map(reference_of, read_brought(wanted)))
        parts = {**wanted, "add": own or wanted.get("add", ())}
        if all(part is None or _names(part) for part in parts.values()):
            only = wanted.get("only")
            return Solutions(
                only=None if only is None else tuple(only),
                never=tuple(parts.get("never") or ()),
                add=tuple(parts["add"]),
            )
    elif _names(wanted) and isinstance(wanted, Sequence):
        return Solutions(only=tuple(wanted))
    raise ValueError(f"solutions must be names of families, or a mapping with only, never or add, not {wanted!r}")


def read_brought(wanted: Wanted) -> dict[str, Any]:
    """The estimators that are given by name; none where `add` names files."""
    add = wanted.get("add") if isinstance(wanted, Mapping) else None
    return dict(add) if isinstance(add, Mapping) else {}


def _names(given: object) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, str) and all(isinstance(one, str) for one in given)
