"""Lists of labels: what stands between them in text, what they are made of, and which there are. Pinned in the lock."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, Literal

import msgspec
import numpy as np

from smeaton.errors import DataError, TaskError
from smeaton.task.forms import SEPARATORS
from smeaton.task.readers import SPACE
from smeaton.task.table import Array
from smeaton.task.types import Label, Type

_KINDS: dict[type, Literal["text", "integer", "boolean"]] = {bool: "boolean", int: "integer"}


def pin_list(raw: Array, spec: Type, name: str) -> Type:
    """A list of categories with the form of its text, and what its labels are made of, from the column as read.

    Raises:
        DataError: the text could be split at more than one mark.
        TaskError: labels that may be null.
    """
    assert spec.of is not None
    if spec.of.optional:
        raise TaskError(
            "a label in a list cannot be null", where=f"output.{name}", fix="remove `or null` from its `of`"
        )
    cells = [cell for cell in raw.tolist() if cell is not None] if raw.dtype == object else []
    texts = {cell.strip(SPACE) for cell in cells if isinstance(cell, str)} - {""}
    json_texts = {text for text in texts if text.startswith("[")}
    form = spec.form or _form(texts - json_texts, spec.of, name)
    of = spec.of
    if of.labels is None and of.base == "text" and texts == json_texts:
        items = chain.from_iterable(chain((cell for cell in cells if _is_list(cell)), map(_decoded, json_texts)))
        kinds = {type(item.item() if isinstance(item, np.generic) else item) for item in items}
        base = _KINDS.get(kinds.pop(), "text") if len(kinds) == 1 else "text"
        of = msgspec.structs.replace(of, base=base)
    return msgspec.structs.replace(spec, form=form, of=of)


def pin_list_labels(values: Iterable[list[Label]], spec: Type, name: str) -> Type:
    """The type with its labels: those stated, else those among the parsed `values`, sorted.

    Raises:
        DataError: there is no label to learn from.
    """
    assert spec.of is not None
    if spec.of.labels is not None:
        return spec
    labels: list[Any] = sorted(set(chain.from_iterable(values)))
    if not labels:
        raise DataError(f"no row of {name!r} has a label", fix="choose another output column")
    return msgspec.structs.replace(spec, of=msgspec.structs.replace(spec.of, labels=tuple(labels)))


def label_lists(cells: list[Any]) -> bool:
    """Whether cells are lists of texts (or all of whole numbers): labels, as far as anyone can tell."""
    if not all(_is_list(cell) for cell in cells):
        return False
    kinds = set(map(type, chain.from_iterable(cells)))
    return kinds in ({str}, {int})


def _is_list(cell: Any) -> bool:
    return isinstance(cell, list | tuple) or (isinstance(cell, np.ndarray) and cell.ndim == 1)


def _decoded(text: str) -> list[Any]:
    """A list in JSON; nothing where it is none (the reader will say so)."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _form(texts: set[str], of: Type, name: str) -> str | None:
    """The mark between labels in text: the one that gives stated labels alone, or the only one that occurs."""
    if not texts:
        return None
    occurs = [layout for layout, mark in SEPARATORS.items() if any(mark in text for text in texts)]
    if of.labels is not None:
        known = set(of.text_labels())
        parts = {layout: _parts(texts, SEPARATORS[layout]) for layout in occurs}
        occurs = [layout for layout in occurs if parts[layout] <= known] or ([] if texts <= known else occurs)
    if len(occurs) > 1:
        marks = " or ".join(repr(SEPARATORS[layout]) for layout in occurs)
        raise DataError(
            f"the labels of {name!r} could be split at {marks}",
            fix=f"state which in the type of the output: form: {occurs[0]} (or {' or '.join(occurs[1:])})",
        )
    return occurs[0] if occurs else "semicolon"


def _parts(texts: set[str], mark: str) -> set[str]:
    return {part.strip(SPACE) for text in texts for part in text.split(mark)}
