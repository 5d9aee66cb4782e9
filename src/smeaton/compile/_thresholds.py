"""Where the trees and clips of a program's graph switch, in terms of the task's columns."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile.graph import load_model
from smeaton.extras import needs
from smeaton.runtime.program import Program
from smeaton.task.table import Array

#: A column and, for timestamps, the part of it that is a feature.
Source = tuple[str, str | None]

_CLIPS = ("Max", "Min", "Clip")
_COMPUTED = ("LabelEncoder", "Add", "Sub", "Mul", "Div", "Equal")  # as many columns as what it is computed from


def thresholds(program: Program, folder: Path) -> dict[Source, Array]:
    """The values at which a graph of the program changes its mind, for each number it reads straight from a column;
    sorted, without repeats. What is computed from numbers first, or learnt of categories, has none."""
    origin: dict[str, list[Source | None]] = {}
    found: dict[Source, list[float]] = {}
    for step in program.steps:
        if step.op == "table" and step.args.get("numbers"):
            origin[step.outputs[0]] = [(number["column"], number.get("part")) for number in step.args["numbers"]]
        elif step.op == "onnx":
            for source, values in _Reader(load_model(folder / step.files[0]), origin).splits().items():
                found.setdefault(source, []).extend(values)
    return {source: np.unique(values) for source, values in found.items()}


class _Reader:
    """Follows columns through a graph."""

    def __init__(self, model: Any, origin: Mapping[str, list[Source | None]]) -> None:
        with needs("build"):
            from onnx import numpy_helper
        self._array = numpy_helper.to_array
        self._nodes = model.graph.node
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._columns: dict[str, list[Source | None] | None] = {}
        for entry in model.graph.input:
            width = entry.type.tensor_type.shape.dim[1].dim_value
            self._columns[entry.name] = origin.get(entry.name, [None] * width)

    def splits(self) -> dict[Source, list[float]]:
        """Thresholds and clip bounds of every column that can be followed."""
        found: dict[Source, list[float]] = {}
        for node in self._nodes:
            given = self._columns.get(node.input[0]) if node.input else None
            if node.op_type == "TreeEnsemble" and given is not None:
                self._trees(node, given, found)
            elif node.op_type in _CLIPS and given is not None:
                self._clip(node, given, found)
            self._columns[node.output[0]] = self._follow(node)
        return found

    def _follow(self, node: Any) -> list[Source | None] | None:
        """What the columns of a node's output are, None where that cannot be said."""
        inputs = [self._columns.get(name) for name in node.input]
        if node.op_type == "Concat":
            known = [columns for columns in inputs if columns is not None]
            return list(chain.from_iterable(known)) if len(known) == len(inputs) else None
        if node.op_type == "Gather" and inputs[0] is not None and node.input[1] in self._constants:
            columns = inputs[0]
            return [columns[i] for i in self._array(self._constants[node.input[1]]).ravel().tolist()]
        if node.op_type == "Where":
            return inputs[2]
        if node.op_type in {"Cast", *_CLIPS}:
            return inputs[0]
        if node.op_type == "Reshape" and node.input[1] in self._constants:
            return [None] * int(self._array(self._constants[node.input[1]])[-1])
        if node.op_type in _COMPUTED:
            return None if inputs[0] is None else [None] * len(inputs[0])
        return None

    def _trees(self, node: Any, columns: list[Source | None], found: dict[Source, list[float]]) -> None:
        given = {attribute.name: attribute for attribute in node.attribute}
        modes, values = (self._array(given[key].t) for key in ("nodes_modes", "nodes_splits"))
        for feature, mode, value in zip(given["nodes_featureids"].ints, modes, values, strict=True):
            source = columns[feature]
            if source is not None and mode != 6 and np.isfinite(value):
                found.setdefault(source, []).append(float(value))

    def _clip(self, node: Any, columns: list[Source | None], found: dict[Source, list[float]]) -> None:
        for name in node.input[1:]:
            if name not in self._constants:
                continue
            for source, value in zip(columns, self._array(self._constants[name]).ravel(), strict=False):
                if source is not None and np.isfinite(value):
                    found.setdefault(source, []).append(float(value))
