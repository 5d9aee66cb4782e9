"""From scores to answers: the links of tree and linear models, in numpy and as graph nodes."""

import numpy as np

from smeaton.compile.graph import Graph
from smeaton.errors import ProgramError
from smeaton.task.table import PREDICTION, PROBABILITY, Array

LINKS = ("identity", "exp", "sigmoid", "softmax")
CLASS_LINKS = ("sigmoid", "softmax")


def answers(scores: Array, link: str, slope: float = 1.0) -> dict[str, Array]:
    """Answers from scores (n, targets): `probability` (n, classes) for the class links, else `prediction` (n,)."""
    if link == "sigmoid":
        with np.errstate(over="ignore"):
            yes = 1.0 / (1.0 + np.exp(-slope * scores[:, 0]))
        return {PROBABILITY: np.column_stack([1.0 - yes, yes])}
    if link == "softmax":
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return {PROBABILITY: raised / raised.sum(axis=1, keepdims=True)}
    if link == "exp":
        return {PREDICTION: np.exp(scores[:, 0])}
    return {PREDICTION: scores[:, 0]}


def add_link(graph: Graph, scores: str, link: str, slope: float = 1.0) -> str:
    """The same as a value of a graph: (n, classes) probabilities, or (n, 1) numbers.

    Raises:
        ProgramError: an unknown link.
    """
    if link == "sigmoid":
        if slope != 1.0:
            scores = graph.node("Mul", [scores, graph.constant(slope)])
        yes = graph.node("Sigmoid", [scores])
        return graph.node("Concat", [graph.node("Sub", [graph.constant(1.0), yes]), yes], axis=1)
    if link == "softmax":
        return graph.node("Softmax", [scores], axis=1)
    if link == "exp":
        return graph.node("Exp", [scores])
    if link != "identity":
        raise ProgramError(f"unknown link {link!r}; there are: {', '.join(LINKS)}")
    return scores


def add_answers(graph: Graph, scores: str, link: str, targets: int, slope: float = 1.0) -> str:
    """Add the answers as an output of the graph, and return its name: `probability` (n, classes), or `prediction`
    (n,)."""
    value = add_link(graph, scores, link, slope)
    if link in CLASS_LINKS:
        graph.output(PROBABILITY, value, max(2, targets))
        return PROBABILITY
    graph.output(PREDICTION, graph.node("Squeeze", [value, graph.constant([1], np.int64)]), None)
    return PREDICTION
