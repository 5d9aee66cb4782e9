"""Which rows to label next: those the model is unsure of and that stand for many others, plus a few at random.

The greedy choice maximises how well the batch covers the pool, each row of the pool weighing as much as the model is
unsure of it: weighted facility location (Wei, Iyer, Bilmes, "Submodularity in data subset selection and active
learning", 2015) over uncertainty sampling (Lewis and Gale 1994; margins: Scheffer et al. 2001). Coverage keeps a batch
from asking the same thing a hundred times (Sener and Savarese 2018). Without a model only coverage is left.

A tenth of each batch is drawn at random from the whole pool: the picked rows are odd by design, and only a random
sample says how often each label occurs and how well a model does.
"""

from dataclasses import dataclass

import numpy as np

from smeaton.task.table import Array

RANDOM_SHARE = 0.1
#: The most unsure rows that are compared, for each row to pick, and at most.
_FOR_EACH, _CANDIDATES = 20, 3000
#: Rows that stand for the pool.
_POOL = 3000
#: How far a label that is rare among the labelled rows may lift a row.
_RARE = 3.0


@dataclass(frozen=True, slots=True)
class Picked:
    """Places in the pool, in the order in which they are worth asking; `random` marks those drawn at random."""

    rows: Array
    random: Array


def uncertainty(probability: Array, *, many: bool = False) -> Array:
    """How unsure a model is of each row, 0 to 1.

    `probability` is (rows, labels). For one label a row: one less the margin between the two likeliest labels. For any
    number of labels (`many`): the mean entropy of the labels, in bits.
    """
    if many:
        held = np.clip(probability, 1e-12, 1 - 1e-12)
        bits = -(held * np.log2(held) + (1 - held) * np.log2(1 - held))
        return np.asarray(bits.mean(axis=1))
    if probability.shape[1] < 2:
        return np.ones(len(probability))
    top = np.partition(probability, -2, axis=1)
    return np.asarray(1.0 - (top[:, -1] - top[:, -2]))


def rarity(probability: Array, counts: Array) -> Array:
    """A weight of 1 to 3 a row: more where the labels that it may have are rare among the labelled rows.

    `counts` are the labelled rows of each label. The weight of a label falls with the root of its share.
    """
    shares = (counts + 1.0) / (counts + 1.0).sum()
    weights = np.clip(np.sqrt(1.0 / (len(shares) * shares)), 1.0, _RARE)
    total = probability.sum(axis=1)
    return np.asarray(probability @ weights / np.where(total > 0, total, 1.0))


def pick(
    vectors: Array,
    unsure: Array | None,
    count: int,
    *,
    seed: int = 0,
    labelled: Array | None = None,
    random_share: float = RANDOM_SHARE,
) -> Picked:
    """Choose `count` rows of a pool (all of them, where it has fewer).

    Args:
        vectors: (rows, dimensions), of length 1 or 0.
        unsure: how unsure the model is of each row, at least 0; None chooses by coverage alone.
        count: rows to choose.
        seed: the same pool and seed give the same choice.
        labelled: vectors of rows that have an answer: what they cover needs no more of it.
        random_share: share of the choice that is drawn at random.
    """
    total = len(vectors)
    count = min(count, total)
    draw = np.random.default_rng(seed)
    drawn = draw.choice(total, round(random_share * count), replace=False)
    weights = np.ones(total) if unsure is None else np.maximum(unsure, 0.0)
    known = vectors[drawn] if labelled is None else np.concatenate([vectors[drawn], labelled])
    left = np.setdiff1d(np.arange(total), drawn)
    wanted = count - len(drawn)
    candidates = left
    most = max(wanted, min(_FOR_EACH * wanted, _CANDIDATES))
    if len(left) > most:
        # Equal weights are common (all 1 without a model), and the first rows of a file are no fair choice of them.
        mixed = draw.permutation(left)
        candidates = mixed[np.argsort(-weights[mixed], kind="stable")[:most]]
    pool = draw.choice(total, min(total, _POOL), replace=False)
    guided = candidates[_cover(vectors[candidates], vectors[pool], weights[candidates], weights[pool], known, wanted)]
    return _mixed(guided, drawn)


def _cover(candidates: Array, pool: Array, unsure: Array, weights: Array, known: Array, count: int) -> Array:
    """Greedy choice of `count` candidates: uncertainty times what each adds to the coverage of the weighted pool."""
    alike = np.maximum(candidates @ pool.T, 0.0).astype(np.float32)
    covered = np.zeros(len(pool), dtype=np.float32)
    if len(known):
        covered = np.maximum(covered, (pool @ known.T).max(axis=1))
    weights = weights.astype(np.float32)
    free = np.ones(len(candidates), dtype=bool)
    chosen = []
    for _ in range(count):
        added = np.maximum(alike - covered, 0.0) @ weights
        # The last term decides where nothing is left to cover: by uncertainty then.
        worth = np.where(free, added * unsure + 1e-9 * unsure, -1.0)
        best = int(worth.argmax())
        free[best] = False
        chosen.append(best)
        covered = np.maximum(covered, alike[best])
    return np.array(chosen, dtype=np.int64)


def _mixed(guided: Array, drawn: Array) -> Picked:
    """Both kinds, the random ones spread evenly: whoever stops half-way has some of each."""
    places = np.concatenate([np.arange(len(guided)) + 0.5, (np.arange(len(drawn)) + 0.5) * _step(guided, drawn)])
    order = np.argsort(places, kind="stable")
    rows = np.concatenate([guided, drawn]).astype(np.int64)[order]
    return Picked(rows, np.arange(len(places))[order] >= len(guided))


def _step(guided: Array, drawn: Array) -> float:
    return len(guided) / len(drawn) if len(drawn) else 1.0
