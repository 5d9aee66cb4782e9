"""Calibration: one temperature (any number of classes) or one Platt step (two classes), in numpy and in the graph.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks". Platt scaling: Platt 1999,
"Probabilistic Outputs for Support Vector Machines".
"""

from typing import Literal

import msgspec
import numpy as np

from smeaton.compile.graph import Graph
from smeaton.task.table import Array

#: Probabilities are kept at least this far from 0 before the logarithm.
FLOOR = 1e-15


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """`temperature`: p ** a, normalised (a = 1 / temperature; b is not used). `platt`: sigmoid(a * logit + b)."""

    kind: Literal["temperature", "platt"]
    a: float
    b: float = 0.0


def apply(calibration: Calibration, probability: Array) -> Array:
    """Calibrated probabilities, (n, classes) float64."""
    logs = np.log(np.maximum(probability, FLOOR))
    if calibration.kind == "temperature":
        scaled = calibration.a * logs
        raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    with np.errstate(over="ignore"):
        yes = 1.0 / (1.0 + np.exp(-(calibration.a * (logs[:, 1] - logs[:, 0]) + calibration.b)))
    return np.column_stack([1.0 - yes, yes])


def add_calibration(graph: Graph, calibration: Calibration, probability: str) -> str:
    """The same as graph nodes."""
    logs = graph.node("Log", [graph.node("Max", [probability, graph.constant(FLOOR)])])
    if calibration.kind == "temperature":
        return graph.node("Softmax", [graph.node("Mul", [logs, graph.constant(calibration.a)])], axis=1)
    # One product gives a * (log p1 - log p0) for each row.
    logit = graph.node("MatMul", [logs, graph.constant([[-calibration.a], [calibration.a]])])
    yes = graph.node("Sigmoid", [graph.node("Add", [logit, graph.constant(calibration.b)])])
    return graph.node("Concat", [graph.node("Sub", [graph.constant(1.0), yes]), yes], axis=1)
