"""Long documents cut into overlapping passages, so that a hit can say where it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LENGTH, OVERLAP = 2000, 300  # characters
_BREAK = re.compile(r"\n\s*\n|[.!?\u3002\uff01\uff1f\u0964]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document: `text[start:end]`, in characters (code points)."""

    document: int
    start: int
    end: int


def cut(texts: Sequence[str | None], length: int = LENGTH, overlap: int = OVERLAP) -> list[Passage]:
    """Passages of at most `length` characters, each beginning about `overlap` before the last one's end.

    A cut is made at the last blank line, sentence end or white space within the overlap, in this order; where there is
    none, at the length. Nulls and blank texts have no passage.
    """
    found = []
    for document, text in enumerate(texts):
        if not text or not text.strip():
            continue
        start = 0
        while len(text) - start > length:
            end = _end(text, start + length - overlap, start + length)
            found.append(Passage(document, start, end))
            start = max(_end(text, end - overlap, end - overlap // 2), start + 1)
        found.append(Passage(document, start, len(text)))
    return found


def _end(text: str, low: int, high: int) -> int:
    """The best place to cut within [low, high]."""
    breaks = list(_BREAK.finditer(text, low, high))
    for wanted in ("\n", "."):
        for match in reversed(breaks):
            mark = match.group()
            if mark.count("\n") > 1 if wanted == "\n" else not mark.isspace():
                return match.end()
    return breaks[-1].end() if breaks else high
