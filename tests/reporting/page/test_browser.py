"""The page in Chromium: read, walked by keyboard, sorted, printed, at every size and in both lights."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.reporting.made import HOSTILE, KEYS

pytestmark = pytest.mark.slow
Visit = Callable[..., Any]
WIDTHS = (400, 1280, 2000)


def tip(page: Any) -> str:
    return str(page.locator("#tip").inner_text()) if page.locator("#tip").is_visible() else ""


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


def open_all(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_and_nothing_overflows(visit: Visit, colours: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit(color_scheme=colours, viewport={"width": width, "height": 900}, bypass_csp=True)
    for state in ("as it opens", "all open", "a card"):
        if state == "all open":
            open_all(page)
        if state == "a card":
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
            page.locator("a.card").first.click()
        found = axe.Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], state
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state


@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_chart_says_can_be_read(visit: Visit, width: int) -> None:
    page = visit(viewport={"width": width, "height": 900})
    sizes = page.evaluate("""() => Array.from(document.querySelectorAll(".plot text")).map((text) =>
        parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().d || 99)""")
    assert len(sizes) > 50
    assert min(abs(size) for size in sizes) >= 10
    columns = page.evaluate("""() => getComputedStyle(document.querySelector(
        "#s-classes .pictures")).gridTemplateColumns.split(" ").length""")
    assert columns == {400: 1, 1280: 2, 2000: 4}[width]


def test_a_mark_says_what_it_is_under_the_pointer(visit: Visit) -> None:
    page = visit()
    mark = page.locator("#s-pareto a path").first
    mark.hover()
    assert "0.75" in tip(page) or "0.9" in tip(page) or "0.8" in tip(page)
    page.mouse.move(5, 5)
    assert tip(page) == ""
    assert page.locator(".plot title").count() == 0, "or the browser would show its own beside ours"


def test_arrow_keys_lead_from_mark_to_mark_and_enter_opens_the_card(visit: Visit) -> None:
    page = visit("#s-pareto")
    plot = page.locator("#s-pareto .plot")
    plot.focus()
    said = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Home", "End"):
        page.keyboard.press(key)
        assert tip(page) == page.locator("#live").inner_text()
        said.append(tip(page))
    assert len(set(said[:4])) == 4
    assert said[4] == said[0] == said[6]
    assert said[5] == said[3] == said[7]
    page.keyboard.press("Home")
    while "linear" not in tip(page):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    card = page.locator("dialog#card[open]")
    assert card.locator("h2").inner_text() == "linear"
    assert KEYS[0] in card.inner_text()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert focused(page) == "plot"


def test_a_click_on_a_point_opens_its_card_with_its_name_as_text(visit: Visit) -> None:
    page = visit()
    page.locator(f'#s-pareto .plot a[data-place="candidate-{KEYS[2]}"]').click()
    assert page.locator("#card-name").inner_text() == HOSTILE
    page.locator("#close").click()
    assert page.locator("dialog[open]").count() == 0


def test_words_go_and_the_address_remembers(visit: Visit) -> None:
    page = visit()
    words = page.locator("#s-classes .shows")
    assert words.is_visible()
    page.get_by_role("button", name="Words off").click()
    assert not words.is_visible()
    assert page.locator("#s-classes .how").first.is_visible(), "how it was computed stays"
    page.get_by_role("link", name="Where it is wrong").click()
    assert page.evaluate("location.hash") == "#s-classes;plain"
    page.reload()
    assert not words.is_visible()
    assert focused(page) == "s-classes-title"
    page.get_by_role("button", name="Words off").click()
    assert page.evaluate("location.hash") == "#s-classes"
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_light_and_dark_by_preference_and_by_a_button(visit: Visit) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(color_scheme=colours).evaluate(paper) for colours in ("light", "dark"))
    assert light != dark
    page = visit(color_scheme="light")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(paper) == dark
    page.reload()
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(paper) == light


def test_tables_sort_and_filter(visit: Visit) -> None:
    page = visit()
    sheet = page.locator("#s-pareto .sheet")
    rows = sheet.locator("tbody tr:visible")

    def column(number: int) -> list[str]:
        return [str(text) for text in rows.locator(f"td:nth-child({number})").all_inner_texts()]

    sheet.get_by_role("button", name="p95").click()
    assert sheet.locator("th[aria-sort=ascending]").inner_text().startswith("p95")
    assert column(4)[0] == "2 ms"
    sheet.get_by_role("button", name="p95").click()
    assert column(4)[0] == "24 ms"
    sheet.get_by_role("button", name="accuracy").click()
    assert column(3)[-1] == "–", "what is missing comes last"
    sheet.get_by_role("searchbox").fill("LINEAR ship 0.0")
    assert column(2) == []
    sheet.get_by_role("searchbox").fill("LINEAR 0.8")
    assert sorted(column(2)) == ["linear 0", "linear 4", "linear 8"]
    assert page.locator("#live").inner_text() == "3 of 12 rows"


def test_the_contents_show_where_one_is(visit: Visit) -> None:
    page = visit()
    expect = pytest.importorskip("playwright.sync_api").expect
    here = page.locator("#contents [aria-current]")
    assert here.inner_text() == "The answer"
    page.locator("#s-classes").evaluate("part => part.scrollIntoView()")
    expect(here).to_have_text("Where it is wrong")  # the page's policy lets nothing be evaluated there to wait for
    assert here.count() == 1


def test_the_keyboard_meets_things_in_the_order_they_are_seen(visit: Visit) -> None:
    page = visit(viewport={"width": 400, "height": 900})
    page.keyboard.press("Tab")
    assert focused(page) == "skip"
    page.keyboard.press("Enter")
    assert focused(page) == "main"
    tops = []
    for _ in range(12):
        page.keyboard.press("Tab")
        tops.append(page.evaluate("document.activeElement.getBoundingClientRect().top + scrollY"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert tops == sorted(tops)


def test_without_script_everything_is_there(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    assert page.locator("main > .part").count() == 6
    assert page.locator(".plot svg").count() == 8
    assert page.locator(".plot path title").count() > 20, "the browser shows them by itself"
    assert not page.locator("#theme").is_visible()
    page.locator("#s-classes .teach summary").click()
    assert page.locator("#s-classes .teach p").is_visible()
    page.locator("a.card").first.click()
    assert page.evaluate("location.hash") == f"#candidate-{KEYS[0]}"


def test_paper_holds_everything(visit: Visit) -> None:
    page = visit("#;plain;dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#s-classes .shows").is_visible(), "the words are on"
    assert page.locator("#s-classes .teach p").is_visible()
    assert page.locator(".how p").first.is_visible()
    assert not page.locator("#contents").is_visible()
    assert not page.locator("#plain").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("""() => Array.from(document.querySelectorAll(".sheet .scroll")).every((one) =>
        getComputedStyle(one).maxHeight === "none")""")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_nothing_moves_where_that_is_not_wished(visit: Visit) -> None:
    scroll = "getComputedStyle(document.documentElement).scrollBehavior"
    assert visit().evaluate(scroll) == "auto"
    assert visit(reduced_motion="no-preference").evaluate(scroll) == "smooth"
