"""Every section, of every kind of build: the contract of `sections/` and of the figures they give to `charts/`."""

import json
from typing import Any

import msgspec
import pytest
from tests.reporting.conftest import Opened

from smeaton import plugins
from smeaton.reporting.assemble import parts
from smeaton.reporting.forms import Figure, Grid, Section

KINDS = ("two", "three", "number")
SECTIONS = plugins.names("sections")


def test_the_order_of_the_sections_is_no_accident() -> None:
    orders = [part.order for part in parts()]
    assert len(set(orders)) == len(orders)
    assert len({part.title for part in parts()}) == len(orders)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_whole_or_says_why_not(name: str, kind: str, opened: Opened) -> None:
    part, build = plugins.load("sections", name), opened(kind, across=("age",))
    why = part.applies(build)
    assert isinstance(why, str)
    if why:
        assert len(why) > 10
        return
    assert isinstance(checked(part.make(build)), Section)


def checked(section: Section) -> Section:
    """A section that keeps the contract, with all its figures and tables."""
    for words in (section.title, section.shows, section.do):
        assert words.strip() == words != ""
    assert section.shows.endswith((".", "?")), "a plain sentence"
    assert section.figures or section.grids or section.facts or section.notes
    ids = [figure.id for figure in section.figures] + [grid.id for grid in section.grids]
    assert len(set(ids)) == len(ids)
    for figure in section.figures:
        check_figure(figure)
    for grid in section.grids:
        check_grid(grid)
    plain = json.dumps(msgspec.to_builtins(section), allow_nan=False)
    assert msgspec.json.decode(plain, type=Section) == msgspec.convert(json.loads(plain), Section)
    return section


def check_figure(figure: Figure) -> None:
    chart = plugins.load("charts", figure.chart)
    assert set(chart.columns) <= set(figure.columns) <= {*chart.columns, *chart.extra}
    assert len({len(column) for column in figure.columns.values()}) == 1
    assert figure.says.strip()
    assert figure.how.strip()
    spec: dict[str, Any] = chart.spec(figure)
    json.dumps(spec, allow_nan=False)


def check_grid(grid: Grid) -> None:
    assert grid.rows
    assert all(len(row) == len(grid.heads) for row in grid.rows)
    for place, head in enumerate(grid.heads):
        cells = [row[place] for row in grid.rows if row[place] is not None]
        if head.kind == "interval":
            assert all(len(cell) == 3 and cell[1] <= cell[2] for cell in cells)
        elif head.kind in ("number", "share", "seconds", "bytes", "dollars"):
            assert all(isinstance(cell, int | float) for cell in cells)
        elif head.kind == "mark":
            assert set(cells) <= {"ok", "warn", "bad", ""}
        else:
            assert all(isinstance(cell, str) for cell in cells)
    assert all(0 <= place < len(grid.rows) for place in grid.strong)
