"""Words of texts in any script, which rows hold them, and which speak for one side against another.

Words are those of `runtime/ops/_words.tokens`; where a script writes no spaces between words, every two neighbouring
characters count as one. Which words are over-represented: log-odds with an informative Dirichlet prior, as a z-score
(Monroe, Colaresi and Quinn 2008, "Fightin' Words"). A word counts once a row, so that no row can shout.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from smeaton.insight.forms import Word
from smeaton.runtime.ops._words import tokens
from smeaton.task.table import Array

LEAST_ROWS = 5  # a word seen in fewer rows says little, and may point at a person
SURE = 2.58  # z-score of 99 %: many words are looked at
PRIOR = 500.0  # words the prior weighs
#: Scripts written without spaces, by the beginning of their characters' names.
_JOINED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


@dataclass(frozen=True, slots=True)
class Span:
    """A word where it stands in a text."""

    word: str
    start: int
    end: int


def spans(text: str) -> list[Span]:
    """The words of a text in order, with their places."""
    found: list[Span] = []
    start = 0
    kinds = [_kind(letter) for letter in text]
    while start < len(text):
        kind, end = kinds[start], start + 1
        while end < len(text) and _goes_on(kind, kinds[end]):
            end += 1
        if kind == "joined":
            found += [Span(_folded(text[at : at + 2]), at, at + 2) for at in range(start, end - 1)]
        if kind == "word" or (kind == "joined" and end == start + 1):
            found.append(Span(_folded(text[start:end]), start, end))
        start = end
    return [span for span in found if span.word]


def _goes_on(kind: str, following: str) -> bool:
    return following == kind or (following == "mark" and kind in ("word", "joined"))


def _kind(letter: str) -> str:
    if letter.isascii():
        return "word" if letter.isalnum() else ""
    group = unicodedata.category(letter)[0]
    if group == "M":
        return "mark"
    if group not in "LN":
        return ""
    return "joined" if unicodedata.name(letter, "").startswith(_JOINED) else "word"


def _folded(text: str) -> str:
    return " ".join(tokens(text))


def runs(text: str, longest: int) -> set[str]:
    """Every run of 1 to `longest` neighbouring words of a text; overlapping pairs of characters make longer ones."""
    found = spans(text)
    said: set[str] = set()
    for size in range(1, longest + 1):
        for first in range(len(found) - size + 1):
            part = found[first : first + size]
            if all(one.end > other.start for one, other in pairwise(part)) and size > 1:
                said.add(_folded(text[part[0].start : part[-1].end]))
            else:
                said.add(" ".join(span.word for span in part))
    return said


@dataclass(frozen=True, slots=True)
class Held:
    """Which rows hold which words: pairs of `row` and `word` (a place in `vocabulary`), for words of enough rows."""

    rows: int
    vocabulary: Sequence[str]
    row: Array
    word: Array

    def counts(self, chosen: Array) -> Array:
        """How many of the chosen rows (a mask) hold each word."""
        return np.bincount(self.word[chosen[self.row]], minlength=len(self.vocabulary))


def held(texts: Sequence[str], longest: int = 1, least: int = LEAST_ROWS) -> Held:
    """The words, or runs of up to `longest` words, that at least so many texts hold."""
    known: dict[str, int] = {}
    row: list[int] = []
    word: list[int] = []
    for number, text in enumerate(texts):
        said = runs(text, longest) if longest > 1 else {span.word for span in spans(text)}
        for one in sorted(said):
            row.append(number)
            word.append(known.setdefault(one, len(known)))
    rows, words = np.array(row, dtype=np.int64), np.array(word, dtype=np.int64)
    often = np.bincount(words, minlength=len(known)) >= least
    place = np.cumsum(often) - 1
    kept = often[words] if len(words) else np.zeros(0, dtype=bool)
    vocabulary = [one for one, keep in zip(known, often.tolist(), strict=True) if keep]
    return Held(len(texts), vocabulary, rows[kept], place[words[kept]])


def over_represented(found: Held, one: Array, other: Array, most: int) -> tuple[Word, ...]:
    """The words that speak for the rows of mask `one` against those of `other`, the strongest first."""
    a, b = found.counts(one).astype(np.float64), found.counts(other).astype(np.float64)
    both = np.bincount(found.word, minlength=len(found.vocabulary)).astype(np.float64)
    if not len(both) or not a.sum() or not b.sum():
        return ()
    prior = PRIOR * both / both.sum()

    def log_odds(count: Array) -> Array:
        odds: Array = np.log(count + prior) - np.log(count.sum() + PRIOR - count - prior)
        return odds

    spread = np.sqrt(1 / (a + prior) + 1 / (b + prior))
    z = (log_odds(a) - log_odds(b)) / spread
    order = [place for place in np.argsort(-z, kind="stable")[:most] if z[place] >= SURE]
    return tuple(Word(word=found.vocabulary[at], strength=float(z[at]), rows=int(a[at])) for at in order)
