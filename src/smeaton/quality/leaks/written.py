"""How a value is written tells the target: a piece of a code, a word in a text, the last digit, the time of day.

Each column is looked at in simple views of its values: how long, how it begins and ends, the numbers in it, how many
decimals, the last digit, the part of the day. A view that leaves under 2 % of the error (0.5 % for numbers) is no
accident. For texts also: the word that marks each class best, under 2 %; and the names of the labels themselves, which
no honest text holds in all rows of a class and in no other, under 15 %.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.quality.leaks import Case, Finding, fewest_others, halves
from smeaton.quality.leaks._abreast import batches, codes_abreast, tell_abreast
from smeaton.quality.leaks._tells import codes_of, plain, tells
from smeaton.quality.leaks.missing import null_of
from smeaton.quality.leaks.value import KNOWN
from smeaton.task.table import Array, object_column
from smeaton.task.types import label_text

_ROWS, _FEWEST_ROWS, _CELLS = 4_000, 500, 400_000
_LEFT = {True: 0.02, False: 0.005}
_NAMED = 0.15
#: What the values leave: where they tell the target themselves, they were judged, and a view is but a coarser one.
_VALUE = 0.3
#: Views are many: so many rows of other classes are needed in each half.
_EVIDENCE = 10
_MOST_LABELS = 50
_SENTENCE = 4  # words of a value on average, from which on values are sentences
_WORDS = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LONGEST = 2_000  # characters of a text looked at
_DAY = 86_400e6


class Written:
    """The probe."""

    def look(self, case: Case) -> Sequence[Finding]:
        """Columns whose way of writing tells the target."""
        if not case.judged:
            return []
        rows = case.sample[: max(_FEWEST_ROWS, min(_ROWS, _CELLS // max(1, len(case.dataset.table))))]
        y = case.target_of(rows)
        if case.labels and fewest_others(y, halves(len(y))) < _EVIDENCE:
            return []
        found = []
        told = _telling_numbers(case, rows, y)
        for name in case.columns("OfM"):
            if case.dataset.table[name].dtype.kind == "f" and name not in told:
                continue
            column = np.asarray(case.dataset.table[name][rows])
            column = plain(column) if column.dtype.kind == "f" else column
            for what, codes, curve, bound in _views(column, case, y):
                left = tells(codes, curve, y, case.labels).left
                if left < bound and tells(*codes_of(column), y, case.labels).left > _VALUE:
                    why = f"{what} in {name!r} tells the target: it leaves {left:.2%} of the error. " + KNOWN
                    found.append(Finding("gives the target away", (name,), why))
                    break
        return found


part = Written()

_View = tuple[str, Array, Array | None, float]


def _views(column: Array, case: Case, y: Array) -> Iterator[_View]:
    bound = _LEFT[bool(case.labels)]
    if column.dtype.kind == "M":
        yield from _of_moments(column, bound)
    elif column.dtype.kind == "f":
        yield from _of_numbers(column, bound)
    else:
        cells = ["" if v is None else v if isinstance(v, str) else str(v) for v in column.tolist()]
        if len(set(cells)) > max(20, len(cells) // 10):
            yield from _of_texts(cells, bound)
            if case.labels:
                yield from _of_words(cells, case, y, bound)


def _telling_numbers(case: Case, rows: Array, y: Array) -> frozenset[str]:
    """The columns of numbers of which a view tells classes; all of them where numbers are asked for."""
    names = case.columns("f")
    if not case.labels:
        return frozenset(names)
    found: set[str] = set()
    for some, matrix in batches(case.dataset.table, names, rows, case.labels):
        left = np.ones(len(some))
        for codes, curve in (
            (_decimals(matrix), None),
            (_last_digit(matrix), None),
            codes_abreast(_after_point(matrix))[:2],
        ):
            left = np.minimum(left, [told.left for told in tell_abreast(codes, curve, y, case.labels)])
        found.update(name for name, one in zip(some, left.tolist(), strict=True) if one < _LEFT[True])
    return frozenset(found)


def _of_numbers(column: Array, bound: float) -> Iterator[_View]:
    known = column[np.isfinite(column)]
    if len(np.unique(known)) < 20:
        return
    yield "how many decimals stand", _decimals(column), None, bound
    yield "the last digit before the point", _last_digit(column), None, bound
    yield "the part after the point", *_curve(_after_point(column)), bound


def _decimals(values: Array) -> Array:
    found = np.full(values.shape, 7)
    for places in range(6, -1, -1):
        found[np.round(values, places) == values] = places
    return found


def _last_digit(values: Array) -> Array:
    known = np.where(np.isfinite(values), values, -1.0)
    found: Array = (np.floor(known) % 10).astype(np.int64) + 10 * (known < 0)
    return found


def _after_point(values: Array) -> Array:
    found: Array = np.where(np.isfinite(values), values - np.floor(values), np.nan)
    return found


def _of_moments(column: Array, bound: float) -> Iterator[_View]:
    whole = column.astype("datetime64[us]").astype(np.int64).astype(np.float64)
    null = null_of(column)
    for what, part in (
        ("the time of day", whole % _DAY),
        ("the second", whole % 60e6),
        ("the fraction of a second", whole % 1e6),
        ("the day of the week", np.floor(whole / _DAY) % 7),
    ):
        yield what, *_curve(np.where(null, np.nan, part)), bound


def _of_texts(cells: list[str], bound: float) -> Iterator[_View]:
    yield "the length", *_curve(np.array([len(cell) for cell in cells], dtype=np.float64)), bound
    numbers = [_NUMBER.findall(cell[:_LONGEST]) for cell in cells]
    for place in (0, -1):
        plain = [float(found[place]) if found else np.nan for found in numbers]
        yield "the number", *_curve(np.array(plain)), bound
    words = [_WORDS.findall(cell[:_LONGEST].casefold()) for cell in cells]
    if sum(map(len, words)) >= _SENTENCE * len(words):
        return  # with what word a sentence begins or ends is what it says, not how it is written
    for size in (1, 2, 3):
        yield "how the value begins", *codes_of(object_column([cell[:size] for cell in cells])), bound
        yield "how the value ends", *codes_of(object_column([cell[-size:] for cell in cells])), bound
    for place in (0, -1):
        yield "one word", *codes_of(object_column([found[place] if found else "" for found in words])), bound


def _of_words(cells: list[str], case: Case, y: Array, bound: float) -> Iterator[_View]:
    """The label that a row's words name: by the labels' own names, then by the word that marks each class best."""
    if case.labels > _MOST_LABELS:
        return
    rows = [frozenset(_WORDS.findall(cell[:_LONGEST].casefold())) for cell in cells]
    names = [_WORDS.findall(label_text(label).casefold()) for label in case.dataset.task.labels]
    if all(name and max(map(len, name)) >= 3 for name in names):
        yield "the name of the label", _marked(rows, [frozenset(name) for name in names]), None, _NAMED
    marks = _best_words(rows, y, case.labels)
    yield "one word of each class", _marked(rows, marks), None, bound


def _marked(rows: Sequence[frozenset[str]], marks: Sequence[frozenset[str]]) -> Array:
    """The number of the first mark that a row holds whole, from 1; 0 for none."""
    order = sorted((place for place, mark in enumerate(marks) if mark), key=lambda place: -len(marks[place]))
    return np.array([next((place + 1 for place in order if marks[place] <= words), 0) for words in rows])


def _best_words(rows: Sequence[frozenset[str]], y: Array, labels: int) -> list[frozenset[str]]:
    """For each class the word that is right most often, learnt on the first half."""
    half = len(rows) // 2
    everywhere: Counter[str] = Counter(word for words in rows[:half] for word in words)
    inside = [Counter[str]() for _ in range(labels)]
    for words, code in zip(rows[:half], y[:half].tolist(), strict=True):
        inside[int(code)].update(words)
    marks = []
    for counts in inside:
        # Rows found of the class, less rows found of the others.
        best = max(counts, key=lambda word: (2 * counts[word] - everywhere[word], word), default="")
        marks.append(frozenset([best]) if best and 2 * counts[best] > everywhere[best] else frozenset[str]())
    return marks


def _curve(values: Array) -> tuple[Array, Array]:
    known, codes = np.unique(values, return_inverse=True)
    return codes, known
