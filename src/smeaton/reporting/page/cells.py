"""A cell of a table as HTML, and the number it is sorted by."""

import math
from collections.abc import Sequence
from typing import Any

from smeaton.leaderboard.text import number
from smeaton.reporting.characters import html
from smeaton.reporting.forms import Head
from smeaton.task.units import show_bytes, show_dollars, show_seconds

SHORT = 20  #: characters of a text that stands in one line
LONG = 280  #: characters of a text that are shown before it has to be opened
MOST = 5_000  #: characters that are kept of it
_MARKS = {"ok": ("✓", "all right"), "warn": ("▲", "look at it"), "bad": ("✕", "bad")}
_NONE = '<span class="none">–</span>'


def cell(head: Head, value: Any, span: tuple[float, float]) -> str:
    """One cell with its tag. `span` are the ends of the column's intervals: what is drawn is drawn to their scale."""
    if value is None:
        return f"<td>{_NONE}</td>"
    if head.kind == "text":
        whole = ' class="short"' if len(str(value)) <= SHORT else ""
        return f'<td dir="auto"{whole}>{text(str(value))}</td>'
    if head.kind == "mark":
        return f"<td>{mark(value)}</td>"
    if head.kind == "interval":
        said = f"<b>{written(value[0])}</b> <small>{written(value[1])} to {written(value[2])}</small>"
        return f'<td class="interval" data-v="{_key(value[0])}"><span>{drawn(value, span)}{said}</span></td>'
    return f'<td class="n" data-v="{_key(value)}">{html(amount(head.kind, value))}</td>'


def amount(kind: str, value: float) -> str:
    """A number as people write it."""
    if not math.isfinite(value):
        return "unknown"
    if kind == "share":
        return f"{100 * value:.1f} %"
    if kind == "seconds":
        return show_seconds(value) if value >= 0 else f"-{show_seconds(-value)}"
    if kind == "bytes":
        return show_bytes(value)
    if kind == "dollars":
        return show_dollars(value)
    return written(value)


def written(value: float) -> str:
    """A plain number: whole ones in full, others with the digits that count."""
    return f"{value:,}" if isinstance(value, int) else number(value)


def text(value: str, shown: int = LONG) -> str:
    """A text; of a long one the beginning, and the rest to be opened."""
    if len(value) <= shown:
        return html(value)
    more = html(value[:MOST]) + (f" … ({len(value) - MOST:,} characters more)" if len(value) > MOST else "")
    return f"<details><summary>{html(value[:shown])} …</summary>{more}</details>"


def mark(value: str) -> str:
    """A mark that is told by its shape and its name, not by its colour alone."""
    if value not in _MARKS:
        return ""
    sign, name = _MARKS[value]
    return f'<span class="mark {value}"><i aria-hidden="true">{sign}</i><span class="unseen">{name}</span></span>'


def span_of(values: Sequence[Sequence[float] | None]) -> tuple[float, float]:
    """The ends of a column's intervals, as far as they are finite."""
    ends = [end for value in values if value is not None for end in value[1:] if math.isfinite(end)]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def drawn(value: Sequence[float], span: tuple[float, float]) -> str:
    """An interval as a line with a dot at its value."""
    if not all(map(math.isfinite, value)):
        return ""
    low, high = span
    at, start, end = (3 + 58 * (one - low) / ((high - low) or 1.0) for one in value)
    return (
        '<svg class="range" viewBox="0 0 64 12" width="64" height="12" aria-hidden="true"><path d="M1 6H63"/>'
        f'<path class="of" d="M{start:.1f} 6H{end:.1f}"/><circle cx="{min(max(at, 3), 61):.1f}" cy="6" r="3"/></svg>'
    )


def _key(value: float) -> str:
    return f"{value:.10g}" if math.isfinite(value) else ""
