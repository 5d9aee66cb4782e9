"""Words that decided: what the shipped program's answer loses when a word is taken out of the text.

Model-agnostic: the effect of a word on a row is the probability of the answered label less what it is without the word
(occlusion, Zeiler and Fergus 2014; for words Li, Monroe and Jurafsky 2016). It is averaged over the rows that were
answered with the label and hold the word, if they are 5 or more.
"""

import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from smeaton.insight.evidence import Evidence
from smeaton.insight.forms import LabelWords, Word
from smeaton.insight.words import LEAST_ROWS, spans
from smeaton.task.table import PROBABILITY, Table, take

MOST_WORDS = 40  # words of a text that are taken out, the first ones
_WORDS = 6
_BATCH = 8  # rows asked about together
_ROWS = 2_000
_NOTHING = "."  # a text without words; an empty one would be no text at all
_NORMAL = 1.96

Answer = Callable[[Table], Table]
Effects = dict[tuple[int, str], list[float]]


def decided(evidence: Evidence, answer: Answer, seconds: float) -> tuple[tuple[LabelWords, ...], str]:
    """The words of each label, and in words how many rows were looked at and what it cost.

    `answer` is the shipped program. Rows are taken label by label in turn, until the seconds are over.
    """
    start = time.monotonic()
    effects: Effects = defaultdict(list)
    counts: dict[int, int] = defaultdict(int)
    order, done, asked = _in_turn(evidence), 0, 0
    while done < len(order) and time.monotonic() - start < seconds:
        for place in order[done : done + _BATCH]:
            asked += _row(evidence, int(place), answer, effects, counts)
        done += _BATCH
    took, rows = time.monotonic() - start, sum(counts.values())
    said = f"words that decided: {rows:,} of {len(evidence.rows):,} rows, {asked:,} texts asked, {took:.1f} s"
    shown = []
    for code in sorted(counts):
        words = sorted(
            (_word(word, found) for (label, word), found in effects.items() if label == code and _enough(found)),
            key=lambda one: -one.strength,
        )
        strong = tuple(word for word in words if word.low is not None and word.low > 0)[:_WORDS]
        if strong:
            shown.append(LabelWords(label=evidence.labels[code], rows=counts[code], words=strong))
    return tuple(shown), said


def _in_turn(evidence: Evidence) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Places of rows so that every answered label has its turn; deterministic."""
    assert evidence.probability is not None
    code = evidence.probability.argmax(axis=1)
    turn = np.zeros(len(code), dtype=np.int64)
    for label in np.unique(code):
        mine = np.flatnonzero(code == label)
        turn[np.random.default_rng(0).permutation(mine)] = np.arange(len(mine))
    return np.lexsort((code, turn))[:_ROWS]


def _row(evidence: Evidence, place: int, answer: Answer, effects: Effects, counts: dict[int, int]) -> int:
    """Ask about one row without each of its words; how many texts were asked."""
    row = take(evidence.dataset.table, np.array([evidence.rows[place]]))
    tried: list[tuple[str, str, str]] = []
    for name in evidence.text_columns:
        text = row[name][0] or ""
        found = spans(text)
        for word in list(dict.fromkeys(span.word for span in found))[:MOST_WORDS]:
            rest, end = "", 0
            for span in found:
                if span.word == word and span.start >= end:
                    rest += text[end : span.start]
                    end = span.end
            rest += text[end:]
            tried.append((name, word, rest if rest.strip() else _NOTHING))
    if not tried:
        return 0
    table = {name: np.repeat(column, len(tried) + 1, axis=0) for name, column in row.items()}
    for number, (name, _, rest) in enumerate(tried, 1):
        table[name][number] = rest
    chance = np.asarray(answer(table)[PROBABILITY])
    code = int(chance[0].argmax())
    counts[code] += 1
    for (_, word, _), without in zip(tried, chance[1:, code].tolist(), strict=True):
        effects[code, word].append(float(chance[0, code]) - without)
    return len(tried) + 1


def _enough(found: list[float]) -> bool:
    return len(found) >= LEAST_ROWS


def _word(word: str, found: list[float]) -> Word:
    mean, spread = float(np.mean(found)), _NORMAL * float(np.std(found, ddof=1)) / len(found) ** 0.5
    return Word(word=word, strength=mean, rows=len(found), low=mean - spread, high=mean + spread)
