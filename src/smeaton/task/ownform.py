"""The form of `solutions.add`: names, or mappings that say more of a model of the user's own."""

import re

from smeaton.errors import TaskError
from smeaton.task.items import Item, fields, flag, mapping, text, texts, wrong
from smeaton.task.task import Own
from smeaton.task.types import Label

#: The user's code: a file below the task's folder, and a name in it.
REFERENCE = re.compile(r"[^:\\]+\.py:[A-Za-z_][A-Za-z0-9_]*")
#: Endings of model files.
MODEL_FILES = (".onnx", ".json", ".ubj", ".cbm", ".txt", ".keras", ".pt2")


def read_own(item: Item) -> dict[str, Own]:
    """The user's own, each with what is said of it: a name, or a mapping with the name under `file`."""
    if not isinstance(item.value, list):
        raise wrong(item, "a list of file.py:name, model files, models, prompts or folders of weights")
    found: dict[str, Own] = {}
    for part in item.value:
        plain = not isinstance(part.value, dict)
        named = {"file": part} if plain else fields(part, ("file", "inputs", "classes", "unseen", "trust"), "a model")
        if "file" not in named:
            raise TaskError("the model has no 'file'", fix="add file: NAME", where=part.where)
        name = text(named["file"], "file.py:name, or a model file")
        if name in found:
            raise TaskError(f"{name!r} stands twice in the list", fix="remove one", where=part.where)
        found[name] = _own(name, named)
    return found


def _own(name: str, parts: dict[str, Item]) -> Own:
    code, file = REFERENCE.fullmatch(name) is not None, name.endswith(MODEL_FILES)
    for key, fits, what in (
        ("trust", code, "only code (file.py:name) needs trust"),
        ("unseen", file, "only of a model file can it be said that it has not seen the rows"),
        ("inputs", file, "only a model file needs its inputs named"),
        ("classes", file, "only a model file needs its classes named"),
    ):
        if key in parts and not fits:
            raise TaskError(f"{what}, and {name!r} is none", fix=f"leave {key!r} out", where=parts[key].where)
    return Own(
        inputs=_own_inputs(parts["inputs"]) if "inputs" in parts else {},
        classes=_own_classes(parts["classes"]) if "classes" in parts else (),
        unseen="unseen" in parts and flag(parts["unseen"]),
        trust="trust" in parts and flag(parts["trust"]),
    )


def _own_inputs(item: Item) -> dict[str, tuple[str, ...]]:
    """A list of columns, or a mapping from the model's inputs to a column or a list of them."""
    if isinstance(item.value, list):
        return {"": texts(item, "column's name")}
    found = mapping(item, "a list of columns, or a mapping from the model's inputs to columns")
    return {
        name: texts(part, "column's name") if isinstance(part.value, list) else (text(part, "a column's name"),)
        for name, part in found.items()
    }


def _own_classes(item: Item) -> tuple[Label, ...]:
    if not isinstance(item.value, list) or len(item.value) < 2:
        raise wrong(item, "a list of labels in the order of the model's probabilities")
    for part in item.value:
        if not isinstance(part.value, str | int | bool):
            raise wrong(part, "a label: text, a whole number, true or false")
    found = tuple(part.value for part in item.value)
    if len({(type(value), value) for value in found}) != len(found):
        raise TaskError("a label stands twice in the list", fix="remove one", where=item.where)
    return found
