"""Tables: what a figure shows is there as data, cut to what can be looked at; a heading that says nothing is none."""

from tests.reporting.made import bars

from smeaton.reporting.forms import Figure, Grid, Head
from smeaton.reporting.page.table import FIGURE_ROWS, data_table, table


def test_the_data_of_a_figure_is_cut_and_says_so() -> None:
    figure = bars("a", "t", tuple(f"n{number}" for number in range(FIGURE_ROWS + 12)))
    found = data_table(figure, "x")
    assert found.count("<tr>") == FIGURE_ROWS + 1
    assert f"The first {FIGURE_ROWS} of {FIGURE_ROWS + 12} rows" in found
    assert "rows;" not in data_table(bars("a", "t"), "x")


def test_any_value_of_a_figure_has_a_cell() -> None:
    columns = {"a": [True, None, 1], "b": [1, 2.5, None], "c": [[1, 2], "x", None]}
    found = data_table(Figure(id="a", chart="c", title="t", says="s", how="h", columns=columns), "x")
    for shown in (">yes<", ">2.5000<", ">[1, 2]<"):
        assert shown in found


def test_a_candidate_is_linked_by_its_key() -> None:
    grid = Grid(id="g", title="t", heads=(Head(name="key"), Head(name="n")), rows=(("k1", "a"), ("k2", "k1x")))
    found = table(grid, "x", {"k1": "#candidate-k1"})
    assert found.count('<a class="card" href="#candidate-k1">k1</a>') == found.count("<a ") == 1


def test_a_heading_that_says_nothing_is_none() -> None:
    found = table(
        Grid(id="g", title="t", heads=(Head(name=" "), Head(name="n", note="so")), rows=(("a", "b"),)), "x", {}
    )
    assert found.count("<th ") == 1
    assert 'title="so"' in found


def test_a_table_takes_the_room_it_wants() -> None:
    def size(*cells: str) -> str:
        grid = Grid(id="g", title="t", heads=tuple(Head(name="n") for _ in cells), rows=(cells,))
        return table(grid, "x", {}).split('class="sheet ')[1].split('"')[0]

    assert size("a", "b") == "few"
    assert size("a" * 50, "b" * 50) == "some"
    assert size("a" * 300, "b" * 300, "c" * 300) == "many"
