"""The desk and its page: each answer is in the file before the next question, and no other page can send one."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.labelling.conftest import Open, made

from smeaton.data.read import read
from smeaton.errors import DataError, InputError
from smeaton.labelling._assets import PAGE, SCRIPT, STYLE
from smeaton.labelling.ask import choose
from smeaton.labelling.desk import Desk, Stale
from smeaton.labelling.page import create_page
from smeaton.labelling.work import Work

POOL = ['<script>alert(1)</script> & "x"', *(text for text, _ in made(40))]
JSON = {"content-type": "application/json"}


def desk_of(work: Work, count: int = 10) -> Desk:
    return Desk(work, choose(work, count), lambda: "nothing yet")


def answers(folder: Path) -> list[Any]:
    path = folder / "labels.csv"
    return read(path, Path(".")).table["label"].tolist() if path.exists() else []


def test_an_answer_is_in_the_file_at_once_and_comes_back_out(opened: Open, tmp_path: Path) -> None:
    desk = desk_of(opened(POOL))
    first = desk.state()["question"]["key"]
    state = desk.answer(first, {"labels": [1]})
    assert answers(tmp_path) == ["login"]
    assert (state["place"], state["answered"], state["undo"]) == (1, 1, True)
    state = desk.undo()
    assert answers(tmp_path) == []
    assert state["question"]["key"] == first
    with pytest.raises(InputError, match="nothing to take back"):
        desk.undo()
    assert opened().answered == set()


def test_the_next_session_asks_neither_answered_nor_skipped_rows(opened: Open) -> None:
    desk = desk_of(opened(POOL), 41)
    seen = []
    for place in range(6):
        key = desk.state()["question"]["key"]
        seen.append(key)
        if place % 2:
            desk.skip(key)
        else:
            desk.answer(key, {"labels": [0]})
    desk.skip(desk.state()["question"]["key"])
    desk.undo()
    taken_back = desk.state()["question"]["key"]
    asked = {question.key for question in choose(opened(), 100).questions}
    assert not asked & set(seen)
    assert taken_back in asked
    assert len(asked) == 41 - 6


def test_an_answer_to_another_question_is_stale(opened: Open, tmp_path: Path) -> None:
    desk = desk_of(opened(POOL), 2)
    key = desk.state()["question"]["key"]
    desk.answer(key, {"labels": [0]})
    for step in (lambda: desk.answer(key, {"labels": [0]}), lambda: desk.skip(key)):
        with pytest.raises(Stale):
            step()
    assert len(answers(tmp_path)) == 1
    state = desk.answer(desk.state()["question"]["key"], {"labels": [0]})
    assert state["question"] is None
    with pytest.raises(Stale):
        desk.answer(key, {"labels": [0]})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"labels": [3]},
        {"labels": [-1]},
        {"labels": [True]},
        {"labels": "0"},
        {"labels": [0, 1]},
        {"labels": []},
        {"number": 1},
        {"new": "sales"},
        {"labels": [0], "new": "x"},
    ],
)
def test_what_is_no_answer(given: dict[str, Any], opened: Open, tmp_path: Path) -> None:
    desk = desk_of(opened(POOL))
    with pytest.raises(InputError):
        desk.answer(desk.state()["question"]["key"], given)
    assert answers(tmp_path) == []
    assert desk.state()["place"] == 0


def test_numbers_many_labels_and_new_ones(opened: Open, tmp_path: Path) -> None:
    desk = desk_of(opened(POOL, output="number"))
    desk.answer(desk.state()["question"]["key"], {"number": 2.5})
    with pytest.raises(InputError):
        desk.answer(desk.state()["question"]["key"], {"number": "x"})
    assert answers(tmp_path) in ([2.5], ["2.5"])
    (tmp_path / "labels.csv").unlink()
    desk = desk_of(opened(output="{type: list, of: [x, y]}"))
    for codes in ([1, 0, 1], []):
        desk.answer(desk.state()["question"]["key"], {"labels": codes})
    assert answers(tmp_path) == ['["x", "y"]', "[]"]
    (tmp_path / "labels.csv").unlink()
    desk = desk_of(opened(output="category"))
    state = desk.answer(desk.state()["question"]["key"], {"new": " neues Wort "})
    assert state["labels"] == ["neues Wort"]
    assert answers(tmp_path) == ["neues Wort"]


def test_a_gain_that_fails_is_said(opened: Open) -> None:
    def fails() -> str:
        raise DataError("the file is gone", where="labels.csv", fix="bring it back")

    work = opened(POOL)
    desk = Desk(work, choose(work, 3), fails)
    desk.start()
    desk._working.join(10)  # type: ignore[union-attr]
    assert "the file is gone" in desk.state()["gain"]


@pytest.fixture
def page(opened: Open) -> Iterator[httpx.Client]:
    from starlette.testclient import TestClient

    with TestClient(create_page(desk_of(opened(POOL))), base_url="http://localhost:8090") as client:
        yield client


def test_the_page_is_guarded(page: httpx.Client, tmp_path: Path) -> None:
    key = page.get("/api/state").json()["question"]["key"]
    send = {"key": key, "labels": [0]}
    for path in ("/", "/label.js", "/api/state"):
        assert page.get(path, headers={"host": "evil.example"}).status_code in (400, 403, 421)
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}):
        assert page.post("/api/answer", json=send, headers=headers).status_code == 403
    form = page.post("/api/answer", data={"key": key, "labels": "0"})
    assert form.status_code == 415
    assert answers(tmp_path) == []
    assert page.post("/api/answer", json=send, headers={"origin": "http://localhost:8090"}).status_code == 200
    assert answers(tmp_path) == ["billing"]


def test_the_page_loads_nothing_from_elsewhere_and_says_so(page: httpx.Client) -> None:
    reply = page.get("/")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in PAGE + STYLE + SCRIPT
    assert "https://" not in PAGE + STYLE + SCRIPT


def test_values_are_never_markup(page: httpx.Client) -> None:
    # No value is in the page itself; the script writes them as text only.
    assert "alert(1)" not in page.get("/").text
    for risky in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function"):
        assert risky not in SCRIPT
    reply = page.get("/api/state")
    assert reply.headers["content-type"].startswith("application/json")


def test_everything_the_script_names_is_in_the_page() -> None:
    class Ids(HTMLParser):
        found: set[str]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found.update(value for name, value in attrs if name == "id" and value)

    import re

    reader = Ids()
    reader.found = set()
    reader.feed(PAGE)
    named = set(re.findall(r'at\("([a-z-]+)"\)', SCRIPT))
    assert named
    assert named <= reader.found


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/answer", b"{", 422),
        ("/api/answer", b"[]", 422),
        ("/api/answer", b"{}", 409),
        ("/api/answer", b'{"key": "x", "labels": [0]}', 409),
        ("/api/skip", b'{"key": 3}', 409),
        ("/api/undo", b"{}", 422),
        ("/api/undo", b"\xff", 422),
        ("/api/nothing", b"{}", 404),
    ],
)
def test_bad_requests_are_answered_with_json_or_not_found(
    path: str, body: bytes, status: int, page: httpx.Client
) -> None:
    reply = page.post(path, content=body, headers=JSON)
    assert reply.status_code == status
    if status != 404:
        assert reply.json()["error"]["message"]
