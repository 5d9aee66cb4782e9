"""The user's own, named in a task's `solutions.add`: a family, an estimator or a function in a file of code, or a file
that holds a fitted model. Each is a family like others; a worker meets it as its name."""

import importlib
import inspect
from pathlib import Path
from typing import Any, cast

from smeaton.errors import TaskError
from smeaton.families import Family
from smeaton.task.ownform import MODEL_FILES, REFERENCE
from smeaton.task.task import Task
from smeaton.task.user_code import load_user

#: By the ending of a model file, the module that reads it.
_READERS = {
    ".onnx": "graph", ".json": "forest", ".ubj": "forest", ".cbm": "forest", ".txt": "forest", ".keras": "network",
    ".pt2": "network",
}  # fmt: skip


def own_family(name: str, task: Task) -> Family:
    """The family of a name in `solutions.add` that is code or a model file.

    Raises:
        TaskError: it is neither, there is no such file, or what the code names is nothing that can be fitted or asked.
    """
    if REFERENCE.fullmatch(name) is not None:
        return _from_code(name, load_user(Path(task.folder), name))
    path = Path(task.folder) / name
    if not name.endswith(MODEL_FILES) or not path.is_file():
        raise TaskError(
            f"solutions.add: {name!r} is no model, no prompt, model file or folder with weights that is there, and no "
            "code",
            fix="name a model (openai:NAME, local:NAME), a prompt (NAME.md), weights (a folder, hub:org/name), a model "
            f"file ({', '.join(MODEL_FILES)}), or file.py:name",
        )
    reader = importlib.import_module(f"{__name__}.{_READERS[path.suffix]}")
    return cast(Family, reader.family(name, path))


def _from_code(name: str, found: Any) -> Family:
    """A family as it is; an estimator (an instance, its class, or a function without arguments that makes one); or a
    function of rows."""
    from smeaton.families._own.estimator import EstimatorFamily
    from smeaton.families._own.function import FunctionFamily

    if _has(found, "space"):
        return cast(Family, found() if isinstance(found, type) else found)
    if isinstance(found, type) or (callable(found) and not _has(found, "fit", "predict") and not _arguments(found)):
        made = _made(name, found)
        if _has(made, "space"):
            return cast(Family, made)
        if _has(made, "fit", "predict"):
            return EstimatorFamily(name, lambda: _made(name, found))
        raise TaskError(
            f"{name} gave {type(made).__name__}, which has no fit and predict", fix="return an estimator from it"
        )
    if _has(found, "fit", "predict"):
        return EstimatorFamily(name, lambda: _copied(found))
    if callable(found) and _arguments(found) == 1:
        return FunctionFamily(name, found)
    raise TaskError(
        f"{name} is {type(found).__name__}, which can neither be fitted nor asked",
        fix="name an estimator with fit and predict, a function without arguments that makes one, a function of rows, "
        "or a family",
    )


def _has(value: Any, *names: str) -> bool:
    return all(callable(getattr(value, name, None)) for name in names)


def _arguments(function: Any) -> int:
    """How many arguments a function cannot do without."""
    try:
        given = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1  # of C: a function of something
    needed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in needed and one.default is inspect.Parameter.empty for one in given)


def _made(name: str, make: Any) -> Any:
    try:
        return make()
    except Exception as error:
        raise TaskError(f"{name}() raised {type(error).__name__}: {error}", fix="correct the file") from error


def _copied(estimator: Any) -> Any:
    """A fresh, unfitted one with the same settings."""
    if hasattr(estimator, "get_params"):
        from sklearn.base import clone

        return clone(estimator)
    import copy

    return copy.deepcopy(estimator)
