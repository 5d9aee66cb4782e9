"""The page in Chromium: ask, read, be told what is wrong and where, copy the lines and run them; by keyboard alone."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (dependency group dev)")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH: install the system's package chromium"),
]
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync")  # fmt: skip
SHOWN = ".model:not([hidden])"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def service(make_server: Callable[..., Any], loans: Path, trips: Path, points: Path) -> Any:
    return make_server(loans, trips, points, "--workers", 1)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page; fails at the end if it wrote anything to the console, or asked anyone but its own service. Replies
    that refuse a request are told by the browser itself, and are no fault of the page."""
    contexts, told, origins = [], list[str](), set[str]()

    def open_page(url: str, **how: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1000, "height": 900}, "reduced_motion": "reduce"} | how)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: origins.add("/".join(request.url.split("/")[:3])))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in told if "responded with a status of 4" not in text] == []
    assert len(origins) <= 1


def said(page: Any) -> str:
    return str(page.locator(f"{SHOWN} .said").inner_text())


def field(page: Any, name: str) -> Any:
    return page.locator(f'{SHOWN} .field[data-name="{name}"]')


def fault(page: Any, name: str) -> str:
    return str(field(page, name).locator(".fault").inner_text())


def focused(page: Any) -> str:
    """The field that has the focus; else the element's own class."""
    return str(page.evaluate(
        "(document.activeElement.closest('.field') || {dataset: {}}).dataset.name || document.activeElement.className"
    ))  # fmt: skip


def lines(page: Any, number: int) -> str:
    return str(page.locator(f"{SHOWN} .lines pre").nth(number).evaluate("pre => pre.textContent"))


def ask(page: Any) -> str:
    page.locator(f"{SHOWN} [type=submit]").click()
    page.locator(f"{SHOWN} .how").wait_for()
    return said(page)


def test_what_the_form_holds_is_asked_and_answered(service: Any, visit: Callable[..., Any], loans: Path) -> None:
    page = visit(service.url)
    first = json.loads((loans / "samples.jsonl").read_text().splitlines()[0])["input"]
    shown = ask(page)
    reply = json.loads(page.locator(f"{SHOWN} .said details pre").evaluate("pre => pre.textContent"))
    assert service.post("/predict", {"rows": [first]}) == (200, reply)
    answer = reply["predictions"][0]
    assert shown.startswith(answer["prediction"])
    assert f"{100 * max(answer['probability'].values()):.1f} %" in shown
    assert re.search(r"There and back in [0-9.]+ ms, request [0-9a-f]+", shown)
    assert focused(page) == "said"
    widths = page.locator(f"{SHOWN} .bar i").evaluate_all("bars => bars.map((bar) => parseFloat(bar.style.width))")
    assert widths == pytest.approx(sorted((100 * p for p in answer["probability"].values()), reverse=True), abs=0.01)
    field(page, "income").locator("input").fill("1")
    assert page.locator(f"{SHOWN} .said.old").count() == 1


def test_examples_fill_the_form_and_empty_fields_are_null(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url)
    before = field(page, "income").locator("input").input_value()
    page.get_by_role("button", name="Fill an example").click()
    assert field(page, "income").locator("input").input_value() not in ("", before)
    page.get_by_role("button", name="Clear").click()
    assert '"balance": null' in lines(page, 0)
    assert '"balance": None' in lines(page, 1)
    assert '"owns-home": null' in lines(page, 0)


def test_a_refusal_is_shown_at_its_field(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url)
    field(page, "months").locator("input").fill("7.5")
    page.locator(f"{SHOWN} [type=submit]").click()
    page.locator(f"{SHOWN} [aria-invalid]").wait_for()
    assert fault(page, "months").startswith("expected a whole number")
    assert focused(page) == "months"
    assert page.locator(f"{SHOWN} .how").count() == 0
    field(page, "months").locator("input").fill("7")
    assert fault(page, "months") == ""
    ask(page)
    field(page, "age").locator("input").fill("7")
    field(page, "age").locator("input").press("Enter")
    page.locator(f"{SHOWN} [aria-invalid]").wait_for()
    assert fault(page, "age") == "expected at least 18"
    assert page.locator("#live").inner_text() == "expected at least 18"


def test_a_whole_number_that_is_not_exact_is_refused_and_not_rounded(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url)
    field(page, "branch").locator("input").fill("9007199254740993")
    assert '"9007199254740993"' in lines(page, 0)


def test_json_is_sent_as_it_was_typed(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url + "/#model-points")
    typed = r'[9007199254740993, "\/ true", {"no": null,' + "\n" + '"yes": true}]'
    field(page, "point").locator("textarea").fill(typed)
    body = lines(page, 0).partition("-d '")[2].removesuffix("'")
    row = {"point": [9007199254740993, "/ true", {"no": None, "yes": True}]}
    assert json.loads(body) == {"rows": [row]}
    assert ast.literal_eval(lines(page, 1).partition("row = ")[2].partition("\nrequest = ")[0]) == row


def test_no_text_can_become_markup(service: Any, browser: Any) -> None:
    page = browser.new_page()
    page.goto(service.url)
    with pytest.raises(sync_api.Error, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<b>no</b>'")
    page.close()


def test_what_is_no_number_and_no_json_never_leaves_the_page(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url)
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    number = field(page, "rate").locator("input")
    number.focus()
    number.fill("")
    page.keyboard.type("1e")
    page.keyboard.press("Enter")
    assert fault(page, "rate") == "expected a number"
    assert focused(page) == "rate"
    page.goto(service.url + "/#model-points")
    field(page, "point").locator("textarea").fill("[1, 2")
    page.keyboard.press("Control+Enter")
    assert fault(page, "point") == "expected JSON"
    field(page, "point").locator("textarea").fill("[1, 2, 3.5]")
    page.keyboard.press("Control+Enter")
    page.locator(f"{SHOWN} .how").wait_for()
    assert said(page).startswith("6.5 m")
    assert sum(url.endswith("/predict") for url in asked) == 1


def test_spans_are_marked_by_code_points(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url + "/#model-trips")
    field(page, "note").locator("textarea").fill("🚆 go to São Paulo by train 42 please")
    ask(page)
    marks = page.locator(f"{SHOWN} mark").all_inner_texts()
    assert [mark.split() for mark in marks] == [["São", "Paulo", "city"], ["42", "number"]]
    rows = page.locator(f"{SHOWN} tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == ["city", "number"]
    field(page, "note").locator("textarea").fill("<img src=x onerror=alert(1)> go to York")
    ask(page)
    assert page.locator(f"{SHOWN} .said img").count() == 0
    assert "<img" in page.locator(f"{SHOWN} .marked").inner_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH")
def test_the_lines_answer_when_they_are_run(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url)
    field(page, "remarks").locator("textarea").fill('it\'s "good" $(echo no) \\ `x`\n\U0001f6cb <b>')
    field(page, "region").locator("input").fill("")
    ask(page)
    reply = json.loads(page.locator(f"{SHOWN} .said details pre").evaluate("pre => pre.textContent"))
    ran = subprocess.run(["sh", "-c", lines(page, 0)], capture_output=True, timeout=20, check=True)
    assert json.loads(ran.stdout) == reply
    ran = subprocess.run([sys.executable, "-c", lines(page, 1)], capture_output=True, timeout=20, check=True, text=True)
    assert ran.stdout.strip() == str(reply["predictions"][0])


def test_lines_are_copied(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the Python lines").click()
    page.get_by_text("Copied", exact=True).first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == lines(page, 1)


def test_the_keyboard_is_enough(service: Any, visit: Callable[..., Any]) -> None:
    """From the top: choose a model, fill its field, ask, and read; each stop in the order it is seen in."""
    page = visit(service.url)
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#model-trips'")
    assert page.evaluate("document.activeElement.textContent") == "trips"
    assert page.title() == "trips - Smeaton"
    page.keyboard.press("Tab")
    assert focused(page) == "note"
    page.keyboard.press("Control+A")
    page.keyboard.type("go to Leeds")
    page.keyboard.press("Control+Enter")
    page.locator(f"{SHOWN} .how").wait_for()
    assert focused(page) == "said"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent") == "Clear"
    page.goto(service.url + "/#model-loans")
    places = []
    for _ in range(40):
        page.keyboard.press("Tab")
        places.append(focused(page))
    names = list(dict.fromkeys(name for name in places if name in page.locator("[data-name]").evaluate_all(
        "fields => fields.map((field) => field.dataset.name)")))  # fmt: skip
    assert names[:14] == page.locator(f"{SHOWN} .field").evaluate_all("fields => fields.map((f) => f.dataset.name)")
    outlines = page.evaluate("""() => Array.from(document.querySelectorAll(".model:not([hidden]) input")).map((one) => {
        one.focus(); return getComputedStyle(one).outlineStyle; })""")
    assert set(outlines) == {"solid"}


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1000, 2000])
def test_axe_finds_nothing_and_nothing_overflows(
    service: Any, visit: Callable[..., Any], colours: str, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit(service.url, color_scheme=colours, viewport={"width": width, "height": 900}, bypass_csp=True)
    for model in ("loans", "trips", "points"):
        page.goto(f"{service.url}/#model-{model}")
        ask(page)
        found = axe.Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    field(page, "point").locator("textarea").fill("[1]")
    page.locator(f"{SHOWN} [type=submit]").click()
    page.locator(f"{SHOWN} [aria-invalid]").wait_for()
    assert axe.Axe().run(page).response["violations"] == []


def test_without_script_every_model_is_on_the_page(service: Any, visit: Callable[..., Any]) -> None:
    page = visit(service.url, java_script_enabled=False)
    assert page.locator(".model").count() == 3
    assert all(page.locator(".model").nth(number).is_visible() for number in range(3))
    assert not page.get_by_role("button", name="Ask").first.is_visible()
    assert page.locator(".lines pre").first.inner_text().startswith("curl -s http")


def test_a_key_is_asked_for_and_used(
    server: Callable[..., Any], visit: Callable[..., Any], loans: Path, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.toml"
    made = [sys.executable, "-m", "smeaton", "key", "new", str(keys), "--name", "page", "--scope", "predict"]
    key = subprocess.run(made, capture_output=True, timeout=20, check=True, text=True).stdout.strip()
    service = server(loans, "--workers", 1, "--key-file", keys)
    page = visit(service.url)
    page.locator("[type=submit]").click()
    page.locator("#key[aria-invalid]").wait_for()
    assert page.evaluate("document.activeElement.id") == "key"
    assert "key" in page.locator("#key-fault").inner_text()
    page.locator("#key").fill(key)
    ask(page)
    assert page.locator("#key-fault").inner_text() == ""
    assert key not in page.content()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    ran = subprocess.run(
        ["sh", "-c", lines(page, 0)], capture_output=True, timeout=20, check=True, env=os.environ | {"SMEATON_KEY": key}
    )
    assert "predictions" in json.loads(ran.stdout)


def test_a_service_that_is_gone_is_said_to_be(server: Callable[..., Any], points: Path, browser: Any) -> None:
    service = server(points, "--workers", 1)
    page = browser.new_page()
    page.goto(service.url)
    service.stop()
    page.locator("[type=submit]").click()
    page.get_by_text("The service does not answer").first.wait_for(timeout=10_000)
    page.close()
