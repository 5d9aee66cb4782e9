"""Texts of the user's in a chart: cut to what can be read, and told apart after that; numbers as people read them."""

from collections.abc import Sequence
from typing import Any

EMPTY = "(empty)"


def cut(text: str, most: int) -> str:
    """A text on one line of at most `most` characters."""
    line = " ".join(str(text).split()) or EMPTY
    return line if len(line) <= most else line[: most - 1] + "…"


def distinct(texts: Sequence[str], most: int = 32) -> list[str]:
    """The same of many: what is alike after the cut gets a number, so that no two share a place on an axis."""
    seen: dict[str, int] = {}
    found = []
    for text in texts:
        line = cut(text, most)
        seen[line] = seen.get(line, 0) + 1
        found.append(line if seen[line] == 1 else f"{cut(text, most - 4)} ({seen[line]})")
    return found


def spoken(value: Any, kind: str = "number") -> str:
    """A number as it is read aloud: a `share` in per cent, any other with four digits that count."""
    if value is None:
        return "not known"
    if not isinstance(value, int | float):
        return str(value)
    return f"{100 * value:.3g} %" if kind == "share" else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
