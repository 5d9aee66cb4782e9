"""From training values to tags: spans onto tokens, and the values of fields to where they stand in the text.

A text field is found where its tokens stand in the text, as written or but for case and white space; a number or a
moment where a run of tokens reads as the same value. Of several places the one counts whose neighbours stand beside
this field most often in the other rows, then the first. Spans and pieces do not overlap: the longer one counts.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from smeaton.runtime.ops._tag_chain import tags_of
from smeaton.runtime.ops._tag_values import MARKS, Field, number_text
from smeaton.runtime.ops._tag_words import Tokens, folded
from smeaton.task.moments import LAYOUTS, MONTHS, moment_reader
from smeaton.task.readers import value_reader
from smeaton.task.structure import END, START
from smeaton.task.table import Array
from smeaton.task.types import Type

_LONGEST = 12  # tokens of a number or moment
_IN_NUMBER = frozenset(".,'\u2019")
_SIGNS = frozenset("+-\u2212")
_GAPS = frozenset(" \u00a0\u202f")  # one of them may separate thousands
_DAYS = ("iso", *LAYOUTS)
_READERS = [(layout, moment_reader(layout, strict=True)) for layout in _DAYS]

#: A run of tokens (first, behind), and how it was read: a decimal mark, a layout, or nothing.
Place = tuple[int, int, str]
Texts = Sequence[str | None]


def tag_spans(
    texts: Texts, tokens: Tokens, values: Sequence[Any], kind: str, kinds: Sequence[Any]
) -> tuple[Array, int]:
    """The tags of lists of spans, and how many spans could not be learnt as they are: they overlap, or begin or end
    inside a token (those are widened to it). `kind` names the field with the kind, '' if there is none."""
    number = {label: place for place, label in enumerate(kinds)}
    tags = np.zeros(len(tokens.start), dtype=np.int64)
    lost = 0
    for row, value in enumerate(values):
        first, last = int(tokens.ends[row]), int(tokens.ends[row + 1])
        begins, stops = tokens.start[first:last], tokens.stop[first:last]
        found: list[tuple[int, int, int]] = []
        for span in sorted(value or (), key=lambda span: span[START] - span[END]):
            begin = int(np.searchsorted(stops, span[START], side="right"))
            behind = int(np.searchsorted(begins, span[END], side="left"))
            label = number.get(span[kind] if kind else kinds[0])
            if label is None or behind <= begin or _taken(found, begin, behind):
                lost += 1
                continue
            lost += bool(begins[begin] != span[START] or stops[behind - 1] != span[END])
            found.append((label, begin, behind))
        tags[first:last] = tags_of(found, last - first, len(kinds))
    return tags, lost


def _taken(found: Sequence[tuple[int, int, int]], begin: int, behind: int) -> bool:
    return any(begin < other_behind and other < behind for _, other, other_behind in found)


class Row:
    """A text as a list of tokens, with what the search needs of them."""

    def __init__(self, text: str, starts: Array, stops: Array) -> None:
        self.text, self.starts, self.stops = text, starts.tolist(), stops.tolist()
        self.words = [text[a:b] for a, b in zip(self.starts, self.stops, strict=True)]
        self.folded = [folded(word) for word in self.words]

    def piece(self, first: int, behind: int) -> str:
        """The text of a run of tokens."""
        return self.text[self.starts[first] : self.stops[behind - 1]]

    def neighbours(self, place: Place) -> list[tuple[int, str]]:
        """What stands beside a run, with where."""
        first, behind, _ = place
        spots = ((-2, first - 2), (-1, first - 1), (1, behind))
        return [(side, self.folded[at] if 0 <= at < len(self.words) else "") for side, at in spots]


def locate_fields(
    texts: Texts, tokens: Tokens, values: Sequence[Any], fields: Sequence[Field]
) -> tuple[Array, list[Field], dict[str, int]]:
    """The tags of objects of fields, the fields with the decimal mark and the layouts that were met, and for each
    field how many values could not be located."""
    rows = [
        Row(text or "", *(column[tokens.ends[i] : tokens.ends[i + 1]] for column in (tokens.start, tokens.stop)))
        for i, text in enumerate(texts)
    ]
    asked = [{field.name: (value or {}).get(field.name) for field in fields} for value in values]
    found = [
        {field.name: _search(row, value[field.name], field.type) for field in fields if value[field.name] is not None}
        for row, value in zip(rows, asked, strict=True)
    ]
    beside: Counter[tuple[str, int, str]] = Counter()
    for row, own in zip(rows, found, strict=True):
        for name, places in own.items():
            if len({place[:2] for place in places}) == 1:
                beside.update((name, *spot) for spot in row.neighbours(places[0]))
    tags = np.zeros(len(tokens.start), dtype=np.int64)
    lost: dict[str, int] = Counter()
    read: dict[str, Counter[str]] = {field.name: Counter() for field in fields}
    kinds = {field.name: kind for kind, field in enumerate(fields)}
    for number, (row, own) in enumerate(zip(rows, found, strict=True)):
        chosen = _chosen(row, own, beside, kinds)
        first, last = int(tokens.ends[number]), int(tokens.ends[number + 1])
        tags[first:last] = tags_of(
            [(kinds[name], *place[:2]) for name, place in chosen.items()], last - first, len(kinds)
        )
        for name, places in own.items():
            if name not in chosen:
                lost[name] += 1
                continue
            read[name].update({how for *run, how in places if tuple(run) == chosen[name][:2]})
    return tags, [_with_forms(field, read[field.name]) for field in fields], dict(lost)


def _chosen(
    row: Row, own: Mapping[str, list[Place]], beside: Counter[tuple[str, int, str]], kinds: Mapping[str, int]
) -> dict[str, Place]:
    """One place for each field, none overlapping: the fields with the longest pieces choose first."""

    def likely(name: str, place: Place) -> float:
        return sum(math.log1p(beside[name, *spot]) for spot in row.neighbours(place))

    taken: list[tuple[int, int, int]] = []
    chosen: dict[str, Place] = {}
    longest = {name: max((behind - first for first, behind, _ in places), default=0) for name, places in own.items()}
    for name in sorted(own, key=lambda name: (-longest[name], len(own[name]))):
        free = [place for place in own[name] if not _taken(taken, *place[:2])]
        if free:
            chosen[name] = max(free, key=lambda place: (likely(name, place), -place[0]))
            taken.append((kinds[name], *chosen[name][:2]))
    return chosen


def _with_forms(field: Field, read: Counter[str]) -> Field:
    if field.type.type in ("number", "integer"):
        return msgspec.structs.replace(field, decimal="," if read[","] > read["."] else ".")
    if field.type.type == "timestamp":
        if read["Y-m-d"] == read["iso"]:
            del read["Y-m-d"]  # it was met as ISO writes it, each time
        return msgspec.structs.replace(
            field, layouts=tuple(name for name, many in read.most_common() if many) or ("iso",)
        )
    return field


def _search(row: Row, value: Any, kind: Type) -> list[Place]:
    """Every place where a value stands."""
    if kind.type in ("number", "integer"):
        return _numbers(row, float(value))
    if kind.type == "timestamp":
        return _moments(row, str(value))
    return _words(row, str(value))


def _words(row: Row, value: str) -> list[Place]:
    wanted = Row(value, *_bounds(value))
    size = len(wanted.words)
    forms: tuple[tuple[list[str], list[str]], ...]
    forms = ((row.words, wanted.words), (row.folded, wanted.folded))
    for words, run in forms:
        found = [(at, at + size, "") for at in range(len(words) - size + 1) if size and words[at : at + size] == run]
        if found:
            return found
    return []


def _bounds(text: str) -> tuple[Array, Array]:
    from smeaton.runtime.ops._tag_words import places

    bounds = np.array(places(text), dtype=np.int64).reshape(-1, 2)
    return bounds[:, 0], bounds[:, 1]


def _numbers(row: Row, value: float) -> list[Place]:
    read = value_reader(Type(type="number"))
    found: list[Place] = []
    for first in range(len(row.words)):
        if not row.words[first][0].isdecimal():
            continue
        if first and row.words[first - 1] in _IN_NUMBER and row.stops[first - 1] == row.starts[first]:
            continue  # the middle of a number
        begin = first - (first > 0 and row.words[first - 1] in _SIGNS and row.stops[first - 1] == row.starts[first])
        places = []
        for behind in _number_ends(row, first):
            for mark in MARKS:
                plain = number_text(row.piece(begin, behind), mark)
                if plain is not None and math.isclose(_read(read, plain), value, rel_tol=1e-12):
                    places.append((begin, behind, mark))
        most = max((behind for _, behind, _ in places), default=0)
        found += [place for place in places if place[1] == most]
    return found


def _read(read: Callable[[Any], Any], plain: str) -> float:
    try:
        return float(read(plain))
    except ValueError:  # beyond what a number may be: equal to nothing
        return math.nan


def _number_ends(row: Row, first: int) -> list[int]:
    """Behind which tokens a number that begins here may end."""
    ends = [first + 1]
    for at in range(first + 1, min(len(row.words), first + _LONGEST)):
        word, gap = row.words[at], row.text[row.stops[at - 1] : row.starts[at]]
        if gap and not (gap in _GAPS and len(word) == 3 and word.isdecimal()):
            break
        if word.isdecimal():
            ends.append(at + 1)
        elif word not in _IN_NUMBER:
            break
    return ends


def _moments(row: Row, value: str) -> list[Place]:
    moment = np.datetime64(value.removesuffix("Z"), "us")
    year = value[2:4]
    found: list[Place] = []
    for first, word in enumerate(row.words):
        if not word[0].isdecimal() and word.lower() not in MONTHS:
            continue
        places = []
        for behind in range(first + 1, min(len(row.words), first + _LONGEST) + 1):
            piece = " ".join(row.piece(first, behind).split())
            if year in piece:
                places += [(first, behind, name) for name, read in _READERS if _same(read, piece, moment)]
        most = max((behind for _, behind, _ in places), default=0)
        found += [place for place in places if place[1] == most]
    return found


def _same(read: Callable[[str], np.datetime64], piece: str, moment: np.datetime64) -> bool:
    try:
        return bool(read(piece) == moment)
    except ValueError:
        return False
