"""The page: whole without its script, nothing in it is markup that should not be, and the policy fits it."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from smeaton.service.page import PAGE_HEADERS, example_value, index_page
from smeaton.task.profile import ColumnProfile
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"
BASE = "http://localhost:8000/"
_VOID = frozenset({"meta", "input", "link", "br", "img", "option"})


def task(name: str = "churn", **changes: Any) -> Task:
    given: dict[str, Any] = {
        "inputs": {"age": Type(type="number", optional=True), "note": Type(type="text")},
        "output": {"left": Type(type="boolean", labels=(False, True))},
    }
    return Task(name=name, data=Data(), **given | changes)


class Outline(HTMLParser):
    """Elements with their attributes; fails where one is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} is given twice"
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_no_other(hosted: Callable[..., Any]) -> None:
    page, policy = index_page({"churn": hosted(task())}, BASE), PAGE_HEADERS["content-security-policy"]
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        inline = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert len(inline) == 1
        digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert " style=" not in page
    assert not re.search(r"\son\w+=", re.sub(r"<script>.*</script>", "", page, flags=re.S))


def test_nothing_is_loaded_from_elsewhere(hosted: Callable[..., Any]) -> None:
    outline = Outline(index_page({"churn": hosted(task())}, BASE))
    assert {"form", "input", "a"} <= {tag for tag, _ in outline.found}
    for tag, attributes in outline.found:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert "src" not in attributes
        assert not (attributes.get("href") or "").startswith(("http", "//", "javascript"))


def test_hostile_names_goals_labels_values_and_reasons_are_text(hosted: Callable[..., Any]) -> None:
    inputs = {HOSTILE: Type(type="category", labels=(HOSTILE, "b")), "n": Type(type="category", about=HOSTILE)}
    output = {HOSTILE: Type(type="category", labels=(HOSTILE,))}
    columns = [ColumnProfile(name="n", type="category", values=((HOSTILE, 9),))]
    model = hosted(task(HOSTILE, goal=HOSTILE, inputs=inputs, output=output), columns, ready=False, why=HOSTILE)
    page = index_page({HOSTILE: model, "other": hosted(task("other"))}, "http://x/<b>'\"/")
    outline = Outline(page)
    assert "img" not in {tag for tag, _ in outline.found}
    assert len(outline.all("script")) == 1
    assert escape(HOSTILE) in page
    form = outline.all("form")[0]
    assert json.loads(form["data-examples"] or "") == [{HOSTILE: HOSTILE, "n": "a"}]


def test_ids_are_unique_and_every_reference_leads_somewhere(hosted: Callable[..., Any]) -> None:
    every = {name: Type(type=name, optional=True) for name in ("number", "boolean", "category", "text", "timestamp")}
    models = {name: hosted(task(name, inputs=every | {"list": Type(type="list")})) for name in ("a", "b")}
    outline = Outline(index_page(models, BASE, needs_key=True))
    ids = [found["id"] for _, found in outline.found if "id" in found]
    assert len(set(ids)) == len(ids)
    for _, attributes in outline.found:
        for name in ("for", "aria-describedby", "aria-labelledby", "list"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
    links = [link["href"] for link in outline.all("a")]
    assert links == ["#model-a", "#model-b"]
    labelled = {label.get("for") for label in outline.all("label")}
    for tag in ("input", "select", "textarea"):
        assert all(found.get("type") == "radio" or found["id"] in labelled for found in outline.all(tag))


def test_without_its_script_the_page_shows_inputs_types_and_lines(hosted: Callable[..., Any]) -> None:
    page = index_page({"churn": hosted(task(goal="Who leaves?"))}, BASE)
    text = unescape(re.sub(r"<[^>]+>", "", re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S)))
    for words in ("Who leaves?", "age number or null", "note text", "answers left (boolean)", "0123456789ab"):
        assert words in text
    assert f"curl -s {BASE}models/churn/predict" in text
    assert '"age": 1.0,' in text
    assert "not ready" not in text


def test_a_model_that_is_not_ready_says_why(hosted: Callable[..., Any]) -> None:
    page = index_page({"churn": hosted(task(), ready=False, why="sample 3 is answered otherwise")}, BASE)
    assert "This model is not ready: sample 3 is answered otherwise<" in page
    missed = hosted(task())
    missed.bundle.manifest.outcome = "not ready"
    assert "outcome of its build: <b>not ready</b>" in index_page({"churn": missed}, BASE)


def test_a_service_without_models_says_so() -> None:
    assert "No model is loaded." in index_page({}, BASE)


def test_behind_a_key_nothing_that_stems_from_data_is_shown(hosted: Callable[..., Any], tmp_path: Path) -> None:
    sample = {"age": 41.5, "note": "called", "plan": "basic"}
    (tmp_path / "samples.jsonl").write_text(json.dumps({"input": sample}) + "\n")
    columns = [
        ColumnProfile(name="age", type="number", quantiles=(0.0, 17.0, 93.0, 99.0)),
        ColumnProfile(name="plan", type="category", values=(("premium", 9),)),
    ]
    inputs = task().input_types | {"plan": Type(type="category")}
    model = hosted(task(inputs=inputs), columns)
    open_to_all, behind = (index_page({"churn": model}, BASE, needs_key=key) for key in (False, True))
    for words in ("41.5", "called", "basic", "premium", "mostly 17 to 93"):
        assert words in open_to_all
        assert words not in behind
    assert 'type="password"' in behind
    assert "$SMEATON_KEY" in behind
    assert "password" not in re.sub(r"<script>.*</script>", "", open_to_all, flags=re.S)


def test_samples_of_a_successor_in_the_same_folder_are_left_alone(hosted: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "samples.jsonl").write_text(json.dumps({"input": {"another": 7}}) + "\n")
    page = index_page({"churn": hosted(task())}, BASE)
    assert "another" not in page.partition("<main>")[2].partition("</main>")[0]


def test_spans_are_marked_in_the_one_text_there_is(hosted: Callable[..., Any]) -> None:
    fields = {"start": Type(type="integer"), "end": Type(type="integer"), "kind": Type(type="category")}
    output = {"slots": Type(type="list", of=Type(type="object", fields=fields))}

    def form(**inputs: Type) -> dict[str, str | None]:
        return Outline(index_page({"x": hosted(task(inputs=inputs, output=output))}, BASE)).all("form")[0]

    found = form(age=Type(type="number"), note=Type(type="text"))
    assert (found["data-spans"], found["data-label"]) == ("note", "kind")
    assert "data-spans" not in form(a=Type(type="text"), b=Type(type="text"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Type(type="number", min=5), 5.0),
        (Type(type="integer", max=-2), -2),
        (Type(type="category", labels=("b", "a")), "b"),
        (Type(type="category", base="integer"), 1),
        (Type(type="vector", form="3"), [0.0, 0.0, 0.0]),
        (Type(type="object"), {}),
        (Type(type="text"), "some text"),
    ],
)
def test_an_example_is_of_its_type(kind: Type, value: Any) -> None:
    found = example_value(kind)
    assert found == value
    assert type(found) is type(value)
