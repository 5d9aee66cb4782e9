"""Generated texts, and an embedder that needs no weights."""

import hashlib
import random
from collections.abc import Sequence

import numpy as np
import pytest

from smeaton.task.table import Array

SYLLABLES = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er")]


def made_up(draw: random.Random, words: int) -> str:
    """A text of made-up words: two of them have next to nothing in common."""
    return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(2, 4))) for _ in range(words))


class Synonyms:
    """Words of one meaning share a vector, so that a question may find a passage that has none of its words."""

    name = "synonyms#sha256=0"
    MEANINGS = ({"car", "automobile", "vehicle"}, {"doctor", "physician", "medic"}, {"rain", "drizzle", "downpour"})

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> Array:
        return np.stack([self._vector(text) for text in texts]) if len(texts) else np.zeros((0, 16), np.float32)

    def _vector(self, text: str) -> Array:
        vector = np.zeros(16, dtype=np.float32)
        for word in text.lower().split():
            known = [place for place, words in enumerate(self.MEANINGS) if word in words]
            vector[known[0] if known else 3 + hashlib.blake2b(word.encode()).digest()[0] % 13] += 1 if known else 0.05
        return vector


@pytest.fixture
def synonyms() -> Synonyms:
    return Synonyms()
