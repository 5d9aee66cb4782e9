"""Rows that may be wrong, by name: mislabelled, contradicting each other, copied across the split."""

from typing import Any

from smeaton.insight.forms import Conflict, Example, NearCopies, Report
from smeaton.reporting.charts._texts import cut
from smeaton.reporting.forms import Grid, Head

_NAMED, _PAIRS = 20, 10
_TEXT = 160


def place(example: Example) -> str:
    """A row by its number, and its id if it has one."""
    return f"row {example.row:,}" if example.id is None else f"row {example.row:,} ({cut(example.id, 12)})"


def named(found: Report) -> Grid | None:
    """The rows that look mislabelled; None where there are none."""
    shown = found.suspects[:_NAMED]
    if not shown:
        return None
    return Grid(
        id="suspects-named",
        title="The rows that look mislabelled",
        heads=(
            Head(name="row", note="among those with a target, from 1"),
            Head(name="says"),
            Head(name="answered"),
            Head(name="probability of what it says", kind="share"),
            Head(name="of the answer", kind="share"),
            Head(name="inputs"),
        ),
        rows=tuple(
            (
                place(one.example),
                cut(one.given, 60),
                cut(one.suggested, 60),
                one.probability_given,
                one.probability,
                cut(one.example.text, _TEXT),
            )
            for one in shown
        ),
        how=f"The {len(shown)} likeliest of {found.suspected:,}.",
    )


def conflicts(found: Report) -> Grid | None:
    """Rows with the same inputs and different answers; None where there are none."""
    shown: tuple[Conflict, ...] = found.conflicts[:_PAIRS]
    if not shown:
        return None
    return Grid(
        id="suspects-conflicts",
        title="Same inputs, different answers",
        heads=(Head(name="rows", kind="number"), Head(name="answers"), Head(name="for example"), Head(name="inputs")),
        rows=tuple(
            (
                one.rows,
                ", ".join(f"{cut(answer, 30)} {count:,} times" for answer, count in one.answers),
                ", ".join(place(example) for example in one.examples),
                cut(one.examples[0].text, _TEXT) if one.examples else "",
            )
            for one in shown
        ),
        how="Training rows that agree in all inputs and not in the answer, the largest groups first.",
    )


def copies(found: Report) -> Grid | None:
    """Near-copies across the split; None where there are none."""
    shown: list[tuple[Any, ...]] = [row for one in found.near for row in _pairs(one)]
    if not shown:
        return None
    return Grid(
        id="suspects-copies",
        title="Near-copies across the split",
        heads=(
            Head(name="one"),
            Head(name="the other"),
            Head(name="alike", kind="share", note="the share of what the rows say in which they agree"),
            Head(name="they differ in"),
            Head(name="inputs"),
        ),
        rows=tuple(shown),
        how="Rows of two parts that agree in at least 90 % of what they say; agreeing by chance counts little.",
    )


def _pairs(one: NearCopies) -> list[tuple[Any, ...]]:
    return [
        (
            f"{pair.parts[0]}, {place(pair.first)}",
            f"{pair.parts[1]}, {place(pair.second)}",
            pair.likeness,
            ", ".join(cut(name, 30) for name in pair.differing[:4]),
            cut(pair.first.text, _TEXT),
        )
        for pair in one.pairs[:_PAIRS]
    ]
