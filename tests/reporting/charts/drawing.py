"""Drawing a figure, and looking at what came out."""

import re
from typing import Any

from smeaton.reporting.forms import Figure
from smeaton.reporting.svg import draw

HOSTILE = '"><script>alert(1)</script> & datum["x"] \'quoted\''


def figure(chart: str, columns: Any, **more: Any) -> Figure:
    """A figure with words of its own."""
    return Figure(id="f", chart=chart, title="What it is", says="What is seen.", how="How.", columns=columns, **more)


def said(drawn: Figure) -> list[str]:
    """What the marks of a figure say, as it lies in its picture."""
    picture = draw(drawn, "f").svg
    assert "<script" not in picture
    return re.findall(r"<title>([^<]*)</title>", picture)


def words(drawn: Figure) -> str:
    """All text that is written in a picture."""
    return " | ".join(re.findall(r"<text[^>]*>([^<]*)</text>", draw(drawn, "f").svg))
