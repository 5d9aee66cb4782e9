"""What the rows say of a new task: types, what is no input, time, group, suspects. Tried, as a build would."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from smeaton.data._gaps import infer_column
from smeaton.data._screen import is_id_name, null_mask, screen
from smeaton.data.dataset import Dataset
from smeaton.data.load import load
from smeaton.data.profile import profile
from smeaton.data.read import Raw
from smeaton.data.split import make_folds, split_test
from smeaton.errors import DataError
from smeaton.quality.probe import probe
from smeaton.task.profile import Profile, Suspect
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.task.values import parse_column

_WHEN = re.compile(
    r"(?i:(^|[_\W])(date|time|timestamp|day|month|week|when|created|opened|at|on)($|[_\W]))|[a-z](At|On|Date|Time)$"
)
_ORDERED = 0.99
_FEWEST_MOMENTS = 20
_GROUPS = "groups on both sides"
_FOLDS = 5


@dataclass(slots=True)
class Found:
    """What the rows say. `left_out` columns with the reason, `evidence` for each role, `hints` for whom to decide."""

    task: Task
    dataset: Dataset
    profile: Profile
    left_out: dict[str, str]
    evidence: dict[str, str]
    hints: list[str]
    suspects: list[Suspect]


def look(task: Task, raw: Raw) -> Found:
    """Settle inputs and roles of a task whose inputs are open.

    Raises:
        DataError: nothing can be built from these rows.
    """
    types, left_out = _inputs(task, raw)
    every = types
    evidence: dict[str, str] = {}
    hints: list[str] = []
    named = next((name for name, why in left_out.items() if "an id" in why and is_id_name(name)), None)
    if named is not None:
        del left_out[named]
        task = _with_role(task, id=named)
        evidence["id"] = f"{named} is different in every row and never a feature"
    for name, why in _times(raw, types):
        if task.rows.time is None and why.startswith("the rows"):
            task, types = _with_role(task, time=name), _without(types, name)
            evidence["time"] = f"{why} {name}: so the test is the newest rows, and nothing learns from the future"
        else:
            hints.append(f"{name!r} may be the row's own time: rows: {{time: {_key(name)}}} tests on the newest rows.")
    task = task.with_(inputs=types)
    dataset, kept, suspects, task = _tried(task, raw, every, evidence, hints)
    grouped = next((one.columns[0] for one in suspects if one.kind == _GROUPS), None)
    if grouped is not None:
        with_group = _with_role(task, group=grouped).with_(inputs=_without(task.inputs or {}, grouped))
        evidence["group"] = (
            f"rows with the same {grouped} agree on the target: kept on one side of the split, so that the score holds "
            f"for a new {grouped} (take the group out if only known ones will come)"
        )
        dataset, kept, suspects, task = _tried(with_group, raw, every, evidence, hints)
    hints += _repeating(raw, task)
    return Found(task, dataset, kept, left_out, evidence, hints, suspects)


def _inputs(task: Task, raw: Raw) -> tuple[dict[str, Type], dict[str, str]]:
    """Types of the columns that can serve, and why the others cannot."""
    types: dict[str, Type] = {}
    left_out: dict[str, str] = {}
    held = ~null_mask(raw.table[task.target])
    for name, whole in raw.table.items():
        if name == task.target:
            continue
        column = whole[held]
        kind, parsed = infer_column(column, name)
        dropped = screen({name: parsed}, {name: kind})
        if dropped.names:
            left_out[name] = dropped.notes[0].split("left out: ", 1)[-1].split(" (name it")[0]
        else:
            types[name] = kind
    if not types:
        raise DataError(
            "no column is left to learn from: " + "; ".join(f"{name!r}: {why}" for name, why in left_out.items()),
            where=raw.where,
            fix="give data with columns that tell the rows apart",
        )
    return types, left_out


def _times(raw: Raw, types: dict[str, Type]) -> list[tuple[str, str]]:
    """Columns that may be the row's own time, with the evidence; the file's order first."""
    found = []
    for name, kind in types.items():
        if kind.type != "timestamp" or kind.optional:
            continue
        moments, faults = parse_column(raw.table[name], kind, name)
        if faults or np.isnat(moments).any() or len(np.unique(moments)) < _FEWEST_MOMENTS:
            continue
        steps = np.diff(moments).astype(np.int64)
        share = max(float((steps >= 0).mean()), float((steps <= 0).mean()))
        if share >= _ORDERED:
            found.append((name, "the rows stand in the order of"))
        elif _WHEN.search(name):
            found.append((name, "its name says so"))
    return sorted(found, key=lambda one: not one[1].startswith("the rows"))


def _tried(
    task: Task, raw: Raw, types: dict[str, Type], evidence: dict[str, str], hints: list[str]
) -> tuple[Dataset, Profile, list[Suspect], Task]:
    """Load and split as a build does; a role that the rows do not allow is an input again (of `types`), and said."""
    while True:
        dataset = load(task, raw)
        try:
            train, test = split_test(dataset, 0)
            make_folds(dataset, train, _FOLDS, 0)
        except DataError as error:
            role = next((one for one in ("group", "time") if getattr(task.rows, one) is not None), None)
            if role is None:
                raise
            name = str(getattr(task.rows, role))
            hints.append(f"{name!r} was not taken for rows.{role}: {error.message}.")
            evidence.pop(role, None)
            task = _with_role(task, **{role: None}).with_(inputs={**(task.inputs or {}), name: types[name]})
            continue
        suspects, notes = probe(dataset, train, test)
        known = profile(dataset, train)
        return dataset, msgspec.structs.replace(known, notes=(*known.notes, *notes)), suspects, task


def _repeating(raw: Raw, task: Task) -> list[str]:
    """Columns called as ids are whose values repeat: who knows what they are must say whether they are groups."""
    if task.rows.group is not None:
        return []
    names: Sequence[str] = [name for name in task.inputs or {} if is_id_name(name)]
    return [
        f"{name!r} is named as an id and its values repeat: rows: {{group: {_key(name)}}} keeps the rows of one on one "
        "side of the split."
        for name in names
        if len({repr(cell) for cell in raw.table[name].tolist()}) < len(raw)
    ]


def _with_role(task: Task, **roles: str | None) -> Task:
    return task.with_(rows=msgspec.structs.replace(task.rows, **roles))


def _without(types: dict[str, Type], name: str) -> dict[str, Type]:
    return {one: kind for one, kind in types.items() if one != name}


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and not name[0].isdigit() else f'"{name}"'
