"""How the answers change with the top columns: partial dependence, with how single rows spread around it."""

from collections.abc import Sequence

import numpy as np

from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Figure, Note, Section
from smeaton.reporting.sections._asked import Asked, cannot_ask
from smeaton.reporting.sections._dependence import Curve, curves, has_curve
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections.importance import tried
from smeaton.task.table import Array
from smeaton.task.types import label_text

_SHARE, _LONGEST = 0.06, 0.25  # of the reader's patience, for the work and by the clock
_FIGURES = 4
_STEADY = 0.9  # share of its way from which on a curve rises, or falls


class Dependence:
    """See the module."""

    order = 220
    title = "What the top columns do to the answer"

    def applies(self, build: Build) -> str:
        """See the contract."""
        if build.task.answer not in ("class", "many", "number"):
            return "the answers are neither numbers nor probabilities that could rise or fall"
        if not any(kind.type not in ("text", "list", "json", "vector") for kind in build.task.input_types.values()):
            return "no input is a number, a moment or a category: texts have no scale to move along"
        return cannot_ask(build)

    def make(self, build: Build) -> Section:
        """See the contract."""
        names, work, ranked = _candidates(build)
        left_out = [name for name in names[:_FIGURES] if not has_curve(work, name)]
        chosen = [name for name in names if has_curve(work, name)][:_FIGURES]
        patience = Patience(min(_SHARE * build.wish.seconds, build.left()), _LONGEST * build.left())
        found, late = curves(work, chosen, patience)
        shown = [curve for curve in found if len(curve.x) > 1]
        notes = [Note(text="This shows what the solution does with a column, not what the column causes in the world.")]
        if left_out:
            text = (
                f"{_named(left_out)} left out: texts, lists and values that hardly repeat have no scale to move along."
            )
            notes.append(Note(text=text))
        if late:
            text = f"{_named(late)} not drawn for want of time: give the report more `--seconds`."
            notes.append(Note(text=text, mood="warn"))
        same = [curve.column for curve in shown if curve.moves == 0]
        if same:
            notes.append(Note(text=f"{_named(same)}: the mean answer does not move at all."))
        if not ranked:
            notes.append(Note(text="The columns come in their own order: there was no time to rank them."))
        return Section(
            id="dependence",
            title=self.title,
            shows="How the mean answer changes when all rows are given the same value in one column.",
            do=(
                "Ask someone who knows the matter whether the direction makes sense. Where it does not, look at the "
                "column: a wrong unit, a stand-in for something else, or too few rows there."
            ),
            teach=(
                "One column is set to the same value in many rows, all else is left as it is, and the answers are "
                "averaged; then the next value. The band holds the middle 80 % of the single rows: where it is wide, "
                "the same value means different things for different rows. Short strokes below show where rows are: "
                "where there are none, the curve is a guess. Columns that go together are moved apart here, into rows "
                "that may not exist."
            ),
            notes=tuple(notes),
            figures=tuple(_figure(build, work, curve, place) for place, curve in enumerate(shown)),
        )


def _candidates(build: Build) -> tuple[list[str], Asked, bool]:
    """The columns that programs read, the most important first, and whether they were ranked."""
    found, work = tried(build)
    ranked = [piece.column for piece in found.pieces]
    return [*ranked, *(name for name in work.inputs if name not in set(ranked))], work, bool(ranked)


def _named(names: Sequence[str]) -> str:
    return ", ".join(repr(cut(name, 30)) for name in names)


def _figure(build: Build, work: Asked, curve: Curve, place: int) -> Figure:
    kind = "number" if curve.answer < 0 else "share"
    target = cut(build.task.target, 30)
    said = target if curve.answer < 0 else _chance(build, curve.answer)
    column = cut(curve.column, 30)
    names = list(curve.names) or [_text(value) for value in curve.x]
    ends = [(names[spot], spoken(float(curve.value[spot]), kind)) for spot in (0, -1)]
    title, top = _title(curve, said, column, names), int(curve.value.argmax())
    least = int(curve.value.argmin())
    says = (
        f"From {ends[0][0]} to {ends[1][0]} the mean {said} goes from {ends[0][1]} to {ends[1][1]}; it is highest at "
        f"{names[top]} and lowest at {names[least]}."
    )
    if curve.names:
        says = (
            f"The mean {said} is {spoken(float(curve.value[top]), kind)} for {names[top]} and "
            f"{spoken(float(curve.value[least]), kind)} for {names[least]}."
        )
    how = (
        f"Partial dependence (Friedman 2001): {curve.rows:,} held-out rows, each answered by a program that was not "
        f"fitted on it, with {column!r} set to each of {len(curve.x)} values. Line or dot: the mean. Band: the middle "
        "80 % of the rows (individual conditional expectations, Goldstein et al. 2015)."
    )
    common = {"value": curve.value.tolist(), "low": curve.low.tolist(), "high": curve.high.tolist()}
    if curve.names:
        order = np.argsort(-curve.value, kind="stable").tolist()
        columns = {name: [values[spot] for spot in order] for name, values in common.items()}
        columns |= {"name": [names[spot] for spot in order]}
        columns |= {"note": [f"{curve.counts[spot]:,} rows have it" for spot in order]}
        return Figure(
            id=f"dependence-{place + 1}", chart="interval_bars", title=title, says=says, how=how, columns=columns,
            x=f"mean {said}", options={"kind": kind},
        )  # fmt: skip
    timed = curve.x.dtype.kind == "M"
    options = {"kind": kind, "time": timed, "rug": _plain(curve.rug)}
    return Figure(
        id=f"dependence-{place + 1}", chart="band_line", title=title, says=says, how=how,
        columns={"x": _plain(curve.x), **common}, x=_axis(build, curve.column), y=f"mean {said}", options=options,
    )  # fmt: skip


def _chance(build: Build, place: int) -> str:
    """Whose probability it is."""
    label, target = build.task.labels[place], cut(build.task.target, 30)
    return f"chance of {target}" if label is True else f"chance of {cut(label_text(label), 24)!r}"


def _axis(build: Build, name: str) -> str:
    unit = build.task.input_types[name].unit
    return cut(name, 40) + (f" ({unit})" if unit else "")


def _title(curve: Curve, said: str, column: str, names: list[str]) -> str:
    """What is found, in a few words."""
    start = said if curve.answer < 0 else f"C{said[1:]}"
    if curve.moves == 0:
        return f"{start} does not follow {column}"
    if curve.names:
        return f"{start} by {column}: highest for {cut(names[int(curve.value.argmax())], 24)}"
    steps = np.diff(curve.value)
    up, way = float(steps[steps > 0].sum()), float(np.abs(steps).sum())
    if max(up, way - up) >= _STEADY * way:
        return f"{start} {'rises' if up > way / 2 else 'falls'} with {column}"
    return f"{start} goes up and down with {column}"


def _text(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    return spoken(float(value)) if isinstance(value, int | float | np.number) else str(value)


def _plain(values: Array) -> list[object]:
    if values.dtype.kind == "M":
        return [str(value) + "Z" for value in values.astype("datetime64[s]")]
    return [float(value) for value in values]


part = Dependence()
