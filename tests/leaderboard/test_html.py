"""A board in a notebook: everything escaped, nothing that runs."""

from html.parser import HTMLParser
from typing import Any

from smeaton.leaderboard.html import board_html, list_html, table_html
from smeaton.task.task import Task
from smeaton.trials.record import Cost

EVIL = "<script>alert(1)</script>&\"'"


class Tags(HTMLParser):
    """The tags of a text, which must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)
        assert {name for name, _ in attrs} <= {"style", "scope"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(html: str) -> set[str]:
    parser = Tags()
    parser.feed(html)
    assert not parser.open
    return parser.seen


def test_the_board_says_what_the_text_says(world: Any, small: Cost, large: Cost, number_task: Task) -> None:
    world.constant()
    world.add("linear", own=0.02, cost=small)
    world.add("boosting", own=0.01, cost=large)
    world.refused("evil", EVIL)
    shown = board_html(world.board(number_task))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "script" not in tags(shown)
    for part in ("houses: rmse, lower is better", "40x smaller", "1 without a score", "* ships"):
        assert part in shown


def test_left_out_rows_are_counted(world: Any) -> None:
    for own in range(5):
        world.add(f"f{own}", own=own + 0.5)
    assert "… and 3 more" in board_html(world.board(), rows=2)


def test_every_cell_is_escaped() -> None:
    shown = table_html(EVIL, (EVIL,), [(EVIL,)], {0}) + list_html([EVIL])
    assert tags(shown) == {"table", "caption", "b", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    assert shown.count("&lt;script&gt;") == 4
    assert list_html([]) == ""
