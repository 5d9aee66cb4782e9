"""`smeaton.lock`: what the build pinned, so that the next build and its readers see what changed.

JSON for people and machines: types, hashes, the plan in words, versions. It holds hashes of category values, never the
values of a column that is no output, and never a secret: `${NAME}` stays in the task.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from smeaton.errors import TaskError
from smeaton.task._text_file import write_text_file
from smeaton.task.task import Form
from smeaton.task.typeform import write_type
from smeaton.task.types import Type

LOCK_FILE = "smeaton.lock"


class Lock(Form, frozen=True, kw_only=True):
    """What was pinned. `vocabularies` are hashes of each category input's values (`infer.vocabulary`), `data` and
    `split` hashes of the rows and of which are train and test, `plan` the plan in words, `versions` of packages."""

    lock: Literal[1] = 1
    inputs: dict[str, Type]
    output: dict[str, Type]
    vocabularies: dict[str, str] = msgspec.field(default_factory=dict)
    data: str = ""
    split: str = ""
    plan: tuple[str, ...] = ()
    versions: dict[str, str] = msgspec.field(default_factory=dict)


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock; it appears whole or not at all.

    Raises:
        TaskError: the folder cannot be written, or a text of the lock holds `${`.
    """
    path = Path(path)
    text = msgspec.json.format(msgspec.json.encode(lock), indent=1).decode() + "\n"
    if "${" in text:
        raise TaskError("a lock must not hold ${NAME}", fix="keep secrets in data.tables alone", where=str(path))
    write_text_file(path, text, "the lock")


def read_lock(path: Path) -> Lock | None:
    """The lock of a file, None where there is none.

    Raises:
        TaskError: it is no lock this version understands; removing it is safe, the build writes it anew.
    """
    path = Path(path)
    fix = "remove the file; the next build writes it anew"
    try:
        data = path.read_bytes()
        json.loads(data, object_pairs_hook=_once)
        return msgspec.json.decode(data, type=Lock)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TaskError(f"the lock cannot be read: {error.strerror}", fix="check the path", where=str(path)) from error
    except (ValueError, RecursionError) as error:  # msgspec's and json's errors are ValueErrors
        raise TaskError(f"the lock is damaged or of another version: {error}", fix=fix, where=str(path)) from error


def unlisted(types: Mapping[str, Type]) -> dict[str, Type]:
    """Types without the values they know of inputs: these follow from the data again."""
    return {name: _unlisted(kind) for name, kind in types.items()}


def _unlisted(kind: Type) -> Type:
    fields = None if kind.fields is None else unlisted(kind.fields)
    of = None if kind.of is None else _unlisted(kind.of)
    return msgspec.structs.replace(kind, known=None, fields=fields, of=of)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def differences(old: Lock, new: Lock) -> list[str]:
    """What changed between two locks, one sentence each; empty where nothing did."""
    found = [*_types("input", old.inputs, new.inputs), *_types("output", old.output, new.output)]
    found += [
        f"the values of category {name!r} changed"
        for name, known in old.vocabularies.items()
        if new.vocabularies.get(name, known) != known
    ]
    if old.data != new.data:
        found.append("the data changed")
    if old.split != new.split:
        found.append("the split into train and test changed: scores before and after are not of the same rows")
    if old.plan != new.plan:
        found.append("the plan changed")
    for name in sorted(old.versions.keys() | new.versions.keys()):
        was, now = old.versions.get(name), new.versions.get(name)
        if was != now:
            found.append(f"{name}: {was or 'absent'} -> {now or 'absent'}")
    return found


def _types(what: str, old: Mapping[str, Type], new: Mapping[str, Type]) -> list[str]:
    found = [f"{what} {name!r} is gone" for name in old if name not in new]
    found += [f"{what} {name!r} is new" for name in new if name not in old]
    found += [
        f"{what} {name!r} was {_words(old[name])}, is {_words(new[name])}"
        for name in old
        if name in new and old[name] != new[name]
    ]
    return found


def _words(kind: Type) -> str:
    form = write_type(kind)
    text = form if isinstance(form, str) else json.dumps(form, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
