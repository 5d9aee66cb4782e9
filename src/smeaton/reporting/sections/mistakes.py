"""Twenty instructive mistakes: rows that were answered wrongly, as people recognise them."""

import json
from collections.abc import Sequence

import numpy as np

from smeaton.errors import SmeatonError
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, spoken
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._asked import asked, cannot_ask
from smeaton.reporting.sections._instructive import Mistake, instructive
from smeaton.reporting.sections._judged import Judged, judged
from smeaton.reporting.sections._losses import Losses, losses_of
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._spoke import spoke

_MOST = 20
_SHARE, _LONGEST = 0.04, 0.2  # of the reader's patience, for the work and by the clock
_SURE = 0.9
_LENGTH = 80
_DRAWN = 12  # rows in the figure
_STRONG = 2  # columns named that spoke for an answer


class Mistakes:
    """See the module."""

    order = 250
    title = "Mistakes worth looking at"

    def applies(self, build: Build) -> str:
        """See the contract."""
        if build.task.answer == "other":
            return "no metric judges single answers of this kind"
        try:
            found = judged(build)
            wrong = losses_of(build, found).values > 0 if build.task.answer == "number" else _wrong(build, found)
        except SmeatonError as error:
            return error.message
        if not len(wrong):
            return "no row was answered by a program that was not fitted on it"
        return "" if wrong.any() else f"none of the {len(wrong):,} answers to rows not fitted on is wrong"

    def make(self, build: Build) -> Section:
        """See the contract."""
        found = judged(build)
        losses = losses_of(build, found)
        mistakes, count = instructive(found, losses, _MOST)
        reasons, why = _reasons(build, found, mistakes)
        kinds = len({one.kind for one in mistakes})
        return Section(
            id="mistakes",
            title=self.title,
            shows=f"{len(mistakes)} rows that were answered wrongly, of {kinds} kinds: the surest or farthest off.",
            do=(
                "Ask of each row: could a person have known? If so, which column would have told? If the answer looks "
                "right and the label wrong, correct the label: the list of suspects names more of them."
            ),
            teach=(
                "Mistakes that were made with little doubt teach most: either the label is wrong, or the solution is "
                "blind to something. The list takes the worst of each kind in turn and leaves out rows that look like "
                "one already named, so it shows what goes wrong, not how often."
            ),
            facts=_facts(found, losses, count),
            notes=(Note(text=why),) if why else (),
            figures=_figure(found, losses, mistakes),
            grids=(_grid(found, mistakes, reasons),),
        )


def _wrong(build: Build, found: Judged) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    wrong = losses_of(build, found).wrong
    assert wrong is not None
    return wrong


def _reasons(build: Build, found: Judged, mistakes: Sequence[Mistake]) -> tuple[dict[int, str], str]:
    """What spoke for the answers, in words; and why there is none, '' if there is."""
    if build.task.answer not in ("class", "number") or (
        build.task.answer == "class" and not len(found.evidence.labels)
    ):
        return {}, ""
    why = cannot_ask(build)
    if why:
        return {}, f"What spoke for the answers is not said: {why}."
    patience = Patience(min(_SHARE * build.wish.seconds, build.left()), _LONGEST * build.left())
    work = asked(build, patience)
    ranked = build.kept.get("permuted")
    first = [] if ranked is None else [piece.column for piece in ranked.pieces]
    columns = [*first, *(name for name in work.inputs if name not in set(first))]
    if len(columns) < 2:
        return {}, ""
    number = build.task.answer == "number"
    codes = np.full(len(found.evidence.rows), -1) if number else found.evidence.codes()
    asks = [one for one in mistakes if number or codes[one.place] >= 0]
    places = [one.place for one in asks]
    strong = spoke(work, places, codes[places].tolist() if places else [], columns, patience)
    said = {place: _strongest(build, found, place, lost, number) for place, lost in strong.items()}
    late = len(asks) - len(said)
    return said, f"What spoke for the answer was not asked of {late} of these rows." if late and said else ""


def _strongest(build: Build, found: Judged, place: int, lost: list[tuple[str, float]], number: bool) -> str:
    row = int(found.evidence.rows[place])
    words = []
    for name, value in lost[:_STRONG]:
        if value == 0 or not np.isfinite(value) or (value < 0.005 and not number):
            continue
        much = f"{'+' if value > 0 else ''}{spoken(value)}" if number else f"{100 * value:+.0f} points"
        words.append(f"{cut(name, 24)} {_cell(build.dataset.table[name][row])} ({much})")
    return ", ".join(words)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return "missing"
    return cut(spoken(float(value)) if isinstance(value, int | float | np.number) else str(value), 24)


def _facts(found: Judged, losses: Losses, count: int) -> tuple[Fact, ...]:
    rows = len(found.evidence.rows)
    if losses.wrong is None:
        middle, most = (float(np.quantile(losses.values, share)) for share in (0.5, 0.95))
        return (
            Fact(name="half are off by no more than", value=spoken(middle), note=losses.unit),
            Fact(name="one in twenty is off by more than", value=spoken(most), note=losses.unit),
        )
    facts = [Fact(name="wrong answers", value=f"{count:,} of {rows:,}", note=spoken(count / rows, "share"))]
    chance = found.evidence.probability
    if chance is not None and found.evidence.task.answer == "class":
        codes = found.evidence.codes()
        said = chance[np.arange(rows), np.maximum(codes, 0)]
        sure = losses.wrong & (said >= _SURE) & (codes >= 0)
        facts.append(Fact(name="wrong though 90 % sure", value=f"{int(sure.sum()):,}", note="by its own probability"))
    return tuple(facts)


def _figure(found: Judged, losses: Losses, mistakes: Sequence[Mistake]) -> tuple[Figure, ...]:
    """How far each answer is from what is true: numbers as such, labels by their probabilities; none where answers have
    neither."""
    number, chance = found.evidence.task.answer == "number", found.evidence.probability
    if not number and (chance is None or found.evidence.task.answer != "class"):
        return ()
    codes = np.zeros(0) if number else found.evidence.codes()
    drawn = [one for one in mistakes if (one.off is not None if number else codes[one.place] >= 0)][:_DRAWN]
    if not drawn:
        return ()
    places = [one.place for one in drawn]
    true = np.asarray(found.evidence.target)[places]
    said = np.asarray([float(found.evidence.prediction[place]) for place in places]) if number else codes[places]
    start, end = (true, said) if number else (np.asarray(chance)[places, one] for one in (true, said))
    unit = f" ({cut(losses.unit, 12)})" if losses.unit and number else ""
    first = drawn[0]
    said_first, true_first = _said(found, first.place), _true(found, first.place)
    how = "Each row's own number, and the answer to it" if number else "The probabilities of both labels"
    return (
        Figure(
            id="mistakes-gaps",
            chart="dumbbells",
            title="How far the answer is from what is true",
            says=f"Row {_row(found, first)} is {true_first}; the answer was {said_first}.",
            how=found.how(f"{how}, of the first {len(drawn)} of the rows below"),
            columns={
                "name": [_row(found, one) + ("" if number else f": {cut(one.kind, 30)}") for one in drawn],
                "start": start.astype(np.float64).tolist(),
                "end": end.astype(np.float64).tolist(),
                "note": [found.evidence.example(place).text for place in places],
            },
            x=f"{cut(found.evidence.task.target, 40)}{unit}" if number else "probability",
            y="row",
            options={"kind": "number" if number else "share", "start_name": "true", "end_name": "said"},
        ),
    )


def _row(found: Judged, one: Mistake) -> str:
    """A row by its id, or its number."""
    example = found.evidence.example(one.place)
    return str(example.row) if example.id is None else cut(example.id, 24)


def _grid(found: Judged, mistakes: Sequence[Mistake], reasons: dict[int, str]) -> Grid:
    evidence = found.evidence
    number = evidence.task.answer == "number"
    last = Head(name="off by", kind="number", note="said less true")
    heads = [Head(name="row"), Head(name="what it holds"), Head(name="said"), Head(name="true")]
    if number:
        heads.append(last)
    elif any(one.sure is not None for one in mistakes):
        heads.append(Head(name="how sure", kind="share", note="probability of what was said (or of the worst label)"))
    heads.append(Head(name="kind of mistake"))
    if reasons:
        note = "how much higher the answer is than with the values of other rows in that column"
        heads.append(Head(name="what spoke for it", note=note))
    names = [head.name for head in heads]
    rows = []
    for one in mistakes:
        example = evidence.example(one.place)
        cells = {
            "row": _row(found, one), "what it holds": example.text,
            "said": _said(found, one.place), "true": _true(found, one.place),
            "off by": one.off, "how sure": one.sure, "kind of mistake": cut(one.kind, _LENGTH),
            "what spoke for it": reasons.get(one.place, ""),
        }  # fmt: skip
        rows.append(tuple(cells[name] for name in names))
    why = (
        " What spoke for it: the column put to the values of six other rows, asked of the same program."
        if reasons
        else ""
    )
    return Grid(
        id="mistakes-rows",
        title=f"{len(mistakes)} mistakes",
        heads=tuple(heads),
        rows=tuple(rows),
        how=found.how("Wrong answers taken in turn from each kind, the surest or farthest off first, none like another")
        + why,
    )


def _said(found: Judged, place: int) -> str:
    return _value(found.evidence.prediction[place]) or "(no answer)"


def _true(found: Judged, place: int) -> str:
    evidence, value = found.evidence, found.evidence.target[place]
    if evidence.task.answer == "class":
        return cut(evidence.labels[int(value)], _LENGTH)
    if evidence.task.answer == "many":
        given = [label for label, there in zip(evidence.labels, np.asarray(value).tolist(), strict=True) if there]
        return cut(", ".join(given) or "none", _LENGTH)
    return _value(value)


def _value(value: object) -> str:
    """An answer as people read it."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, int | float | np.number):
        return spoken(float(value)) if np.isfinite(value) else ""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return cut(", ".join(value) or "none", _LENGTH)
    return cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), _LENGTH)


part = Mistakes()
