"""Rows as a matrix of float32 in which two cells agree if they are within `TOLERANCE`: what near-copies are found in.

Numbers are measured from the median in units of half the spread of the middle 90 % and put on the scale of asinh: near
the median a step is a share of the spread, far from it a share of the number. So cells agree if they are the same to
about three significant digits (0.5 %). Moments agree to 0.5 % of their spread. Short texts and
categories agree if they are the same but for case, white space and punctuation, long ones if they are near-duplicates
(MinHash, `similarity/duplicates.py`). A null agrees with a null. Of a vector, four random projections stand for it.
"""

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from smeaton.quality.leaks._tells import plain
from smeaton.task.table import Array, Table

TOLERANCE = 0.005
#: Texts longer than this on average are compared by what they have in common.
LONG = 40
_NULL = -1e6
_PROJECTIONS = 4
_SAMPLE = 5_000
_MARKS = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~‘’“”–—…", " "))


def matrix(table: Table, rows: Array, most: int, characters: int) -> tuple[Array, list[str], list[str]]:
    """The rows (n, columns), the name behind each column, and notes.

    Args:
        table: typed inputs.
        rows: positions.
        most: columns at most; of more, those with the most different values.
        characters: of long texts that may be compared by MinHash; above, long texts agree if the same when folded.
    """
    notes: list[str] = []
    names = list(table)
    if len(names) > most:
        some = rows[:: max(1, len(rows) // 1_000)]
        different = {name: _different(np.asarray(table[name][some])) for name in names}
        names = sorted(names, key=lambda name: -different[name])[:most]
        notes.append(f"near-copies were looked for in the {most} columns with the most different values")
    found = [(name, part) for name in names for part in _parts(name, np.asarray(table[name][rows]), characters, notes)]
    if not found:
        return np.empty((len(rows), 0), dtype=np.float32), [], notes
    return np.stack([part for _, part in found], axis=1), [name for name, _ in found], notes


def scaled(column: Array) -> Array:
    """Numbers on the scale on which those within `TOLERANCE` agree; null is far from all."""
    values = plain(column)
    known = values[np.isfinite(values)]
    if not len(known):
        return np.full(len(values), _NULL, dtype=np.float32)
    low, middle, high = np.quantile(known[:: max(1, len(known) // _SAMPLE)], [0.05, 0.5, 0.95])
    unit = (high - low) / 2 or float(np.abs(known - middle).max()) or 1.0
    found: Array = np.arcsinh((values - middle) / unit).astype(np.float32)
    found[~np.isfinite(found)] = _NULL
    return found


def folded(text: str) -> str:
    """A text without what does not count: case, width, white space, punctuation."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_MARKS).split())


def _parts(name: str, column: Array, characters: int, notes: list[str]) -> Iterator[Array]:
    if column.ndim > 1:
        values = np.nan_to_num(column.astype(np.float64))
        directions = np.random.default_rng(0).normal(size=(values.shape[1], _PROJECTIONS))
        yield from (scaled(values @ direction) for direction in directions.T)
    elif column.dtype.kind == "M" or column.dtype != object:
        yield scaled(column)
    else:
        yield _codes(name, column.tolist(), characters, notes)


def _codes(name: str, cells: Sequence[object], characters: int, notes: list[str]) -> Array:
    texts = [None if cell is None else cell if isinstance(cell, str) else repr(cell) for cell in cells]
    size = sum(len(text) for text in texts if text is not None)
    held = sum(text is not None for text in texts)
    if held and size / held > LONG:
        if size <= characters:
            return _alike(texts)
        notes.append(f"{name!r} holds too much text to compare in the time: its texts agree if the same when folded")
    known: dict[str | None, int] = {None: int(_NULL)}
    seen: dict[str | None, float] = {}
    for text in texts:
        if text not in seen:
            seen[text] = known.setdefault(None if text is None else folded(text), len(known))
    return np.array([seen[text] for text in texts], dtype=np.float32)


def _alike(texts: list[str | None]) -> Array:
    """A number for each text; near-duplicates share theirs."""
    from smeaton.similarity.duplicates import near_duplicates

    codes = np.arange(1, len(texts) + 1, dtype=np.float32)
    codes[[text is None for text in texts]] = _NULL
    for group in near_duplicates(texts):
        codes[list(group.rows)] = codes[group.rows[0]]
    return codes


def _different(column: Array) -> int:
    if column.ndim > 1:
        return len(column)
    if column.dtype == object:
        return len({value if isinstance(value, str | int | float | None) else repr(value) for value in column.tolist()})
    return len(np.unique(plain(column)))
