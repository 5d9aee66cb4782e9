"""From probabilities to the code of one label a row, by what the answer is for."""

from collections.abc import Sequence

import numpy as np

from smeaton.task.table import Array

#: What misses another value by less than this share of the largest that can be is taken as equal to it.
SLACK = 1e-9


def heaviest(probability: Array, weights: Sequence[float]) -> Array:
    """The label of the largest weighted probability, the first of those that tie; (rows,) int64."""
    scaled = np.asarray(probability, dtype=np.float64) * np.asarray(weights, dtype=np.float64)
    most = scaled.max(axis=1, keepdims=True) - SLACK * max(weights)
    return np.asarray((scaled >= most).argmax(axis=1))


def cheapest(probability: Array, costs: Sequence[Sequence[float]]) -> Array:
    """The label of the lowest expected cost, the first of those that tie; `costs[actual][predicted]`; (rows,) int64."""
    table = np.asarray(costs, dtype=np.float64)
    expected = np.zeros((len(probability), table.shape[1]))
    for actual, row in enumerate(table):  # one by one: a matrix product may add in another order
        expected += np.asarray(probability[:, actual : actual + 1], dtype=np.float64) * row
    least = expected.min(axis=1, keepdims=True) + SLACK * float(table.max(initial=0.0))
    return np.asarray((expected <= least).argmax(axis=1))


def cut(probability: Array, cuts: Sequence[float]) -> Array:
    """How many cuts the expected place in the order of the labels (0, 1, ...) reaches, (rows,) int64."""
    return np.searchsorted(np.asarray(cuts, dtype=np.float64), expected_place(probability) + SLACK, side="right")


def expected_place(probability: Array) -> Array:
    """The mean of the labels' places 0, 1, ... by their probabilities, (rows,) float64."""
    place = np.zeros(len(probability))
    for code in range(1, probability.shape[1]):
        place += code * np.asarray(probability[:, code], dtype=np.float64)
    return place
