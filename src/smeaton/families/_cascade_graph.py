"""Other names for the inputs and outputs of an ONNX model."""

from collections.abc import Mapping
from typing import Any

from smeaton.extras import needs


def pass_names(model: Any, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Rename inputs and outputs of a model (an `onnx.ModelProto`, changed in place), each from its old name to its new
    one. What is inside keeps its names, in graphs inside the graph too: values pass through `Identity` nodes."""
    with needs("build"):
        from onnx import helper

    graph, old = model.graph, list(model.graph.node)
    before, after = [], []
    for entry in graph.input:
        name = inputs.get(entry.name, entry.name)
        if name != entry.name:
            before.append(helper.make_node("Identity", [name], [entry.name]))
            entry.name = name
    for entry in graph.output:
        name = outputs.get(entry.name, entry.name)
        if name != entry.name:
            after.append(helper.make_node("Identity", [entry.name], [name]))
            entry.name = name
    del graph.node[:]
    graph.node.extend([*before, *old, *after])
