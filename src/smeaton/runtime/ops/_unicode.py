"""Texts to code points of tokens, by the tables of Unicode 14.0 whatever Unicode the host knows (docs/text_op.md).

A newer host knows more code points, and never another form of those it knew: Unicode's stability policies fix NFKC of
assigned characters and the case folding of NFKC texts. So what 14.0 does not assign is taken out before the host
normalises; classes of code points come from a table beside this module (written by benchmarks/text_tables.py).
"""

import functools
import importlib.resources
import json
import unicodedata
from collections.abc import Sequence

import numpy as np

from smeaton.task.table import Array

#: The classes of code points in the table.
UNKNOWN, SEPARATOR, TOKEN, MARK = 0, 1, 2, 3
#: A longer run of combining marks is broken: normalising sorts marks, in a time that grows with the square of the run.
MARKS = 30
_SPACE, _END = 32, 10
#: ASCII on the fast path, for `bytes.translate`: letters become small, what is in no token becomes a space.
_ASCII = bytes(ord(chr(byte).lower()) if byte < 128 and chr(byte).isalnum() else _SPACE for byte in range(256))


def ascii_tokens(text: str) -> list[bytes]:
    """The tokens of a text that is all ASCII: all that `token_points` says of it, and faster for one text."""
    return text.encode("ascii").translate(_ASCII).split()


@functools.cache
def classes() -> Array:
    """The class of each code point: (0x110000,) uint8."""
    table = json.loads(importlib.resources.files(__package__).joinpath("unicode14.json").read_text("utf-8"))
    runs = np.array(table["runs"], dtype=np.int64).reshape(-1, 2)
    return np.repeat(runs[:, 1].astype(np.uint8), runs[:, 0])


def token_points(texts: Sequence[str | None]) -> tuple[Array, Array]:
    """The normalised, case-folded code points of texts, with a space for all that is in no token.

    Returns:
        The code points (uint8 or uint32) of a space, the first text, a space, the second text, ..., a space; and the
        (texts + 1,) places of those spaces around the texts. A null is an empty text.
    """
    given = [text or "" for text in texts]
    joined = "\n" + "\n".join(given) + "\n"
    ends = np.zeros(len(given) + 1, dtype=np.int64)
    np.cumsum([len(text) + 1 for text in given], out=ends[1:])
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii").translate(_ASCII), dtype=np.uint8), ends
    points = _points(_folded(_cleaned(joined, ends)))
    # No text holds a line end any more, and no normalisation makes one or takes one away.
    ends = np.flatnonzero(points == _END)
    points[classes()[points] < TOKEN] = _SPACE
    return points, ends


def _cleaned(joined: str, ends: Array) -> str:
    """Texts ready for the host's normalisation: spaces for unknown code points, surplus marks and inner line ends."""
    points = _points(joined)
    kinds = classes()[points]
    unfit = (kinds == UNKNOWN) | (points == _END)
    marks = kinds == MARK
    if int(marks.sum()) > MARKS:
        places = np.arange(len(points))
        unfit |= places - np.maximum.accumulate(np.where(marks, -1, places)) > MARKS
    points[unfit] = _SPACE
    points[ends] = _END
    return points.tobytes().decode("utf-32-le")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _points(text: str) -> Array:
    """The code points of a text as a new array of uint32; a lone surrogate counts as one."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
