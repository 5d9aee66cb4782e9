"""`smeaton.lock`: what a build pinned, held against what the next one infers."""

import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec

from smeaton.bundle.environment import environment
from smeaton.data.dataset import Dataset
from smeaton.errors import InputError
from smeaton.flow.request import Request
from smeaton.task.infer import vocabulary
from smeaton.task.lock import LOCK_FILE, Lock, differences, read_lock, unlisted, write_lock
from smeaton.task.table import Array

_SHOWN = 12  # differences said; a wide table may have thousands


def load_pinned(request: Request) -> Dataset:
    """The rows of a request, typed as the lock beside the task says where the data is what it was. Lets go of its rows
    as they were read.

    Raises:
        DataError, RowsError, TaskError: as `data.load.load`; a lock that cannot be read.
    """
    try:
        return _load(request)
    finally:
        request.forget()


def _load(request: Request) -> Dataset:
    from smeaton.data.load import load

    dataset = load(request.task, request.raw)
    lock = read_lock(request.folder / LOCK_FILE)
    if lock is None or request.task.inputs is not None or lock.inputs == unlisted(dataset.task.input_types):
        return dataset
    if set(lock.output) != {request.task.target}:
        return dataset
    try:
        pinned = load(request.task.with_(inputs=lock.inputs), request.raw)
    except InputError:  # the rows are others than those the lock was written for: what was inferred from them stands
        return dataset
    if pinned.hash != lock.data:
        return dataset
    note = f"the types of the columns are those of {LOCK_FILE}; remove it to infer them anew"
    return replace(pinned, notes=(*pinned.notes, note))


def renew_lock(folder: Path, dataset: Dataset, test: Array, plan: tuple[str, ...]) -> list[str]:
    """Write the lock; returns what changed since the one that stood there, in words."""
    path = folder / LOCK_FILE
    task = dataset.task
    columns = {name: kind for name, kind in task.input_types.items() if kind.type == "category"}
    new = Lock(
        inputs=unlisted(task.input_types),
        output=task.output,
        vocabularies={name: vocabulary(dataset.table[name]) for name in columns},
        data=dataset.hash,
        split=hashlib.sha256(test.tobytes()).hexdigest()[:16],
        plan=plan,
        versions=environment(),
    )
    old = read_lock(path)
    write_lock(path, new)
    if old is None or set(old.output) != set(new.output):
        return []
    # The plan follows the clock of the day; only what the rows decide is held against the lock.
    found = differences(old, msgspec.structs.replace(new, plan=old.plan))
    more = [f"and {len(found) - _SHOWN} more changes"] if len(found) > _SHOWN else []
    return found[:_SHOWN] + more
