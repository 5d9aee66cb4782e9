"""The report as plain data: what `report.json` holds (`docs/report.md` documents it). Shares lie between 0 and 1."""

from typing import Any, Literal

import msgspec

from smeaton.insight.forms import Report

SCHEMA = 1

#: How a cell is read: `number` and `share` as such, `interval` a list of value, low and high, `seconds`, `bytes` and
#: `dollars` with their units, `mark` one of ok, warn, bad or ''.
Kind = Literal["text", "number", "share", "interval", "seconds", "bytes", "dollars", "mark"]
#: How a fact or a note is meant: nothing special, good news, look at it, it stands in the way.
Mood = Literal["", "good", "warn", "bad"]


class Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the report's parts: immutable."""


class Fact(Form, frozen=True, kw_only=True):
    """One number (or word) to be read from afar: what it is, its value as people write it, and what it means."""

    name: str
    value: str
    note: str = ""
    mood: Mood = ""


class Figure(Form, frozen=True, kw_only=True):
    """A figure as data. `chart` is the part of `charts/` that draws it and states the columns it wants; `columns` are
    of equal length, plain JSON values. `x` and `y` are the axes' titles with their units. `says` is what a person sees
    in it, in one sentence: it is read aloud where nothing is seen. `how` says how the values were computed, on which
    rows.
    """

    id: str
    chart: str
    title: str
    says: str
    how: str
    columns: dict[str, list[Any]]
    x: str = ""
    y: str = ""
    options: dict[str, Any] = {}


class Head(Form, frozen=True, kw_only=True):
    """The head of a column, and how its cells are read. `note` says what the column holds."""

    name: str
    kind: Kind = "text"
    note: str = ""


class Grid(Form, frozen=True, kw_only=True):
    """A table. `rows` hold one value for each head, None where there is none; `strong` are places of rows that stand
    out. `how` as in `Figure`."""

    id: str
    title: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Any, ...], ...]
    how: str = ""
    strong: tuple[int, ...] = ()


class Note(Form, frozen=True, kw_only=True):
    """One plain sentence that the figures do not say."""

    text: str
    mood: Mood = ""


class Section(Form, frozen=True, kw_only=True):
    """One section. `shows` says in one plain sentence what it shows, `do` what to do about it, `teach` explains it to a
    reader who is new to the field. Figures come before tables."""

    id: str
    title: str
    shows: str
    do: str
    teach: str = ""
    facts: tuple[Fact, ...] = ()
    notes: tuple[Note, ...] = ()
    figures: tuple[Figure, ...] = ()
    grids: tuple[Grid, ...] = ()


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. `left_out` names the sections that do not apply, and why. `found` is what the answers say about
    the data (suspects, mixed-up labels, near-copies); None where nothing was chosen. `built` is when the build
    ended, in UTC as ISO 8601; `seconds` is what it took to make the report."""

    schema: int = SCHEMA
    version: str
    task: str
    goal: str = ""
    target: str
    metric: str
    better: Literal["higher", "lower"]
    outcome: str
    solution: str
    trial: str
    built: str
    sections: tuple[Section, ...]
    left_out: dict[str, str] = {}
    found: Report | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain
