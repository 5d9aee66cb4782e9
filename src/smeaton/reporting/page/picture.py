"""A figure on the page: what it asks, what is seen, the picture, how it was computed, and its data."""

from smeaton.reporting.characters import html, prose
from smeaton.reporting.forms import Figure
from smeaton.reporting.page.table import data_table
from smeaton.reporting.svg import Drawn

_WIDE = 480


def picture(figure: Figure, drawn: Drawn, name: str) -> str:
    """The figure, drawn. Its picture is one stop of the Tab key; arrow keys lead from mark to mark (`report.js`)."""
    svg = drawn.svg.replace("<svg ", f'<svg class="w{drawn.width}" ', 1)
    wide = " wide" if is_wide(drawn) else ""
    return (
        f'<figure class="picture{wide}" id="{name}"><figcaption><h3>{html(figure.title)}</h3>'
        f'<p class="words" dir="auto">{prose(figure.says)}</p></figcaption>'
        f'<div class="plot">{svg}</div>'
        f'<details class="how"><summary>How this was computed</summary><p>{prose(figure.how)}</p></details>'
        f'<details class="data"><summary>Its data as a table</summary>{data_table(figure, f"{name}-data")}</details>'
        "</figure>"
    )


def is_wide(drawn: Drawn) -> bool:
    """Whether a picture wants the room of two."""
    return drawn.width > _WIDE
