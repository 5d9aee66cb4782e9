"""A loaded bundle as HTML for a notebook: what it takes, what it answers, how good it is and what it costs."""

from html import escape

from smeaton.bundle.manifest import Score
from smeaton.bundle.read import Bundle
from smeaton.leaderboard.html import list_html, table_html
from smeaton.leaderboard.text import number
from smeaton.task.types import Type
from smeaton.task.units import show_bytes, show_seconds

_MOST = 30  # inputs and labels shown


def model_html(bundle: Bundle) -> str:
    """Name, outcome, inputs and output, scores with their intervals, cost. Every value is escaped."""
    stated, task = bundle.manifest, bundle.task
    inputs = list(task.input_types.items())
    rows = [(name, _words(kind)) for name, kind in inputs[:_MOST]]
    if len(inputs) > _MOST:
        rows.append((f"… and {len(inputs) - _MOST} more", ""))
    facts = [f"answers {task.target} ({_words(task.output_type)})", *stated.reasons]
    facts += [_said("validation", score) for score in stated.validation]
    facts += [_said("sealed test", score) for score in stated.test]
    facts.append(f"p95 {show_seconds(stated.running.p95)}, {show_bytes(stated.running.size)}")
    facts.append(f"bundle {bundle.path}, sha256 {bundle.hash[:12]}…")
    head = f"<p><b>{escape(stated.name)}</b>: {escape(stated.outcome)}, {escape(stated.winner.family)}</p>"
    return f"<div>{head}{list_html(facts)}{table_html('', ('input', 'type'), rows)}</div>"


def _said(where: str, score: Score) -> str:
    between = f"{number(score.low)} to {number(score.high)}"
    return f"{where}: {score.metric} {number(score.value)} (95 % interval {between}) on {score.rows:,} rows"


def _words(kind: Type) -> str:
    labels = kind.text_labels()
    shown = ", ".join(labels[:_MOST]) + (", …" if len(labels) > _MOST else "")
    return kind.type + (f" [{shown}]" if labels else "") + (" or null" if kind.optional else "")
