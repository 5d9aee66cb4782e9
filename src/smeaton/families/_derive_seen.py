"""`Seen`: training rows as what is derived from them sees them."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from smeaton.data.fold import Rows
from smeaton.families._ending import ClassEnding, NumberEnding
from smeaton.families._inner import inner_parts
from smeaton.families._parts import Recipe
from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.derived import Derived
    from smeaton.compile.encode import Vocabulary

#: Parts of the training rows: each is told what the others say of its category values.
PARTS = 5
#: Columns for serving, with what they are for the training rows.
Made = tuple["Derived", Array]


@dataclass(frozen=True)
class Seen:
    """Rows with the numbers (rows, p) and the category codes (rows, q; int64, -1 = too rare) that the table step and
    the vocabulary make of them."""

    recipe: Recipe
    vocabulary: "Vocabulary"
    rows: Rows
    numbers: Array
    codes: Array
    ending: ClassEnding | NumberEnding
    seed: int

    @cached_property
    def sizes(self) -> list[int]:
        """Known values of each category column."""
        return [len(values) for values in self.vocabulary.columns]

    @cached_property
    def splits(self) -> Sequence[tuple[Array, Array]]:
        """Rows to learn from, and rows to answer."""
        return list(inner_parts(self.rows, PARTS, self.seed, isinstance(self.ending, ClassEnding)))

    def sample(self, most: int) -> "Seen":
        """At most so many of the rows, in their order; the same ones each time."""
        if len(self.rows) <= most:
            return self
        chosen = np.sort(np.random.default_rng([self.seed, 89]).permutation(len(self.rows))[:most])
        own: list[Any] = [
            None if one is None else one[chosen] for one in (self.rows.weight, self.rows.group, self.rows.time)
        ]
        rows = Rows({}, self.rows.y[chosen], own[0], self.rows.index[chosen], own[1], own[2])
        return Seen(
            self.recipe, self.vocabulary, rows, self.numbers[chosen], self.codes[chosen], self.ending, self.seed
        )


_Choice = TypeVar("_Choice")
_CHOSEN: "OrderedDict[bytes, Any]" = OrderedDict()
_MOST_CHOSEN = 32


def remembered(choose: Callable[[Seen], list[_Choice]], seen: Seen) -> list[_Choice]:
    """What `choose` chooses on these rows, from memory if it chose on the same ones before in this process: fits on one
    fold share it. The choice may depend on nothing but numbers, codes, targets, weights, groups, times and seed."""
    rows = seen.rows
    digest = hashlib.blake2b(f"{choose.__module__} {seen.seed} {seen.ending!r}".encode())
    for part in (seen.numbers, seen.codes, rows.y, rows.weight, rows.group, rows.time):
        digest.update(
            b"\0" if part is None else b"\1" + str(part.shape).encode() + np.ascontiguousarray(part).tobytes()
        )
    key = digest.digest()
    if key not in _CHOSEN:
        _CHOSEN[key] = choose(seen)
        while len(_CHOSEN) > _MOST_CHOSEN:
            _CHOSEN.popitem(last=False)
    chosen: list[_Choice] = _CHOSEN[key]
    return chosen
