"""A fitted estimator as plain data: what it has learnt as JSON and arrays, without pickle.

Taken are scikit-learn's own estimators (and what they are made of in Python) and those of the user's file, as their
attributes: plain values, texts, lists, mappings, numpy arrays, sparse matrices, trees, and functions of numpy, scipy
and scikit-learn by name. Whatever else an estimator holds (search trees, boosters, compiled objects) has no such form,
and says so.
"""

import importlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from smeaton.errors import ProgramError
from smeaton.task.table import Array

STATE_FILES = ("fitted.json", "fitted.npz")
_DEEPEST = 60
_LIBRARIES = ("sklearn", "numpy", "scipy")
_USER = "user"  # stands for the module of the user's file
_USER_MODULE = "smeaton_user_"
_POINTER = 8  # bytes


@dataclass(slots=True)
class Packed:
    """The JSON form, and the arrays it refers to by their numbers."""

    form: Any = None
    arrays: dict[str, Array] = field(default_factory=dict)


def pack(estimator: Any) -> Packed:
    """What a fitted estimator is made of.

    Raises:
        ValueError: it holds something that has no plain form; the message names it.
    """
    packed = Packed()
    packed.form = _packed(estimator, packed, 0)
    return packed


def write_packed(packed: Packed, folder: Path) -> None:
    """Write both files."""
    (folder / STATE_FILES[0]).write_text(json.dumps(packed.form, allow_nan=False), encoding="utf-8")
    with (folder / STATE_FILES[1]).open("wb") as file:
        np.savez(file, **packed.arrays)  # type: ignore[arg-type]


def read_packed(folder: Path, names: tuple[str, ...], module: ModuleType) -> Any:
    """The estimator that `write_packed` wrote; `module` is that of the user's file.

    Raises:
        ProgramError: the files are damaged, or name what is not there.
    """
    try:
        form = json.loads((folder / names[0]).read_text(encoding="utf-8"))
        with np.load(folder / names[1], allow_pickle=False) as found:
            arrays = dict(found)
        return _unpacked(form, arrays, module)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        raise ProgramError(
            f"the fitted estimator cannot be put together: {type(error).__name__}: {error}",
            fix="install the versions it was fitted with, or build again",
            where=names[0],
        ) from error


def _packed(value: Any, to: Packed, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply, or holds itself")
    plain = _packed_plain(value)
    if plain is not None:
        return plain[0]
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return None  # answers draw nothing: the proof of the program would show it
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_packed(part, to, depth + 1) for part in value]}
    if isinstance(value, np.ndarray):
        return _packed_array(value, to, depth)
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    if type(value).__module__.startswith("scipy.sparse") and hasattr(value, "tocsr"):
        rows = value.tocsr()
        parts = [_packed(part, to, depth + 1) for part in (rows.data, rows.indices, rows.indptr)]
        return {"sparse": type(value).__name__, "parts": parts, "shape": [int(size) for size in value.shape]}
    if isinstance(value, Mapping) and type(value) in (dict, _bunch(value)):
        items = [[_packed(key, to, depth + 1), _packed(part, to, depth + 1)] for key, part in value.items()]
        return {"bunch" if type(value) is not dict else "dict": items}
    return _packed_object(value, to, depth)


def _packed_plain(value: Any) -> tuple[Any] | None:
    if value is None or isinstance(value, bool | str | int):
        return (value,) if type(value) in (type(None), bool, str, int) else None
    if type(value) is float:
        return (value if math.isfinite(value) else {"float": repr(value)},)
    if isinstance(value, np.generic) and value.dtype.kind in "biufM":
        return ({"scalar": value.dtype.str, "value": str(value)},)
    if isinstance(value, slice):
        return ({"slice": [value.start, value.stop, value.step]},)
    return None


def _packed_array(value: Array, to: Packed, depth: int) -> Any:
    if value.dtype.hasobject:
        parts = [_packed(part, to, depth + 1) for part in value.ravel().tolist()]
        return {"objects": parts, "shape": list(value.shape)}
    name = f"a{len(to.arrays)}"
    to.arrays[name] = np.asarray(value)
    return {"array": name}


def _packed_object(value: Any, to: Packed, depth: int) -> Any:
    kind = type(value)
    if (callable(value) and hasattr(value, "__qualname__")) or isinstance(value, np.ufunc):
        return {"name": _name_of(value, getattr(value, "__qualname__", getattr(value, "__name__", "")))}
    if (kind.__module__, kind.__name__) == ("sklearn.tree._tree", "Tree"):
        _, given, state = value.__reduce__()
        return {"tree": [_packed(part, to, depth + 1) for part in given], "state": _packed(state, to, depth + 1)}
    own = kind.__module__.startswith(("sklearn.", _USER_MODULE))
    if not own or not isinstance(getattr(value, "__dict__", None), dict) or _has_more(kind):
        raise ValueError(f"a {kind.__module__}.{kind.__qualname__} has no form as plain data")
    state = {name: _packed(part, to, depth + 1) for name, part in vars(value).items()}
    return {"object": _name_of(kind, kind.__qualname__), "state": state}


def _has_more(kind: type) -> bool:
    """Whether an instance holds more than its attributes say: fields of C, or slots."""
    slots = any(vars(base).get("__slots__") for base in kind.__mro__)
    return (
        slots or kind.__basicsize__ > object.__basicsize__ + 2 * _POINTER
    )  # one for attributes, one for weak references


def _bunch(value: Any) -> type | None:
    """scikit-learn's mapping with attributes, if it is one."""
    kind = type(value)
    return kind if (kind.__module__, kind.__name__) == ("sklearn.utils._bunch", "Bunch") else None


def _name_of(value: Any, qualified: str) -> list[str]:
    module = str(getattr(value, "__module__", None) or "numpy")
    if module.startswith(_USER_MODULE):
        module = _USER
    elif module.partition(".")[0] not in _LIBRARIES:
        raise ValueError(f"{module}.{qualified} is neither scikit-learn's nor of your file")
    if "<" in qualified:
        raise ValueError(f"{qualified} has no name to find it by")
    return [module, qualified]


def _unpacked(form: Any, arrays: Mapping[str, Array], module: ModuleType) -> Any:
    if not isinstance(form, dict):
        return form

    def inner(part: Any) -> Any:
        return _unpacked(part, arrays, module)

    match form:
        case {"float": text}:
            return float(text)
        case {"scalar": kind, "value": text}:
            return np.dtype(kind).type(text == "True" if kind.endswith("b1") else text)
        case {"slice": [start, stop, step]}:
            return slice(start, stop, step)
        case {"list": parts}:
            return [inner(part) for part in parts]
        case {"tuple": parts}:
            return tuple(inner(part) for part in parts)
        case {"array": name}:
            return arrays[name]
        case {"objects": parts, "shape": shape}:
            found = np.empty(len(parts), dtype=object)
            found[:] = [inner(part) for part in parts]
            return found.reshape(shape)
        case {"dtype": text}:
            return np.dtype(text)
        case {"dict": items}:
            return {inner(key): inner(part) for key, part in items}
        case {"bunch": items}:
            return _found(["sklearn.utils", "Bunch"], module)(**{key: inner(part) for key, part in items})
        case {"sparse": kind, "parts": parts, "shape": shape}:
            sparse = importlib.import_module("scipy.sparse")
            rows = sparse.csr_matrix(tuple(inner(part) for part in parts), shape=tuple(shape))
            return getattr(sparse, kind)(rows)
        case {"name": name}:
            return _found(name, module)
        case {"tree": given, "state": state}:
            tree = _found(["sklearn.tree._tree", "Tree"], module)(*[inner(part) for part in given])
            tree.__setstate__(inner(state))
            return tree
        case {"object": name, "state": state}:
            kind = _found(name, module)
            made = kind.__new__(kind)
            vars(made).update({key: inner(part) for key, part in state.items()})
            return made
    raise ValueError(f"there is no form {sorted(form)}")


def _found(name: list[str], module: ModuleType) -> Any:
    """A class or function by its module and its name there."""
    home, qualified = name
    if home != _USER and home.partition(".")[0] not in _LIBRARIES:
        raise ValueError(f"{home}.{qualified} is neither scikit-learn's nor of the file")
    found: Any = module if home == _USER else importlib.import_module(home)
    for part in qualified.split("."):
        found = getattr(found, part)
    return found
