"""The file form of a task: `smeaton.yaml`, strict YAML 1.2, and the same grammar from a Python mapping.

Reading needs ruamel.yaml (the extra `build`), imported only when a file is read: a service never reads one.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smeaton.errors import TaskError
from smeaton.task import grammar
from smeaton.task._text_file import write_text_file
from smeaton.task.items import Item, from_python
from smeaton.task.ownform import MODEL_FILES, REFERENCE
from smeaton.task.source import DATA_PARTS
from smeaton.task.task import Source, Task
from smeaton.task.writer import task_text
from smeaton.task.yamltree import from_yaml

TASK_FILE = "smeaton.yaml"
_LARGEST_FILE = 2_000_000  # bytes; a task is a page


def read_task(path: Path) -> Task:
    """The task of a file. Its folder is the file's.

    Raises:
        TaskError: no such file, or not one task in our grammar; `where` is `FILE:LINE:COLUMN`.
        ExtraMissing: ruamel.yaml is not installed.
    """
    path = Path(path)
    return parse_task(_text(path), str(path), path.parent)


def parse_task(text: str, where: str, folder: Path) -> Task:
    """The task of a text; `where` is the file as errors name it, `folder` where relative paths start.

    Raises:
        TaskError: as `read_task`.
    """
    return grammar.read(from_yaml(text, where), Path(folder))


def task_from(mapping: Mapping[str, Any], folder: Path) -> Task:
    """The task of a Python mapping in the same grammar, as strictly: `{"smeaton": 1, "data": "a.csv", ...}`.

    Raises:
        TaskError: `where` is the path inside the mapping, such as `task.limits.p95`.
    """
    return grammar.read(from_python(mapping, "task"), Path(folder))


def write_task(task: Task, path: Path) -> None:
    """Write a task as a file that reads back equal; it appears whole or not at all.

    Raises:
        TaskError: a file that says something else stands there, or the folder cannot be written.
    """
    path = Path(path)
    text = task_text(task)
    if path.exists():
        if read_task(path).with_(folder=task.folder) != task:
            raise TaskError(
                "a different task stands there already", fix="write elsewhere, or remove the file", where=str(path)
            )
        return
    write_text_file(path, text, "the task")


def check_files(task: Task, path: Path | None = None) -> None:
    """Check that the local files a task names are there: data (globs match something) and code.

    `path` is the task's file, for line and column; without it, it is looked for in the task's folder.

    Raises:
        TaskError: the first file that is missing.
    """
    folder = Path(task.folder)
    for keys, name in _files(task):
        if _there(folder, name):
            continue
        place = _place(task, keys, path)
        raise TaskError(f"there is no file {name}", fix=_missing_fix(folder, name), where=place)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise TaskError("the file is too large for a task", fix="give the task file, not the data", where=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TaskError(
            "the file is not UTF-8 text", fix="save it as UTF-8", where=f"{path}:byte {error.start}"
        ) from error
    except FileNotFoundError as error:
        raise TaskError(f"there is no file {path}", fix="check the path", where=str(path)) from error
    except OSError as error:
        raise TaskError(f"the file cannot be read: {error.strerror}", fix="check the path", where=str(path)) from error


def _files(task: Task) -> list[tuple[tuple[str | int, ...], str]]:
    """The local files of a task, each with the keys that lead to it."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    for part in DATA_PARTS:
        source: Source | None = getattr(task.data, part)
        if source is not None:
            found += [((part, "files", number), name) for number, name in enumerate(source.files)]
            found += [((part, "tables", table), name) for table, name in source.tables.items()]
    found = [(("data", *keys), name) for keys, name in found if _is_local(name)]
    code: list[tuple[tuple[str | int, ...], str]] = [(("metric",), task.metric or "")]
    code += [(("checks", number), name) for number, name in enumerate(task.checks)]
    code += [(("solutions", "add", number), name) for number, name in enumerate(task.solutions.add)]
    code += [(("tools", "use", number), name) for number, name in enumerate(task.tools.use if task.tools else ())]
    if task.judge is not None and task.judge.labelled is not None:
        found.append((("judge", "labelled"), task.judge.labelled))
    found += [(keys, name.rsplit(":", 1)[0]) for keys, name in code if REFERENCE.fullmatch(name)]
    found += [(keys, name) for keys, name in code if name.endswith(MODEL_FILES) and _is_local(name)]
    return found


def _is_local(name: str) -> bool:
    return "://" not in name and "${" not in name and not ("=" in name and " " in name)


def _there(folder: Path, name: str) -> bool:
    path = folder / os.path.expanduser(name)
    if path.exists() or any((folder / file).is_file() for file in _before_parts(name)):
        return True
    return any(mark in name for mark in "*?[") and any(True for _ in _glob(folder, name))


def _before_parts(name: str) -> list[str]:
    """The files that `book.xlsx#Sheet` may mean: what stands before a `#`."""
    return [os.path.expanduser(name[:place]) for place, letter in enumerate(name) if letter == "#" and place]


def _glob(folder: Path, name: str) -> Any:
    import glob

    return glob.iglob(os.path.expanduser(name), root_dir=folder, recursive=True)


def _missing_fix(folder: Path, name: str) -> str:
    import difflib

    parent = (folder / name).parent
    if not parent.is_dir():
        return f"there is no folder {parent} either; paths start at the task's folder"
    near = difflib.get_close_matches(Path(name).name, [entry.name for entry in parent.iterdir()], 1)
    return f"did you mean {Path(name).with_name(near[0])}?" if near else f"put it into {parent}, or correct the path"


def _place(task: Task, keys: tuple[str | int, ...], path: Path | None) -> str:
    """Where in the task's file a path stands; the keys alone where there is no file."""
    words = ".".join(str(key) for key in keys)
    folder = Path(task.folder)
    for file in [path] if path else [folder / TASK_FILE, *sorted(folder.glob("*.y*ml"))]:
        if not file.is_file():
            continue
        try:
            root = from_yaml(_text(file), str(file))
            same = grammar.read(root, folder).with_(budget=task.budget) == task
        except TaskError:  # another file of the folder, not this task's
            continue
        if same:
            return _follow(root, keys).where
    return f"task.{words}"


def _follow(item: Item, keys: tuple[str | int, ...]) -> Item:
    """As far down as the keys lead; a short form (`data: path`) ends earlier."""
    for key in keys:
        inside = key in item.value if isinstance(item.value, dict) else isinstance(item.value, list)
        if inside:
            item = item.value[key]
    return item
