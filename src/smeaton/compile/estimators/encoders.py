"""scikit-learn's encoders of categories as tables: for each value the row it becomes, and one more for all others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smeaton.compile.estimators.cells import Cell, Flow, NotCompiled
from smeaton.compile.graph import ML
from smeaton.runtime.ops._features import NULL_TEXT
from smeaton.task.table import Array
from smeaton.task.types import label_text

_DOUBLE, _INT64 = 11, 7  # onnx.TensorProto


def one_hot(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    """A OneHotEncoder: rare categories together, some dropped, all as it was fitted."""
    found: list[Cell] = []
    for place, cell in enumerate(cells):
        mapping, rare = _grouped(step, place)
        table = np.eye(int(mapping.max()) + 1)
        other = np.zeros(table.shape[1])
        if rare and step.handle_unknown in ("infrequent_if_exist", "warn"):
            other = table[-1]
        rows = np.vstack([table[mapping], other])
        dropped = getattr(step, "_drop_idx_after_grouping", None)
        if dropped is not None and dropped[place] is not None:
            rows = np.delete(rows, int(dropped[place]), axis=1)
        if not rows.shape[1]:
            continue
        _check_unknown(step, place, cell, "OneHotEncoder", "ignore")
        value = _looked_up(flow, cell, step.categories_[place], rows)
        plain = replace(cell, null=False)
        found += flow.made(value, [plain] * rows.shape[1])
    return found


def ordinal(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    """An OrdinalEncoder."""
    found: list[Cell] = []
    for place, cell in enumerate(cells):
        mapping, _ = _grouped(step, place)
        codes = mapping.astype(np.float64)
        for number, category in enumerate(step.categories_[place]):
            if is_null(category):
                codes[number] = step.encoded_missing_value
        other = np.nan if step.unknown_value is None else float(step.unknown_value)
        _check_unknown(step, place, cell, "OrdinalEncoder", "use_encoded_value")
        value = _looked_up(flow, cell, step.categories_[place], np.append(codes, other)[:, None])
        found += flow.made(value, [replace(cell, null=bool(np.isnan([*codes, other]).any()))])
    return found


def _grouped(step: Any, place: int) -> tuple[Array, bool]:
    """For each category of a column the number of its group, and whether rare ones are grouped (in the last)."""
    plain = np.arange(len(step.categories_[place]))
    if not getattr(step, "_infrequent_enabled", False):
        return plain, False
    mapping = step._default_to_infrequent_mappings[place]
    return (plain, False) if mapping is None else (np.asarray(mapping), True)


def _check_unknown(step: Any, place: int, cell: Cell, name: str, fix: str) -> None:
    """Whether no value can come that the encoder would refuse.

    Raises:
        NotCompiled: one can.
    """
    if step.handle_unknown != "error":
        return
    keys = {key_of(cell, category) for category in step.categories_[place]}
    possible = None if cell.known is None else {key_of(cell, value) for value in cell.known}
    if possible is not None and (cell.null or cell.fill is not None):
        possible.add(NULL_TEXT if cell.fill is None else key_of(cell, cell.fill))
    if possible is None or not possible <= keys:
        raise NotCompiled(
            f"{name}: not compiled with handle_unknown='error', for a new value of {cell.name!r} would be refused; "
            f"handle_unknown={fix!r} says what becomes of it"
        )


def _looked_up(flow: Flow, cell: Cell, categories: Sequence[Any], rows: Array) -> str:
    """The row of `rows` of each value of a cell, the last one for a value that is no category: (n, width)."""
    if cell.kind == "other":
        raise NotCompiled(f"an encoder of {cell.name!r}: not compiled, for it is neither category nor number")
    place = _text_places(flow, cell, categories) if cell.kind == "text" else _number_places(flow, cell, categories)
    return flow.graph.node("Gather", [flow.graph.constant(rows), place], axis=0)


def _text_places(flow: Flow, cell: Cell, categories: Sequence[Any]) -> str:
    graph = flow.graph
    keys = {key_of(cell, category): number for number, category in enumerate(categories)}
    if cell.fill is not None:
        keys[NULL_TEXT] = keys.get(key_of(cell, cell.fill), len(categories))
    place = graph.node(
        "LabelEncoder",
        [flow.column(cell)],
        domain=ML,
        keys_strings=list(keys),
        values_tensor=np.array(list(keys.values()), dtype=np.int64),
        default_tensor=np.array([len(categories)], dtype=np.int64),
    )
    return graph.node("Reshape", [place, graph.constant([-1], np.int64)])


def _number_places(flow: Flow, cell: Cell, categories: Sequence[Any]) -> str:
    """-1, which is the last row, where no category is equal."""
    graph, column = flow.graph, flow.column(cell)
    known = [float(category) for category in categories if not is_null(category)]
    order = [number + 1.0 for number, category in enumerate(categories) if not is_null(category)]
    parts = [graph.node("Equal", [column, graph.constant(np.array([known]))])] if known else []
    if len(known) < len(categories):  # the null, which stands last
        parts.append(graph.node("IsNaN", [column]))
        order.append(float(len(categories)))
    same = parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)
    number = graph.node("MatMul", [graph.node("Cast", [same], to=_DOUBLE), graph.constant(np.array(order)[:, None])])
    place = graph.node("Cast", [graph.node("Sub", [number, graph.constant(1.0)])], to=_INT64)
    return graph.node("Reshape", [place, graph.constant([-1], np.int64)])


def key_of(cell: Cell, value: Any) -> str:
    """How the graph has a value of a column of texts: as the `table` op writes it."""
    if is_null(value):
        return NULL_TEXT
    if cell.kind == "number":
        return repr(float(value))
    if cell.base == "integer":
        return label_text(int(value)) if float(value).is_integer() else repr(value)
    return label_text(bool(value)) if cell.base == "boolean" else str(value)


def is_null(value: Any) -> bool:
    """Whether a category stands for what is missing."""
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))
