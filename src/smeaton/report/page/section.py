"""A section on the page: its words, facts, notes, pictures and tables."""

from collections.abc import Mapping

from smeaton.report.characters import html
from smeaton.report.forms import Fact, Note, Section
from smeaton.report.page.picture import picture
from smeaton.report.page.table import table
from smeaton.report.svg import Drawn

_MOODS = {"good": ("✓", "Good: "), "warn": ("▲", "Look at this: "), "bad": ("✕", "In the way: "), "": ("·", "")}


def section(part: Section, drawn: Mapping[str, Drawn], links: Mapping[str, str], hero: bool = False) -> str:
    """One section. `drawn` are its pictures by their figure's id, `hero` is the one that answers first."""
    name = f"s-{html(part.id)}"
    exhibits = "".join(
        picture(figure, drawn[figure.id], f"{name}-{html(figure.id)}") for figure in part.figures
    ) + "".join(table(grid, f"{name}-{html(grid.id)}", links) for grid in part.grids)
    return (
        f'<section class="part{" hero" if hero else ""}" id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title" tabindex="-1">{html(part.title)}</h2>{_words(part)}'
        f"{facts(part.facts)}{notes(part.notes)}"
        f"{f'<div class=exhibits>{exhibits}</div>' if exhibits else ''}</section>"
    )


def _words(part: Section) -> str:
    """What it shows, what to do about it, and the term explained."""
    teach = f'<details class="teach"><summary>New to this?</summary><p>{html(part.teach)}</p></details>'
    return (
        f'<div class="words lead"><p class="shows">{html(part.shows)}</p>'
        f'<p class="do"><b>What to do</b> {html(part.do)}</p>{teach if part.teach else ""}</div>'
    )


def facts(those: tuple[Fact, ...]) -> str:
    """Numbers to be read from afar."""
    if not those:
        return ""
    return f'<dl class="facts">{"".join(map(_fact, those))}</dl>'


def _fact(fact: Fact) -> str:
    note = f'<dd class="note" dir="auto">{html(fact.note)}</dd>' if fact.note else ""
    return (
        f'<div class="fact {fact.mood}"><dt>{html(fact.name)}</dt>'
        f'<dd class="value" dir="auto">{_sign(fact.mood) if fact.mood else ""}{html(fact.value)}</dd>{note}</div>'
    )


def notes(those: tuple[Note, ...]) -> str:
    """What the figures do not say."""
    if not those:
        return ""
    items = "".join(f'<li class="{note.mood}">{_sign(note.mood)}<span>{html(note.text)}</span></li>' for note in those)
    return f'<ul class="notes">{items}</ul>'


def _sign(mood: str) -> str:
    sign, word = _MOODS[mood]
    said = f'<span class="unseen">{word}</span>' if word else ""
    return f'<i class="sign" aria-hidden="true">{sign}</i>{said}'
