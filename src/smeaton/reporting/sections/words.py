"""Words that tell labels apart, words that decided answers, and phrases that no label covers."""

from collections.abc import Sequence
from typing import Any

from smeaton.insight.forms import LabelWords, Report
from smeaton.insight.uncovered import doubtful
from smeaton.reporting.build import Build
from smeaton.reporting.charts._texts import cut, distinct, spoken
from smeaton.reporting.forms import Figure, Grid, Head, Note, Section

_LABELS, _WORDS, _PHRASES = 9, 6, 12


class Words:
    """The words of each label."""

    order = 350
    title = "Words that tell, and words that decide"

    def applies(self, build: Build) -> str:
        """See the contract."""
        if build.board.winner is None:
            return "no solution was chosen, so no text was answered"
        if not any(kind.type == "text" for kind in build.task.input_types.values()):
            return "the inputs hold no text"
        found = build.found
        if not (found.telling or found.deciding or found.uncovered):
            reasons = dict.fromkeys(found.left_out[part] for part in _PARTS if part in found.left_out)
            return "; ".join(reasons) or "no word stands out"
        return ""

    def make(self, build: Build) -> Section:
        """See the contract."""
        found = build.found
        figures = [
            figure for figure in (_telling(found), _deciding(found), _uncovered(found, build)) if figure is not None
        ]
        grids = [grid for grid in (_phrases(found),) if grid is not None]
        notes = [
            Note(text=f"{_PARTS[part]} left out: {why}.") for part, why in found.left_out.items() if part in _PARTS
        ]
        return Section(
            id="words",
            title=self.title,
            shows="Which words stand in the texts of each label more often than elsewhere, which words the solution's "
            "answers hang on, and which phrases the labels do not cover.",
            do="A name, a date or a greeting among these words is an accident of the data: take it out, or gather "
            "texts without it. Phrases that share a meaning and no label may be due one of their own.",
            teach="A word tells a label where it is over-represented in its texts. A word decides where taking it out "
            "of the text lowers the probability of the answer. What tells need not decide: a solution may not use it.",
            notes=tuple(notes),
            figures=tuple(figures),
            grids=tuple(grids),
        )


_PARTS = {
    "telling": "Words that tell labels apart",
    "deciding": "Words that decided",
    "uncovered": "Phrases that no label covers",
}


def _telling(found: Report) -> Figure | None:
    if not found.telling:
        return None
    first = found.telling[0]
    return Figure(
        id="words-telling",
        chart="multiples",
        title="Words that tell each label from the others",
        says=f"{cut(first.label, 40)} is told most by {cut(first.words[0].word, 40)}.",
        how="Log-odds of each word in the texts of the label against all other texts, as a z-score with an informative "
        f"prior (Monroe, Colaresi and Quinn 2008); counted in {found.rows:,} held-out texts.{_more(found.telling)}",
        columns=_cells(found.telling),
        options={"kind": "number", "size_name": "standard deviations", "notes": _rows(found.telling), "across": 3},
    )


def _deciding(found: Report) -> Figure | None:
    if not found.deciding:
        return None
    first = found.deciding[0]
    columns = _cells(found.deciding)
    words = [word for one in found.deciding[:_LABELS] for word in one.words[:_WORDS]]
    known = all(word.low is not None and word.high is not None for word in words)
    if known:
        columns |= {"mean": columns["size"], "mean_low": [one.low for one in words]}
        columns |= {"mean_high": [one.high for one in words]}
    top = max((one.high or one.strength for one in words), default=1.0)
    options: dict[str, Any] = {"kind": "share", "size_name": "of the probability", "notes": _rows(found.deciding)}
    options |= {"together": True, "bars_name": "change of probability"}
    options |= {"mean_name": "with its 95 % interval", "mean_kind": "share", "means": [0.0, top], "top": top}
    return Figure(
        id="words-deciding",
        chart="multiples",
        title="Words that the answers hang on",
        says=f"Without {cut(first.words[0].word, 40)}, {cut(first.label, 40)} is answered with less probability: "
        f"{first.words[0].strength:.2f} less on average.",
        how="How much taking the word out lowers the probability of the answer on average, with its 95 % interval; "
        f"asked of the shipped program, which may have been fitted on some of these texts.{_more(found.deciding)}",
        columns=columns,
        options=options,
    )


def _uncovered(found: Report, build: Build) -> Figure | None:
    shown = found.uncovered[:_PHRASES]
    if not shown:
        return None
    mask = doubtful(build.evidence)
    unsure, sure = max(1, int(mask.sum())), max(1, int((~mask).sum()))
    return Figure(
        id="words-uncovered",
        chart="dumbbells",
        title="Phrases that no label covers",
        says=f"“{cut(shown[0].phrase, 40)}” stands in {spoken(shown[0].rows / unsure, 'share')} of the doubtful texts "
        f"and in {spoken(shown[0].sure / sure, 'share')} of the sure ones.",
        how=f"Counted in {unsure:,} doubtful and {sure:,} sure held-out rows. Doubtful: answered wrong, turned away, "
        "or with less than half the probability. The phrases with the highest lower end of the ratio come first.",
        x="share of the rows with the phrase",
        columns={
            "name": [one.phrase for one in shown],
            "start": [one.sure / sure for one in shown],
            "end": [one.rows / unsure for one in shown],
            "note": [f"mostly labelled {cut(one.given, 40)}" for one in shown],
        },
        options={"kind": "share", "start_name": "sure rows", "end_name": "doubtful rows"},
    )


def _phrases(found: Report) -> Grid | None:
    shown = found.uncovered[:_PHRASES]
    if not shown:
        return None
    return Grid(
        id="words-phrases",
        title="Where these phrases stand",
        heads=(
            Head(name="phrase"),
            Head(name="doubtful rows", kind="number"),
            Head(name="sure rows", kind="number"),
            Head(name="times as often", kind="interval"),
            Head(name="mostly labelled"),
            Head(name="for example"),
        ),
        rows=tuple(
            (
                cut(one.phrase, 60),
                one.rows,
                one.sure,
                [one.lift, one.low, one.high],
                cut(one.given, 60),
                f"row {one.examples[0].row:,}: {cut(one.examples[0].text, 160)}" if one.examples else "",
            )
            for one in shown
        ),
        how="How many times as often doubtful rows hold the phrase as sure ones, with the 95 % interval (Katz, "
        "Baptista, Azen and Pike 1978; half a row added to each count).",
    )


def _cells(labels: Sequence[LabelWords]) -> dict[str, list[Any]]:
    """The columns of small multiples: a cell a label, a bar a word."""
    columns: dict[str, list[Any]] = {name: [] for name in ("cell", "name", "low", "high", "size")}
    for cell, one in zip(_named(labels), labels[:_LABELS], strict=True):
        for word in one.words[:_WORDS]:
            for key, value in zip(columns, (cell, word.word, None, None, word.strength), strict=True):
                columns[key].append(value)
    return columns


def _named(labels: Sequence[LabelWords]) -> list[str]:
    return distinct([one.label for one in labels[:_LABELS]], 60)


def _rows(labels: Sequence[LabelWords]) -> dict[str, str]:
    return {cell: f"{one.rows:,} rows" for cell, one in zip(_named(labels), labels[:_LABELS], strict=True)}


def _more(labels: Sequence[LabelWords]) -> str:
    left = len(labels) - _LABELS
    return f" {left:,} more labels are in report.json." if left > 0 else ""


part = Words()
