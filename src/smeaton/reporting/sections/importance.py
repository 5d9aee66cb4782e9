"""Which input columns the answers hang on: permutation importance with intervals."""

from math import isfinite

from smeaton.metrics import Metric
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._asked import Asked, asked, cannot_ask, kept, metric_of
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._permuted import Permuted, Piece, permuted
from smeaton.reporting.sections._together import together
from smeaton.task.task import Task

_SHARE, _LONGEST = 0.06, 0.25  # of the reader's patience, for the work and by the clock
_SHOWN, _LISTED = 15, 60
_MOST = 0.8  # of all importance in one column


class Importance:
    """See the module."""

    order = 210
    title = "Which columns matter"

    def applies(self, build: Build) -> str:
        """See the contract."""
        if len(build.task.input_types) < 2:
            return "there is only one input column: all answers hang on it"
        return cannot_ask(build)

    def make(self, build: Build) -> Section:
        """See the contract."""
        found, work = tried(build)
        name, metric, why = metric_of(build)
        notes = [Note(text=why)] if why else []
        notes += _notes(build, found, work)
        shown, kind = found.pieces[:_SHOWN], "share" if metric.unit == "share" else "number"
        measure = (name, kind, _unit(metric, build.task))
        return Section(
            id="importance",
            title=self.title,
            shows="How much worse the answers get when the values of one column are dealt out anew among the rows.",
            do=(
                "Make sure that the columns at the top are right, and known in time, whenever an answer is asked for. "
                "Columns whose interval holds 0 are candidates to leave out: build once without them and compare."
            ),
            teach=(
                "Dealing a column's values out anew keeps its values and breaks what they have to do with the answer. "
                "If the answers get much worse, the solution hangs on that column; if not, it can do without. "
                "Of columns that say the same, each can stand in for the other, so both look less important than they "
                "are together. It tells what this solution uses, not what causes what."
            ),
            facts=_facts(found, name, kind),
            notes=tuple(notes),
            figures=(_figure(build, found, work, measure),) if shown else (),
            grids=(_grid(found, name),) if len(found.pieces) > _SHOWN else (),
        )


def tried(build: Build) -> tuple[Permuted, Asked]:
    """The importance of a build's columns, worked out once a build, and the programs it was asked of.

    Raises:
        SmeatonError: a program is gone or damaged.
    """
    patience = Patience(min(_SHARE * build.wish.seconds, build.left()), _LONGEST * build.left())
    work = asked(build, patience)
    return kept(build, "permuted", lambda: permuted(work, metric_of(build)[1], patience)), work


def _facts(found: Permuted, name: str, kind: str) -> tuple[Fact, ...]:
    if not found.pieces:
        return ()
    sure = [piece for piece in found.pieces if piece.low > 0]
    best = found.pieces[0]
    total = len(found.pieces) + len(found.untried) + len(found.unread)
    facts = [
        Fact(
            name="matters most",
            value=cut(best.column, 40) if best.low > 0 else "none for certain",
            note=f"{name} gets worse by {spoken(best.value, kind)} without it" if best.low > 0 else "",
        ),
        Fact(name="columns that matter", value=f"{len(sure)} of {total:,}", note="their intervals lie above 0"),
    ]
    return tuple(facts)


def _notes(build: Build, found: Permuted, work: Asked) -> list[Note]:
    notes = []
    if not found.pieces:
        some = f"; a row takes about {1000 * work.pace:.2g} ms" if work.pace > 0 else ""
        notes.append(
            Note(text=f"There was no time to try a column{some}. Give the report more `--seconds`.", mood="warn")
        )
    elif found.untried:
        notes.append(
            Note(
                text=f"{len(found.untried):,} columns were not tried for want of time: those whose values the answers "
                "differ by least, or that there was no time to look at. Give the report more `--seconds` to try them.",
                mood="warn",
            )
        )
    if found.unread:
        notes.append(Note(text=f"{_named(found.unread)}: no program reads it, so it cannot matter."))
    sure = [piece for piece in found.pieces if piece.low > 0]
    whole = sum(max(0.0, piece.value) for piece in found.pieces)
    if len(found.pieces) > 2 and sure and sure[0].value > _MOST * whole:
        text = (
            f"Nearly all hangs on {cut(sure[0].column, 40)!r}. Look whether it is known when an answer is asked for: "
            "a column that gives the answer away looks just like this."
        )
        notes.append(Note(text=text, mood="warn"))
    names = [piece.column for piece in found.pieces[:_SHOWN]]
    for columns, strength in together(work.dataset, build.evidence.rows, names)[:3]:
        text = f"{_named(columns)} go together (correlation {strength:.2f}): they share their importance among them."
        notes.append(Note(text=text))
    return notes


def _named(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(repr(cut(name, 30)) for name in names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4:,} more"


def _unit(metric: Metric, task: Task) -> str:
    """The unit of a metric in brackets, '' where it has none."""
    if metric.unit == "target":
        return f" ({cut(task.output_type.unit, 12)})" if task.output_type.unit else ""
    return {"nats": " (nats)", "share": " (percentage points)"}.get(metric.unit, "")


def _figure(build: Build, found: Permuted, work: Asked, measure: tuple[str, str, str]) -> Figure:
    name, kind, unit = measure
    shown = found.pieces[:_SHOWN]
    best = shown[0]
    between = f" ({spoken(best.low, kind)} to {spoken(best.high, kind)})" if isfinite(best.high - best.low) else ""
    some = f"{best.column!r} matters most" if best.low > 0 else "No column matters for certain"
    left = f" The {len(shown)} most important of {len(found.pieces):,} are drawn." if len(found.pieces) > _SHOWN else ""
    return Figure(
        id="importance-columns",
        chart="interval_bars",
        title="Which columns the answers hang on",
        says=f"{some}: {name} gets worse by {spoken(best.value, kind)}{between} when the values of {best.column!r} are "
        f"dealt out anew.{left}",
        how=_how(build, found, work, name),
        columns={
            "name": [piece.column for piece in shown],
            "value": [piece.value for piece in shown],
            "low": [piece.low if isfinite(piece.low) else None for piece in shown],
            "high": [piece.high if isfinite(piece.high) else None for piece in shown],
            "mood": ["" if piece.low > 0 else "muted" for piece in shown],
        },
        x=f"{name} gets worse by{unit}",
        options={"kind": kind, "bar": True},
    )


def _how(build: Build, found: Permuted, work: Asked, name: str) -> str:
    few, many = (chosen(piece.repeats for piece in found.pieces) for chosen in (min, max))
    times = f"{few} to {many} times" if few != many else f"{many} times" if many > 1 else "once"
    folds = f" ({found.folds} of {work.folds} folds)" if work.folds > 1 else ""
    screened = "" if not found.untried else " (those first whose values the answers differ by most)"
    return (
        f"Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019) in {name}: each column{screened} was "
        f"dealt out anew {times} among {found.rows:,} of {len(build.evidence.rows):,} held-out rows. Each row was "
        f"answered by the program of the fold that held it out{folds}, which was not fitted on it. Intervals: 95 %, "
        "jackknife over rows (or over what belongs together); the programs are taken as they are."
    )


def _grid(found: Permuted, name: str) -> Grid:
    rest = found.pieces[_SHOWN:_LISTED]
    left = len(found.pieces) - _LISTED
    return Grid(
        id="importance-rest",
        title=f"The next {len(rest)}" + (f" ({left:,} more are not listed)" if left > 0 else ""),
        heads=(Head(name="column"), Head(name=f"{name} gets worse by", kind="interval")),
        rows=tuple((cut(piece.column, 60), _ends(piece)) for piece in rest),
        how="as in the figure above",
    )


def _ends(piece: Piece) -> list[float] | None:
    """A cell of an interval; None where too few groups of rows tell nothing of how they differ."""
    return [piece.value, piece.low, piece.high] if isfinite(piece.high - piece.low) else None


part = Importance()
