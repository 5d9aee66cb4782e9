"""The page as HTML: whole without its script, every value escaped, and nothing that its own policy would forbid."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest
from tests.reporting.made import BROKEN, HOSTILE, KEYS, LONG, TURNED, made_board, made_report

from smeaton.reporting.exports.html import drawn
from smeaton.reporting.page.cards import cards, links
from smeaton.reporting.page.document import document


class Read(HTMLParser):
    """What a browser would find: tags with their attributes, and texts by the tag that holds them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append((self.tags[-1][0] if self.tags else "", data))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def page() -> str:
    report, board = made_report(), made_board()
    return document(report, drawn(report), cards(board), links(board))


@pytest.fixture(scope="module")
def read(page: str) -> Read:
    return Read(page)


def test_the_policy_allows_the_two_that_are_there(page: str, read: Read) -> None:
    (policy,) = (one["content"] for one in read.all("meta") if "http-equiv" in one)
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_is_forbidden_by_it_or_lies_elsewhere(read: Read) -> None:
    for tag, attributes in read.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        assert tag not in ("img", "iframe", "object", "form", "base")
        for name in ("src", "href", "xlink:href", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/svg+xml,")), value


def test_no_text_becomes_markup(page: str, read: Read) -> None:
    assert HOSTILE not in page
    assert len(read.all("script")) == 1
    shown = "".join(data for _, data in read.texts)
    assert shown.count(HOSTILE) > 10
    assert TURNED in shown
    assert "\x00" not in page
    assert "\ud83d" not in page
    assert BROKEN.replace("\x00", "\ufffd").replace("\x07", "\ufffd").replace("\ud83d", "\ufffd") in shown
    page.encode()


def test_ids_are_single_and_links_lead_somewhere(read: Read) -> None:
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not [one for one in ids if not one or re.search(r"\s", one)]
    places = {str(one["href"])[1:] for one in read.all("a")}
    assert places <= set(ids)
    assert {f"candidate-{key}" for key in KEYS} <= places
    named = [
        place
        for _, attributes in read.tags
        for name in ("aria-labelledby", "aria-describedby")
        for place in (attributes.get(name) or "").split()
    ]
    assert set(named) <= set(ids)


def test_each_figure_says_how_it_came_about_and_holds_its_data(page: str) -> None:
    figures = re.findall(r"<figure .*?</figure>", page, re.DOTALL)
    assert len(figures) == 8
    for figure in figures:
        assert "<svg" in figure
        assert "How this was computed" in figure
        assert "<table>" in figure


def test_sections_stand_in_their_order_and_in_the_contents(read: Read) -> None:
    report = made_report()
    heads = [attributes["id"] for attributes in read.all("h2") if "tabindex" in attributes]
    assert heads == [*(f"s-{part.id}-title" for part in report.sections), "candidates-title", "left-out-title"]
    contents = [str(attributes["href"]) for attributes in read.all("a")][1:]
    assert contents[:6] == [*(f"#s-{part.id}" for part in report.sections), "#candidates", "#left-out"]


def test_what_is_long_has_to_be_opened(page: str) -> None:
    assert LONG[:5_000].strip() in page
    assert LONG not in page
    assert "1,000 characters more" in page


def test_a_report_of_nothing_is_a_page() -> None:
    empty = msgspec.structs.replace(made_report(), sections=(), left_out={}, goal="", outcome="no solution")
    read = Read(document(empty, {}))
    assert [data for tag, data in read.texts if tag == "span" and data.strip()] == ["no solution"]
    assert read.all("section") == []


def test_the_same_report_gives_the_same_page(page: str) -> None:
    report, board = made_report(), made_board()
    assert document(report, drawn(report), cards(board), links(board)) == page
