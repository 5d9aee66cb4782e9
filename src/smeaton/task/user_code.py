"""A user's own code, named in the task as `file.py:name`: taken only from the task's own folder.

A task file is code: whoever reads one from elsewhere (a tool, a URL, an archive) must not come here. The module is run
once for each content of the file, with nothing added to `sys.path`, so what it imports must be installed.
"""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from smeaton.errors import TaskError
from smeaton.task.items import nearest
from smeaton.task.ownform import REFERENCE


def load_user(task_folder: Path, reference: str) -> Any:
    """What `file.py:name` names in the task's folder (or a folder below it).

    Raises:
        TaskError: the reference is malformed, leads out of the folder (`..`, an absolute path, a link), there is no
            such file or name, or the file raises when it is run.
    """
    module = load_module(task_folder, reference)
    file, name = reference.rsplit(":", 1)
    if not hasattr(module, name):
        public = [word for word in vars(module) if not word.startswith("_")]
        raise TaskError(f"{file} has no {name!r}", fix=nearest(name, public), where=reference)
    return getattr(module, name)


def load_module(task_folder: Path, reference: str) -> ModuleType:
    """The module of the file that `file.py:name` names, run once for each content.

    Raises:
        TaskError: as `load_user`.
    """
    if REFERENCE.fullmatch(reference) is None:
        raise TaskError(f"expected file.py:name, got {reference!r}", fix="write it like checks.py:polite")
    file = reference.rsplit(":", 1)[0]
    return _module(_inside(Path(task_folder), file, reference), reference)


def _inside(folder: Path, file: str, reference: str) -> Path:
    """The file, certain to lie in the folder whatever links say."""
    fix = "put the file into the task's folder and name it relative to it"
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise TaskError(f"{file} is not in the task's folder", fix=fix, where=reference)
    try:
        path = (folder / file).resolve(strict=True)
        home = folder.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise TaskError(f"there is no file {folder / file}", fix=fix, where=reference) from error
    if not path.is_relative_to(home):
        raise TaskError(f"{file} is a link that leads out of the task's folder", fix=fix, where=reference)
    if not path.is_file():
        raise TaskError(f"{folder / file} is not a file", fix=fix, where=reference)
    return path


def _module(path: Path, reference: str) -> ModuleType:
    content = path.read_bytes()
    name = "smeaton_user_" + hashlib.sha256(str(path).encode() + b"\0" + content).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise TaskError(f"{path} is no Python file", fix="give a .py file", where=reference)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and typing look their module up while it runs
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102 - running the user's file is the point
    except SyntaxError as error:
        del sys.modules[name]
        where = f"{path}:{error.lineno}"
        raise TaskError(f"{path.name} is not Python: {error.msg}", fix="correct the line", where=where) from error
    except Exception as error:
        del sys.modules[name]
        raise TaskError(
            f"{path.name} raised {error.__class__.__name__}: {error}", fix="correct the file", where=_line(error, path)
        ) from error
    return module


def _line(error: BaseException, path: Path) -> str:
    """The last line of the user's file in the traceback."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}"
