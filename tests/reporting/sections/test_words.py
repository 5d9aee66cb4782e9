"""Words of texts: what is drawn and said of what was found."""

from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reporting.sections.tables import HOSTILE, YES_NO, build_of, dataset
from tests.reporting.test_sections import check_figure, check_grid

from smeaton.insight.evidence import Evidence
from smeaton.insight.forms import Example, LabelWords, Phrase, Report, Word
from smeaton.reporting.build import Build
from smeaton.reporting.sections.words import part
from smeaton.task.table import object_column


def with_found(kind: str = "text", **parts: Any) -> Build:
    target = np.arange(40) % 2
    rows = dataset({"said": object_column(["a text"] * 40)}, {"said": kind}, target, YES_NO)
    build = build_of(rows, found=Report(task="t", target="y", solution="s", trial="t", rows=40, **parts))
    chance = np.stack([1 - 0.9 * target, 0.9 * target], axis=1)
    said = object_column([bool(code) if place >= 10 else not code for place, code in enumerate(target.tolist())])
    vars(build)["evidence"] = Evidence(rows, np.arange(40), target, said, chance, "s", "t")
    return build


def labels(count: int, interval: bool = False) -> tuple[LabelWords, ...]:
    ends = {"low": 0.1, "high": 0.5} if interval else {}
    return tuple(
        LabelWords(
            label=f"{HOSTILE} {number}",
            rows=50,
            words=tuple(Word(word=f"w{place}" * 100, strength=0.4 - place / 100, rows=9, **ends) for place in range(8)),
        )
        for number in range(count)
    )


def test_each_label_is_a_cell_and_the_rest_is_counted() -> None:
    figure = part.make(with_found(telling=labels(12))).figures[0]
    assert len(set(figure.columns["cell"])) == 9
    assert len(figure.columns["cell"]) == 9 * 6
    assert "3 more labels" in figure.how
    check_figure(figure)


def test_words_that_decided_have_their_intervals_on_the_scale_of_the_bars() -> None:
    figure = part.make(with_found(deciding=labels(2, interval=True))).figures[0]
    assert figure.columns["mean"] == figure.columns["size"]
    assert set(figure.columns["mean_low"]) == {0.1}
    assert figure.options["means"] == [0.0, figure.options["top"]]
    check_figure(figure)


def test_labels_that_begin_alike_stay_apart() -> None:
    two = tuple(
        LabelWords(label="same " * 50 + end, rows=1, words=(Word(word="w", strength=3.0, rows=5),)) for end in "ab"
    )
    figure = part.make(with_found(telling=two)).figures[0]
    assert len(set(figure.columns["cell"])) == 2


def test_a_phrase_is_drawn_by_where_it_stands() -> None:
    example = Example(row=3, text=HOSTILE)
    phrase = Phrase(
        phrase="not covered", rows=5, sure=3, lift=5.0, low=2.0, high=9.0, given="true", examples=(example,)
    )
    section = part.make(with_found(uncovered=(phrase, phrase)))
    columns = section.figures[0].columns
    assert columns["end"][0] == pytest.approx(5 / 10), "10 rows were answered wrong"
    assert columns["start"][0] == pytest.approx(3 / 30)
    assert section.grids[0].rows[0][3] == [5.0, 2.0, 9.0]
    check_figure(section.figures[0])
    check_grid(section.grids[0])


def test_what_was_left_out_is_said_with_its_reason() -> None:
    section = part.make(with_found(telling=labels(1), left_out={"deciding": "there is no bundle to ask"}))
    assert [note.text for note in section.notes] == ["Words that decided left out: there is no bundle to ask."]


def test_it_applies_to_texts_alone() -> None:
    assert part.applies(with_found("category")) == "the inputs hold no text"
    assert part.applies(with_found()) == "no word stands out"
    assert part.applies(with_found(left_out={"telling": "why not"})) == "why not"
    build = with_found(telling=labels(1))
    assert part.applies(build) == ""
    vars(build)["board"] = msgspec.structs.replace(build.board, winner=None)
    assert "no solution" in part.applies(build)
