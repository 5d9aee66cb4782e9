"""Shapley values by asking: exactly over all sets of columns, or from sampled orders of the columns.

What a set of columns is worth: the mean answer over the rows of reference when these columns are the row's own
(interventional; Lundberg and Lee 2017, Janzing, Minorics and Bloebaum 2020). Orders are sampled in pairs of opposites
(antithetic; Castro, Gomez and Tejada 2009, Mitchell et al. 2022), equally many for each row of reference. Each order's
parts add up to answer minus base, so their means do as well.
"""

from dataclasses import dataclass
from math import factorial, sqrt

import numpy as np

from smeaton.explain.hybrids import Hybrids
from smeaton.task.table import Array

#: Standard errors below this part of all contributions together need no more orders.
_FINE = 0.01
_FIRST_PAIRS = 4  # for each row of reference: fewer tell nothing of the error
_ALIKE = 1e-9  # beside the largest part: what a probability has lost on its way to log-odds


@dataclass(frozen=True, slots=True)
class Shares:
    """What each player adds (players,), and the standard error of that (0 where it is exact)."""

    values: Array
    errors: Array


def exact_cost(hybrids: Hybrids) -> int:
    """How many rows `exact` asks."""
    return int(2 ** len(hybrids.players) * hybrids.references)


def exact(hybrids: Hybrids) -> Shares:
    """All sets of columns in turn."""
    count = len(hybrids.players)
    sets = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    worth = hybrids.means(sets)
    sizes = sets.sum(axis=1)
    weights = np.array([factorial(k) * factorial(count - k - 1) / factorial(count) for k in range(count)])
    values = np.empty(count)
    for player in range(count):
        without = np.flatnonzero(~sets[:, player])
        values[player] = weights[sizes[without]] @ (worth[without | (1 << player)] - worth[without])
    return Shares(values, np.zeros(count))


def sampled(hybrids: Hybrids, most: int, seed: int = 0) -> Shares:
    """Orders until the errors are small beside the whole, or one more round would ask more than `most` rows in all.

    The first round, of four pairs of orders for each row of reference, is asked whatever `most` says.
    """
    draw = np.random.default_rng(seed)
    count, references = len(hybrids.players), hybrids.references
    pairs = np.empty((references, 0, count))
    wanted = _FIRST_PAIRS
    while True:
        pairs = np.concatenate([pairs, _pairs(hybrids, wanted - pairs.shape[1], draw)], axis=1)
        made = pairs.shape[1]
        values = pairs.mean(axis=(0, 1))
        # Every row of reference has equally many pairs: only what varies within one is error.
        spread = pairs.var(axis=1, ddof=1).mean(axis=0)
        spread[spread <= (_ALIKE * np.abs(pairs).max(initial=0.0)) ** 2] = 0.0
        errors = np.sqrt(spread / made) / sqrt(references)
        wanted = 2 * made
        more = references * made * 2 * (count + 1)
        if errors.max(initial=0.0) <= _FINE * np.abs(values).sum() or hybrids.asked + more > most:
            return Shares(values, errors)


def _pairs(hybrids: Hybrids, pairs: int, draw: np.random.Generator) -> Array:
    """For each row of reference so many pairs of an order and its opposite: mean contributions, (references, pairs,
    players)."""
    count, references = len(hybrids.players), hybrids.references
    found = np.empty((references, pairs, count))
    for pair in range(pairs):
        orders = draw.permuted(np.tile(np.arange(count), (references, 1)), axis=1)
        both = np.concatenate([orders, orders[:, ::-1]])
        owners = np.tile(np.arange(references), 2)
        # Line s of an order: its first s columns are the row's own.
        ranks = np.argsort(both, axis=1)
        own = ranks[:, None, :] < np.arange(count + 1)[None, :, None]
        values = hybrids.values(own.reshape(-1, count), np.repeat(owners, count + 1)).reshape(len(both), count + 1)
        steps = np.diff(values, axis=1)
        shares = np.take_along_axis(steps, ranks, axis=1)
        found[:, pair] = (shares[:references] + shares[references:]) / 2
    return found
