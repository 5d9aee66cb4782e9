"""Metrics of labels from confusion tables (..., actual, predicted) of weights: many thresholds at once."""

import numpy as np

from smeaton.metrics._row import ratio
from smeaton.task.table import Array


def confusion(actual: Array, said: Array, weight: Array, labels: int) -> Array:
    """The weight of each pair of an actual and a predicted code, (labels, labels) float64."""
    found = np.bincount(actual * labels + said, weights=weight, minlength=labels * labels)
    return found.reshape(labels, labels).astype(np.float64)


def f1_of(table: Array) -> Array:
    """F1 of the second of two labels."""
    return _f1(table)[..., 1]


def macro_f1(table: Array) -> Array:
    """The mean of F1 over the labels that occur or are said."""
    occur = table.sum(axis=-1) + table.sum(axis=-2) > 0
    return np.asarray((_f1(table) * occur).sum(axis=-1) / np.maximum(occur.sum(axis=-1), 1))


def balanced_accuracy(table: Array) -> Array:
    """The mean of recall over the labels that occur."""
    true = table.sum(axis=-1)
    recall = ratio(np.diagonal(table, axis1=-2, axis2=-1), true, 0.0)
    return np.asarray(recall.sum(axis=-1) / np.maximum((true > 0).sum(axis=-1), 1))


def kappa(table: Array) -> Array:
    """Quadratic weighted kappa (Cohen 1968) of labels in order."""
    places = np.arange(table.shape[-1])
    off = np.square(places[:, None] - places[None, :]).astype(np.float64)
    true, said = table.sum(axis=-1), table.sum(axis=-2)
    chance = true[..., :, None] * said[..., None, :] / np.maximum(table.sum(axis=(-2, -1)), 1e-300)[..., None, None]
    return 1.0 - ratio((off * table).sum(axis=(-2, -1)), (off * chance).sum(axis=(-2, -1)), 0.0)


def _f1(table: Array) -> Array:
    right = np.diagonal(table, axis1=-2, axis2=-1)
    return ratio(2 * right, table.sum(axis=-1) + table.sum(axis=-2), 0.0)
