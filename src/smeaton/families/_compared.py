"""Vectors of several texts as one row.

Two texts are also compared: |u - v|, u x v and their cosine (after Conneau et al. 2017), so that a task about how two
texts belong together is a linear one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph

_DOUBLE = 11  # TensorProto.DOUBLE
_TINY = 1e-12


def vector_output(name: str) -> str:
    """The column that holds the vectors of a text input."""
    return f"vector:{name}"


def compared(vectors: Sequence[Array]) -> Array:
    """What the head sees of the vectors of the text columns, (rows, width) in their own precision."""
    if len(vectors) != 2:
        return np.hstack(vectors)
    u, v = vectors
    length = np.sqrt(np.square(u).sum(axis=1) * np.square(v).sum(axis=1))
    cosine = (u * v).sum(axis=1) / np.maximum(length, _TINY)
    return np.hstack([u, v, np.abs(u - v), u * v, cosine[:, None]])


def add_compared(graph: "Graph", names: Sequence[str], dim: int) -> str:
    """The same as a value of a graph, in double."""
    values = [graph.node("Cast", [graph.input(vector_output(name), "float", dim)], to=_DOUBLE) for name in names]
    if len(values) != 2:
        return values[0] if len(values) == 1 else graph.node("Concat", values, axis=1)
    u, v = values
    axis = graph.constant([1], np.int64)

    def total(value: str) -> str:
        return graph.node("ReduceSum", [value, axis], keepdims=1)

    product = graph.node("Mul", [u, v])
    squares = [total(graph.node("Mul", [one, one])) for one in values]
    length = graph.node("Sqrt", [graph.node("Mul", squares)])
    length = graph.node("Max", [length, graph.constant(_TINY)])
    cosine = graph.node("Div", [total(product), length])
    apart = graph.node("Abs", [graph.node("Sub", [u, v])])
    return graph.node("Concat", [u, v, apart, product, cosine], axis=1)
