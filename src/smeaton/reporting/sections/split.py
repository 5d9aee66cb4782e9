"""How rows were parted into those that are fitted on, stopped on, held out and sealed, and how the parts differ."""

from collections.abc import Iterator

from smeaton.quality.forms import Drift, Shift
from smeaton.quality.parts import split_of
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._parted import parted
from smeaton.reporting.sections._pictured import few
from smeaton.reporting.sections._shifted import over_time, shifted

_SHIFTS = 30
_CERTAIN = 0.05


class Split:
    """The split, drawn, and drift between its parts."""

    order = 330
    title = "How the rows were parted"

    def applies(self, build: Build) -> str:
        """See the contract."""
        return "" if build.board.winner is not None else "no solution was chosen, so its rows are not looked at"

    def make(self, build: Build) -> Section:
        """See the contract."""
        dataset, folds = build.dataset, build.folds
        train, test = split_of(dataset, folds)
        drifts = build.found.drifts
        figures: list[Figure | None] = [parted(dataset, folds, train, test), over_time(dataset, train)]
        figures.append(shifted(dataset, train, test, drifts))
        facts = [
            Fact(name="To learn from", value=f"{len(train):,} rows", note=f"in {_folds(len(folds))}"),
            Fact(name="Sealed test", value=f"{len(test):,} rows", note=_opened(build)),
            *filter(None, map(_told, drifts)),
        ]
        left = len(dataset) - len(train) - len(test)
        notes = [Note(text=_rule(build))]
        if left:
            notes.append(Note(text=f"{left:,} rows of groups that reach into a newer part are in none of them."))
        if not len(test):
            notes.append(Note(text="No rows are sealed: only the held-out rows tell how good it is.", mood="warn"))
        notes += [note for drift in drifts for note in _said(drift)]
        rows = _rows(drifts)
        return Section(
            id="split",
            title=self.title,
            shows="Which rows each fold is fitted on, stopped on and judged on, which rows stay sealed until the end, "
            "and whether these parts are alike.",
            do="Rows that belong together (of one person, one machine, one day) must lie in one part: name them under "
            "`rows: {group: ...}`, and the moment under `rows: {time: ...}`. Where the parts differ, trust the newest "
            "part most.",
            teach="A solution is only judged on rows that it did not see while it was fitted. Held-out rows choose "
            "between solutions; the sealed test is opened once, for the chosen one. Drift means that one part holds "
            "other values than another: what was learnt from the first may not hold in the second.",
            facts=tuple(facts),
            notes=tuple(notes),
            figures=tuple(figure for figure in figures if figure is not None),
            grids=(_grid(rows),) if rows else (),
        )


def _folds(count: int) -> str:
    return "one fold: a holdout" if count == 1 else f"{count} folds"


def _opened(build: Build) -> str:
    if build.manifest is None:
        return ""
    times = build.manifest.data.test_opened
    return "opened once" if times == 1 else f"opened {times} times"


def _rule(build: Build) -> str:
    """By what rows were parted, in one sentence."""
    dataset, roles = build.dataset, build.task.rows
    sealed = " The sealed test came as `data.test`." if dataset.sealed is not None else ""
    if dataset.time is not None and dataset.group is not None:
        return f"By time ({roles.time!r}), the newest last, and no {roles.group!r} in two parts.{sealed}"
    if dataset.time is not None:
        return f"By time ({roles.time!r}): each fold is judged on what is newer than all it was fitted on.{sealed}"
    if dataset.group is not None:
        return f"By group: all rows with the same {roles.group!r} are in one part.{sealed}"
    even = ", each part with about the same share of each label" if build.task.answer in ("class", "many") else ""
    return f"At random{even}.{sealed}"


def _told(drift: Drift) -> Fact | None:
    """How well a classifier tells two parts apart."""
    if drift.auc is None or drift.low is None or drift.high is None or drift.p is None:
        return None
    apart = drift.p <= _CERTAIN
    return Fact(
        name=f"{_capital(drift.second)} against {drift.first}",
        value=f"AUC {drift.auc:.2f}",
        note=f"{drift.low:.2f} to {drift.high:.2f}; "
        + ("a classifier tells them apart (0.5: it cannot)" if apart else "no classifier tells them apart (0.5)"),
        mood="warn" if apart else "good",
    )


def _said(drift: Drift) -> Iterator[Note]:
    apart = drift.p is not None and drift.p <= _CERTAIN
    between = f"Between {drift.first} and {drift.second}"
    if drift.shifts:
        names = few(dict.fromkeys(cut(shift.column, 40) for shift in drift.shifts))
        yield Note(
            text=f"{between} {len(drift.shifts):,} of {drift.tested:,} comparisons stand out: {names}.", mood="warn"
        )
    elif apart and drift.told_by:
        yield Note(text=f"{between} the parts differ in several columns at once: {few(drift.told_by)}.", mood="warn")
    elif drift.tested:
        yield Note(text=f"{between} none of {drift.tested:,} comparisons stands out.", mood="good")


def _rows(drifts: tuple[Drift, ...]) -> tuple[tuple[object, ...], ...]:
    found = [(drift, shift) for drift in drifts for shift in drift.shifts]
    return tuple(
        (shift.column, f"{_capital(drift.second)} against {drift.first}", _what(shift), shift.distance, shift.p)
        for drift, shift in found[:_SHIFTS]
    )


def _grid(rows: tuple[tuple[object, ...], ...]) -> Grid:
    return Grid(
        id="split-shifts",
        title="What differs between the parts",
        heads=(
            Head(name="column"),
            Head(name="parts"),
            Head(name="how"),
            Head(name="distance", kind="number", note="0: alike, 1: nothing in common"),
            Head(name="chance", kind="number", note="of so large a difference between parts dealt at random"),
        ),
        rows=rows,
        how="Each column in bins against parts of the same size dealt at random, what belongs together dealt together; "
        "of these findings at most 5 % are expected to be chance (Benjamini and Hochberg 1995). The distance is the "
        "largest difference of the two distribution functions for numbers, the total variation for other values.",
    )


def _what(shift: Shift) -> str:
    if shift.what == "values":
        size = "much" if shift.psi >= 0.25 else "somewhat" if shift.psi >= 0.1 else "slightly"
        return f"{size} other values (stability index {shift.psi:.2f})"
    first, second = spoken(shift.first, "share"), spoken(shift.second, "share")
    if shift.what == "missing":
        return f"missing in {second} instead of {first}"
    return f"values never seen before in {second} of the rows"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


part = Split()
