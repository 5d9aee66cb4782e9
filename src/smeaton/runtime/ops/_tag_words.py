"""Tokens of texts with their places, and hashed features of each token: a small specification of our own.

Unicode is what the running Python knows of it.

1. **Tokens**: the longest runs of letters (L*), and of digits and other numbers (N*), each with the marks (M*) that
   follow; a letter of a script written without spaces (`_UNSPACED`) is a token of its own, and so is every other code
   point that is no white space. `text[start:end]` is the token: the text itself is never changed.
2. **Forms of a token**, 12 columns: as written; folded (NFKC, case folded); shape (each code point as X upper, x other
   letter, 0 number, - mark, else itself); brief shape (repeats once); the first 1-4 and the last 1-4 code points of
   the folded form, where it has as many. The number of a form is the CRC-32 (ISO 3309) of its UTF-8 bytes; 0 = none.
3. **Gap** before a token: 0 none, 1 white space, 2 a line break, 3 the start of the text.
4. **Features**: `_SINGLE` names an offset and a column, `_JOINED` several of these together, last come gaps with brief
   shapes. A token before the start counts as `_BEFORE`, one behind the end as `_BEHIND`, in every column.
5. **Near features**: the folded form of each of the `WINDOW` tokens before a token, and of each behind it.
6. **Hash** (32 bits, products modulo 2^32): h = 0x9E3779B9 x (1 + number of the feature); for each part
   h <- fmix32(h xor part). A feature with an absent single part is 0: there is none.

fmix32: Appleby, MurmurHash3, public domain.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.task.table import Array

_FORM, _FOLDED, _SHAPE, _BRIEF, _FIRST, _LAST = 0, 1, 2, 3, 4, 8
_COLUMNS = 12
_SINGLE = (
    *((0, column) for column in range(_COLUMNS)),
    *((offset, column) for offset in (-1, 1) for column in (_FOLDED, _BRIEF, _FIRST + 2, _LAST + 2)),
    *((offset, column) for offset in (-2, 2) for column in (_FOLDED, _BRIEF)),
    (-3, _FOLDED), (3, _FOLDED),
)  # fmt: skip
_JOINED = (
    ((-1, _FOLDED), (0, _FOLDED)),
    ((0, _FOLDED), (1, _FOLDED)),
    ((-2, _FOLDED), (-1, _FOLDED)),
    ((1, _FOLDED), (2, _FOLDED)),
    ((-1, _FOLDED), (1, _FOLDED)),
    ((-1, _FOLDED), (0, _BRIEF)),
    ((0, _BRIEF), (1, _FOLDED)),
    ((-1, _BRIEF), (0, _BRIEF), (1, _BRIEF)),
    ((-2, _FOLDED), (-1, _FOLDED), (0, _BRIEF)),
)
_GAPS = len(_SINGLE) + len(_JOINED)
#: Hashed features of a token.
FEATURES = _GAPS + 2
#: Tokens to either side that count as near.
WINDOW = 16
_BEFORE, _BEHIND = 0xB0F0BEF0, 0xE0D0FE0D
_REACH = 3  # the farthest offset
_UNSPACED = re.compile(
    "HIRAGANA|KATAKANA|CJK UNIFIED|CJK COMPATIBILITY IDEOGRAPH|THAI CHAR|LAO |KHMER |MYANMAR |TIBETAN |BOPOMOFO|YI SYLL"
)
_TOKEN = re.compile(r"a[am]*|0[0m]*|m+|[c.]")
_REPEATS = re.compile(r"(.)\1+", re.DOTALL)
_CACHED = 1 << 18


class _Classes(dict[int, str]):
    """For `str.translate`: each code point as the class that `_TOKEN` reads. Filled as code points are met."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        kind = unicodedata.category(letter)[0]
        if kind in "LM" and _UNSPACED.match(unicodedata.name(letter, "")):
            found = "c"
        else:
            found = {"L": "a", "N": "0", "M": "m"}.get(kind, " " if letter.isspace() else ".")
        self[point] = found
        return found


class _Shapes(dict[int, str]):
    """For `str.translate`: each code point as its shape."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        kind = unicodedata.category(letter)
        found = "X" if kind in ("Lu", "Lt") else {"L": "x", "N": "0", "M": "-"}.get(kind[0], letter)
        self[point] = found
        return found


_CLASSES, _SHAPES = _Classes(), _Shapes()
_FORMS: dict[str, tuple[int, ...]] = {}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of some texts, one text after the other. `ends` (texts + 1,) says where each text's tokens begin and
    end; `start` and `stop` are code point offsets into the text, `gap` the gap before, `forms` (tokens, 12) uint32."""

    ends: Array
    start: Array
    stop: Array
    gap: Array
    forms: Array


def places(text: str) -> list[tuple[int, int]]:
    """Start and end of each token."""
    return [found.span() for found in _TOKEN.finditer(text.translate(_CLASSES))]


def folded(token: str) -> str:
    """A token without case and width."""
    return token.lower() if token.isascii() else unicodedata.normalize("NFKC", token).casefold()


def read_tokens(texts: Sequence[str | None]) -> Tokens:
    """Tokens of texts; null has none."""
    ends, starts, stops, gaps = [0], list[int](), list[int](), list[int]()
    known: dict[str, int] = {}
    words: list[int] = []
    for text in texts:
        last = 0
        for first, behind in places(text) if text else ():
            starts.append(first)
            stops.append(behind)
            gaps.append(_gap(text or "", last, first))
            words.append(known.setdefault((text or "")[first:behind], len(known)))
            last = behind
        ends.append(len(starts))
    table = np.array([_forms(word) for word in known], dtype=np.uint32).reshape(-1, _COLUMNS)
    bounds, start, stop, gap, word = (np.array(some, dtype=np.int64) for some in (ends, starts, stops, gaps, words))
    return Tokens(bounds, start, stop, gap, table[word])


def _gap(text: str, last: int, start: int) -> int:
    if not last:
        return 3
    if last == start:
        return 0
    return 2 if len(text[last:start].splitlines()) > 1 or text[start - 1] in "\n\r" else 1


def _forms(word: str) -> tuple[int, ...]:
    """The numbers of a token's forms, remembered: words repeat."""
    found = _FORMS.get(word)
    if found is None:
        low = folded(word)
        shape = word.translate(_SHAPES)
        forms = [word, low, shape, _REPEATS.sub(r"\1", shape)]
        forms += [low[:n] if len(low) >= n else "" for n in range(1, 5)]
        forms += [low[-n:] if len(low) >= n else "" for n in range(1, 5)]
        found = tuple(zlib.crc32(form.encode("utf-8", "surrogatepass")) for form in forms)
        if len(_FORMS) < _CACHED:
            _FORMS[word] = found
    return found


def _mix(h: Array) -> Array:
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    mixed: Array = h ^ (h >> np.uint32(16))
    return mixed


def feature_hashes(tokens: Tokens) -> Array:
    """Hashed features, (tokens, FEATURES) uint32; 0 = no such feature. A token's depend on its own text alone."""
    lengths = np.diff(tokens.ends)
    wide = int(tokens.ends[-1]) + 2 * _REACH * len(lengths)
    # Texts lie in one column with room between them, so that an offset never reaches into the next text.
    place = np.arange(int(tokens.ends[-1])) + np.repeat(2 * _REACH * np.arange(len(lengths)) + _REACH, lengths)
    forms = np.full((wide, _COLUMNS), _BEFORE, dtype=np.uint32)
    last = tokens.ends[1:] + 2 * _REACH * np.arange(len(lengths)) + _REACH
    forms[(last[:, None] + np.arange(_REACH)).ravel()] = _BEHIND
    forms[place] = tokens.forms
    gap = np.full(wide, 3, dtype=np.uint32)
    gap[place] = tokens.gap
    found = np.empty((len(place), FEATURES), dtype=np.uint32)
    for number, (offset, column) in enumerate(_SINGLE):
        part = forms[place + offset, column]
        found[:, number] = np.where(part == 0, np.uint32(0), _hash(number, [part]))
    for number, parts in enumerate(_JOINED, len(_SINGLE)):
        found[:, number] = _hash(number, [forms[place + offset, column] for offset, column in parts])
    brief, around = forms[place, _BRIEF], [gap[place], gap[place + 1]]
    found[:, _GAPS] = _hash(_GAPS, around)
    found[:, _GAPS + 1] = _hash(_GAPS + 1, [*around, brief])
    return found


def near_hashes(tokens: Tokens) -> tuple[Array, Array]:
    """The near features that a token is to those behind it, and to those before it: (tokens,) uint32 each."""
    form = tokens.forms[:, _FOLDED]
    return _hash(FEATURES, [form]), _hash(FEATURES + 1, [form])


def _hash(number: int, parts: Sequence[Array]) -> Array:
    h = np.full(len(parts[0]), 0x9E3779B9 * (1 + number) & 0xFFFFFFFF, dtype=np.uint32)
    for part in parts:
        h = _mix(h ^ part)
    return h
