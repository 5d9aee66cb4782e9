"""The page of the report made by hand, in Chromium."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.reporting.made import made_board, made_report

from smeaton.reporting.exports.html import drawn
from smeaton.reporting.page.cards import cards, links
from smeaton.reporting.page.document import document

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars")  # fmt: skip


@pytest.fixture(scope="session")
def made_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as a file."""
    report, board = made_report(), made_board()
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(document(report, drawn(report), cards(board), links(board)), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, or the reason why it is not there."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (dependency group dev)")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH: install the system's package chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any, made_page: Path) -> Iterator[Callable[..., Any]]:
    """`visit(place, **how)`: opens the page there; fails at the end if it wrote anything to the console, or asked for
    anything but itself."""
    contexts, told, asked = [], list[str](), set[str]()

    def open_page(place: str = "", **how: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | how)
        context.set_default_timeout(120_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.add(request.url.partition("#")[0]))
        page.goto(f"{made_page.as_uri()}{place}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert told == []
    assert {url for url in asked if not url.startswith("data:")} == {made_page.as_uri()}
