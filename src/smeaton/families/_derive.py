"""What a configuration may derive from the columns that are there: about 30 further ones at most."""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from smeaton.errors import InputError
from smeaton.families._derive_cross import cross
from smeaton.families._derive_pairs import pairs
from smeaton.families._derive_seen import Made, Seen

_MOST_COUNTS = 10  # columns whose values are counted
_MOST_GAPS = 10


def derive(wanted: Sequence[str], seen: Seen) -> list[Made]:
    """The parts asked for, always in the same order.

    Raises:
        InputError: there is nothing of that name to derive.
    """
    unknown = set(wanted) - set(DERIVATIONS)
    if unknown:
        raise InputError(f"nothing derives {min(unknown)!r}", fix=f"use any of: {', '.join(DERIVATIONS)}")
    return [part for name, make in DERIVATIONS.items() if name in wanted for part in make(seen)]


def _counts(seen: Seen) -> list[Made]:
    """In which share of the training rows each category value was seen: 0 for what is unseen."""
    from smeaton.compile.derived import Lookup

    varied = [i for i, size in enumerate(seen.sizes) if size + bool((seen.codes[:, i] < 0).any()) >= 3]
    chosen = sorted(sorted(varied, key=lambda i: (-seen.sizes[i], i))[:_MOST_COUNTS])
    if not chosen:
        return []
    tables = []
    for column in chosen:
        known = seen.codes[:, column][seen.codes[:, column] >= 0]
        counts = np.bincount(known, minlength=seen.sizes[column] + 1)
        tables.append((counts / len(seen.rows))[:, None])
    made = Lookup(seen.vocabulary, tuple(chosen), tuple(tables))
    return [(made, made.apply(seen.numbers, seen.codes))]


def _gaps(seen: Seen) -> list[Made]:
    """Seconds between the timestamps of a row."""
    from smeaton.compile.derived import Arithmetic

    moments = [place for place, number in enumerate(seen.recipe.numbers) if number.get("part") == "unix"]
    terms = tuple(("Sub", other, one) for one, other in combinations(moments, 2))[:_MOST_GAPS]
    if not terms:
        return []
    made = Arithmetic(terms, seen.numbers.shape[1])
    return [(made, made.apply(seen.numbers, seen.codes))]


DERIVATIONS: dict[str, Callable[[Seen], list[Made]]] = {
    "counts": _counts,
    "pairs": pairs,
    "cross": cross,
    "gaps": _gaps,
}
