"""What the top columns of finished builds do to the answer."""

from tests.reporting.conftest import Opened

from smeaton.reporting.sections.dependence import part


def test_the_answer_rises_with_what_it_was_made_of(opened: Opened) -> None:
    figures = {figure.title: figure for figure in part.make(opened("number", seconds=60.0)).figures}
    assert any(title.startswith("fee rises with age") for title in figures)
    assert any(title.startswith("fee by region: highest for west") for title in figures)
    line = next(figure for title, figure in figures.items() if "age" in title)
    assert line.chart == "band_line"
    assert line.columns["value"] == sorted(line.columns["value"])
    assert min(line.options["rug"]) >= 18
    ends = [line.columns[name] for name in ("low", "value", "high")]
    assert all(low <= value <= high for low, value, high in zip(*ends, strict=True))
    dots = next(figure for title, figure in figures.items() if "region" in title)
    assert dots.columns["name"][0] == "west"
    assert all(note.endswith("rows have it") for note in dots.columns["note"])


def test_of_two_labels_it_is_the_chance_of_the_second(opened: Opened) -> None:
    section = part.make(opened("two", seconds=60.0))
    assert "Chance of churned rises with age" in [figure.title for figure in section.figures]
    assert any("not what the column causes" in note.text for note in section.notes)


def test_without_time_it_names_what_is_not_drawn(opened: Opened) -> None:
    section = part.make(opened("three", seconds=0.0))
    assert section.figures == ()
    assert any("for want of time" in note.text for note in section.notes)
