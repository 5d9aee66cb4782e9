"""The page as HTML: whole and readable without its script, every value escaped."""

from collections.abc import Mapping

from smeaton.reporting.characters import html
from smeaton.reporting.forms import BuildReport
from smeaton.reporting.page.assets import policy, script, style
from smeaton.reporting.page.section import section
from smeaton.reporting.svg import Drawn

#: By section's id and figure's id.
Pictures = Mapping[str, Mapping[str, Drawn]]
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%230b57d0' "
    "d='M6 5h4l1 10H5zM6 1h4v3H6zM0 2l5 .5L0 4zm16 0-5 .5 5 1.5z'/%3E%3C/svg%3E"
)
_OUTCOMES = {"ready": "good", "not ready": "warn", "no solution": "bad"}
_TOOLS = (
    '<div class="tools live"><button type="button" id="plain" aria-pressed="false">Words off</button>'
    '<button type="button" id="theme">Dark</button></div>'
)
_DIALOG = (
    '<dialog id="card" aria-labelledby="card-name"><header><h2 id="card-name"></h2>'
    '<button type="button" id="close" aria-label="Close the card">✕</button></header>'
    '<div id="card-body"></div></dialog>'
    '<div id="tip" role="tooltip" hidden></div><p id="live" class="unseen" role="status"></p>'
)


def document(report: BuildReport, pictures: Pictures, cards: str = "", links: Mapping[str, str] | None = None) -> str:
    """The page of a report.

    Args:
        report: what it says.
        pictures: its figures, drawn.
        cards: the candidates' cards as HTML, and
        links: their addresses by the candidates' keys.
    """
    known, none = links or {}, dict[str, Drawn]()
    parts = "".join(
        section(part, pictures.get(part.id, none), known, hero=place == 0) for place, part in enumerate(report.sections)
    )
    rules = style({drawn.width for those in pictures.values() for drawn in those.values()})
    code = script()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(rules, code)}">'
        f"<title>{html(report.task)} - Smeaton report</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{_ICON}"><style>{rules}</style></head>'
        f'<body><a class="skip" href="#main">To the report</a>{_top(report)}'
        f'<div class="frame">{_contents(report, bool(cards))}'
        f'<main id="main" tabindex="-1">{_title(report)}{parts}{cards}{_left_out(report)}{_colophon(report)}</main>'
        f"</div>{_DIALOG}<script>{code}</script></body></html>\n"
    )


def _top(report: BuildReport) -> str:
    return f'<header class="top"><p class="brand">Smeaton <bdi>{html(report.task)}</bdi></p>{_TOOLS}</header>'


def _contents(report: BuildReport, cards: bool) -> str:
    entries = [(f"s-{part.id}", part.title) for part in report.sections]
    entries += [("candidates", "Every candidate")] if cards else []
    entries += [("left-out", "Left out")] if report.left_out else []
    items = "".join(f'<li><a href="#{html(place)}">{html(title)}</a></li>' for place, title in entries)
    return f'<nav id="contents" aria-label="Contents"><ol>{items}</ol></nav>'


def _title(report: BuildReport) -> str:
    goal = f'<p class="goal" dir="auto">{html(report.goal)}</p>' if report.goal else ""
    mood = _OUTCOMES.get(report.outcome, "")
    facts = [
        f"answers <b><bdi>{html(report.target)}</bdi></b>",
        f"judged by <b>{html(report.metric)}</b> ({report.better} is better)",
        f'built <time datetime="{html(report.built)}">{html(report.built[:16].replace("T", " "))} UTC</time>',
    ]
    return (
        f'<header class="title"><h1><bdi>{html(report.task)}</bdi> <span class="outcome {mood}">{html(report.outcome)}'
        f'</span></h1>{goal}<p class="about">{" <i>·</i> ".join(facts)}</p></header>'
    )


def _left_out(report: BuildReport) -> str:
    if not report.left_out:
        return ""
    items = "".join(f"<div><dt>{html(title)}</dt><dd>{html(why)}</dd></div>" for title, why in report.left_out.items())
    return (
        '<section class="part" id="left-out" aria-labelledby="left-out-title"><h2 id="left-out-title" tabindex="-1">'
        f'Left out</h2><p class="words shows">What this report does not hold, and why.</p><dl class="rows">{items}</dl>'
        "</section>"
    )


def _colophon(report: BuildReport) -> str:
    return (
        f"<footer><p>Smeaton {html(report.version)}. This file holds all it needs: it loads nothing, and sends "
        "nothing. The same as data: <code>smeaton report --format json</code>.</p></footer>"
    )
