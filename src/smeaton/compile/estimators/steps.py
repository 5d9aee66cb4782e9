"""The steps of scikit-learn's pipelines that have an exact form, from their fitted attributes (scikit-learn 1.6 and
later): containers, scalers and imputers. What a null, a constant or an empty column becomes is as they have it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smeaton.compile.estimators.cells import Cell, Flow, NotCompiled, class_of, library_of
from smeaton.compile.estimators.encoders import one_hot, ordinal
from smeaton.task.table import Array


def apply(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    """The cells that a fitted step makes of cells.

    Raises:
        NotCompiled: the step, or one inside it, has no exact form.
    """
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return cells
    make = STEPS.get(class_of(step)) if library_of(step) == "sklearn" else None
    if make is None:
        raise NotCompiled(f"{class_of(step)}: not compiled")
    return make(flow, step, cells)


def _pipeline(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    for _, part in step.steps:
        cells = apply(flow, part, cells)
    return cells


def _columns(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    """A ColumnTransformer: its parts side by side, the remainder last."""
    found: list[Cell] = []
    for name, part, _ in step.transformers_:
        chosen = [cells[place] for place in step._transformer_to_input_indices[name]]
        if chosen and not (isinstance(part, str) and part == "drop"):
            found += apply(flow, part, chosen)
    return found


def _union(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    if step.transformer_weights:
        raise NotCompiled("FeatureUnion: not compiled with transformer_weights")
    parts = [part for _, part in step.transformer_list if not (isinstance(part, str) and part == "drop")]
    return [cell for part in parts for cell in apply(flow, part, cells)]


def _function(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    if step.func is not None:
        name = getattr(step.func, "__name__", class_of(step.func))
        raise NotCompiled(f"FunctionTransformer: not compiled, for it calls {name}")
    return cells


def _standard(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    shift = step.mean_ if step.with_mean else None
    return _scaled(flow, cells, "StandardScaler", shift, step.scale_ if step.with_std else None)


def _robust(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    shift = step.center_ if step.with_centering else None
    return _scaled(flow, cells, "RobustScaler", shift, step.scale_ if step.with_scaling else None)


def _largest(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    if getattr(step, "clip", False):
        raise NotCompiled("MaxAbsScaler: not compiled with clip=True")
    return _scaled(flow, cells, "MaxAbsScaler", None, step.scale_)


def _scaled(flow: Flow, cells: list[Cell], name: str, shift: Array | None, scale: Array | None) -> list[Cell]:
    """(x - shift) / scale, column by column."""
    value, graph = flow.matrix(cells, name), flow.graph
    if shift is not None:
        value = graph.node("Sub", [value, graph.constant(shift)])
    if scale is not None:
        value = graph.node("Div", [value, graph.constant(scale)])
    return flow.made(value, cells) if shift is not None or scale is not None else cells


def _min_max(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    if step.clip and any(cell.null for cell in cells):
        raise NotCompiled("MinMaxScaler: not compiled with clip=True, for a column may be null")
    graph = flow.graph
    value = graph.node("Mul", [flow.matrix(cells, "MinMaxScaler"), graph.constant(step.scale_)])
    value = graph.node("Add", [value, graph.constant(step.min_)])
    if step.clip:
        low, high = step.feature_range
        value = graph.node("Min", [graph.node("Max", [value, graph.constant(low)]), graph.constant(high)])
    return flow.made(value, cells)


def _imputed(flow: Flow, step: Any, cells: list[Cell]) -> list[Cell]:
    """A SimpleImputer: numbers in the graph; texts only remember what a null has become."""
    if not (isinstance(step.missing_values, float) and np.isnan(step.missing_values)):
        raise NotCompiled(f"SimpleImputer: not compiled with missing_values={step.missing_values!r}")
    fills = [None if _missing(value) else value for value in step.statistics_]
    kept = [(cell, fill) for cell, fill in zip(cells, fills, strict=True) if fill is not None]
    numbers = [(cell, fill) for cell, fill in kept if cell.kind == "number"]
    found = [replace(cell, null=False, fill=fill if cell.null else cell.fill) for cell, fill in kept]
    if numbers:
        graph, before = flow.graph, [replace(cell, null=False) for cell, _ in numbers]
        value = flow.matrix([cell for cell, _ in numbers], "SimpleImputer")
        fill = graph.constant(np.array([float(fill) for _, fill in numbers]))
        value = graph.node("Where", [graph.node("IsNaN", [value]), fill, value])
        made = iter(flow.made(value, before))
        found = [next(made) if cell.kind == "number" else cell for cell in found]
    return found + (_missing_flags(flow, step, cells) if step.add_indicator else [])


def _missing_flags(flow: Flow, step: Any, cells: Sequence[Cell]) -> list[Cell]:
    """A 0/1 column for each column whose nulls are flagged."""
    flagged = [cells[place] for place in step.indicator_.features_]
    if not flagged:
        return []
    null = flow.graph.node("IsNaN", [flow.matrix(flagged, "SimpleImputer")])
    double = 11  # onnx.TensorProto
    return flow.made(flow.graph.node("Cast", [null], to=double), [replace(cell, null=False) for cell in flagged])


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and bool(np.isnan(value)))


STEPS: dict[str, Callable[[Flow, Any, list[Cell]], list[Cell]]] = {
    "Pipeline": _pipeline,
    "ColumnTransformer": _columns,
    "FeatureUnion": _union,
    "FunctionTransformer": _function,
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MaxAbsScaler": _largest,
    "MinMaxScaler": _min_max,
    "SimpleImputer": _imputed,
    "OneHotEncoder": one_hot,
    "OrdinalEncoder": ordinal,
}
