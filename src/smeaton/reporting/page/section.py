"""A section on the page: its words, facts, notes, pictures and tables."""

from collections.abc import Mapping

from smeaton.reporting.characters import html, prose
from smeaton.reporting.forms import Fact, Note, Section
from smeaton.reporting.page.cells import text
from smeaton.reporting.page.picture import is_wide, picture
from smeaton.reporting.page.table import table
from smeaton.reporting.svg import Drawn

NOTE = 600  #: characters of a note that are shown before it has to be opened
_MOODS = {"good": ("✓", "Good: "), "warn": ("▲", "Look at this: "), "bad": ("✕", "In the way: "), "": ("·", "")}


def section(part: Section, drawn: Mapping[str, Drawn], links: Mapping[str, str], hero: bool = False) -> str:
    """One section. `drawn` are its pictures by their figure's id, `hero` is the one that answers first."""
    name = f"s-{html(part.id)}"
    shown = "".join(picture(figure, drawn[figure.id], f"{name}-f{place}") for place, figure in enumerate(part.figures))
    tables = "".join(table(grid, f"{name}-t{place}", links) for place, grid in enumerate(part.grids))
    count = len(part.figures) + sum(is_wide(drawn[figure.id]) for figure in part.figures)
    first, later = (facts(part.facts), "") if hero else ("", facts(part.facts))
    said = f'<div class="said">{_words(part)}{later}{notes(part.notes)}</div>'
    return (
        f'<section class="part{" hero" if hero else ""}" id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title" tabindex="-1">{html(part.title)}</h2>{first}'
        f'<div class="body n{min(count, 4)}">{said}{_inside("pictures", shown)}</div>'
        f"{_inside('tables', tables)}</section>"
    )


def _inside(name: str, shown: str) -> str:
    return f'<div class="{name}">{shown}</div>' if shown else ""


def _words(part: Section) -> str:
    """What it shows, what to do about it, and the term explained."""
    teach = f'<details class="teach"><summary>New to this?</summary><p>{prose(part.teach)}</p></details>'
    return (
        f'<div class="words lead"><p class="shows">{prose(part.shows)}</p>'
        f'<p class="do"><b>What to do</b> {prose(part.do)}</p>{teach if part.teach else ""}</div>'
    )


def facts(those: tuple[Fact, ...]) -> str:
    """Numbers to be read from afar."""
    if not those:
        return ""
    return f'<dl class="facts">{"".join(map(_fact, those))}</dl>'


def _fact(fact: Fact) -> str:
    note = f'<dd class="note" dir="auto">{prose(fact.note)}</dd>' if fact.note else ""
    return (
        f'<div class="fact {fact.mood}"><dt>{html(fact.name)}</dt>'
        f'<dd class="value" dir="auto">{_sign(fact.mood) if fact.mood else ""}{html(fact.value)}</dd>{note}</div>'
    )


def notes(those: tuple[Note, ...]) -> str:
    """What the figures do not say."""
    if not those:
        return ""
    items = "".join(
        f'<li class="{note.mood}">{_sign(note.mood)}<span dir="auto">{_note(note.text)}</span></li>' for note in those
    )
    return f'<ul class="notes">{items}</ul>'


def _note(said: str) -> str:
    return prose(said) if len(said) <= NOTE else text(said, NOTE)


def _sign(mood: str) -> str:
    sign, word = _MOODS[mood]
    said = f'<span class="unseen">{word}</span>' if word else ""
    return f'<i class="sign" aria-hidden="true">{sign}</i>{said}'
