"""Whatever a file holds, an importer makes a task that loads, or says what is wrong and how to mend it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smeaton.errors import InputError
from smeaton.flow.importing import import_task
from smeaton.importers import Assertion, Imported
from smeaton.importers._checks import Checks
from smeaton.importers._names import file_name, identifier, model
from smeaton.importers._template import filled, has_logic, names, only, worded
from smeaton.runtime.files import safe_name
from smeaton.task.yaml import read_task

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "{{x}}",
        "{{ item.x }}",
        "{{sample.output_text}}",
        "file://x.txt",
        "contains: a",
        "not-equals: b",
        "{% if %}",
        "# A",
    ]
)
SCALAR = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-1, 1) | TEXT
ANY = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
KINDS = [
    "equals", "not-equals", "contains", "icontains-any", "contains-all", "regex", "starts-with", "is-json",
    "contains-json", "levenshtein", "python", "javascript", "llm-rubric", "assert-set", "latency", "similar", "odd",
]  # fmt: skip


def shaped(form: dict[str, Any], **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings of that form in which any part may be missing or anything."""
    loose = {name: part | ANY for name, part in (form | more).items()}
    return st.fixed_dictionaries({}, optional=loose)


VARS = st.dictionaries(st.sampled_from(["x", "y", "answer"]), SCALAR | st.lists(SCALAR, max_size=2), min_size=1)
ASSERT = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={
        "value": SCALAR | st.lists(SCALAR, max_size=3) | ANY,
        "threshold": SCALAR,
        "assert": ANY,
        "weight": SCALAR,
    },
)
TEST = shaped({"vars": VARS, "assert": st.lists(ASSERT | TEXT, max_size=3), "options": ANY, "description": TEXT})
PROMPTFOO = st.fixed_dictionaries(
    {"prompts": st.lists(TEXT | ANY, max_size=3), "tests": st.lists(TEST, max_size=4)},
    optional={"providers": st.lists(TEXT | ANY, max_size=2), "defaultTest": TEST, "scenarios": ANY, "description": ANY},
)
FIELD = shaped({"prefix": TEXT, "description": st.sampled_from(["${x}", "${reasoning}", "${y}", "words"])})
PREDICTOR = st.fixed_dictionaries(
    {"demos": st.lists(st.dictionaries(st.sampled_from(["x", "y", "reasoning", "augmented"]), ANY), max_size=4)},
    optional={
        "signature": shaped({"instructions": TEXT, "fields": st.lists(FIELD, max_size=4)}),
        "signature_instructions": TEXT,
        "lm": ANY,
    },
)
DSPY = st.dictionaries(st.sampled_from(["predict", "a.b", "metadata"]), PREDICTOR | ANY, min_size=1)
GRADER = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["string_check", "label_model", "score_model", "python", "multi", "text_similarity", "x"]
        )
    },
    optional={
        "name": TEXT,
        "input": st.just("{{sample.output_text}}") | TEXT | st.lists(ANY | shaped({"content": TEXT}), max_size=2),
        "reference": TEXT,
        "operation": st.sampled_from(["eq", "ne", "like", "ilike", "odd"]),
        "labels": ANY,
        "passing_labels": ANY,
        "range": ANY,
        "pass_threshold": SCALAR,
        "source": TEXT,
        "model": TEXT,
    },
)
ITEM = st.dictionaries(st.sampled_from(["x", "y", "label"]), ANY)
EVALS = st.lists(
    st.fixed_dictionaries({"item": ITEM})
    | st.fixed_dictionaries(
        {"testing_criteria": st.lists(GRADER | ANY, max_size=3)}, optional={"data_source_config": ANY}
    )
    | st.fixed_dictionaries({"datasource_item": ITEM}, optional={"datasource_item_id": SCALAR})
    | st.fixed_dictionaries({"object": st.just("eval.run")}, optional={"data_source": ANY, "name": ANY, "model": ANY}),
    max_size=5,
)
SAMPLES = st.lists(st.fixed_dictionaries({"input": TEXT | ANY}, optional={"ideal": TEXT | ANY}), max_size=4)


def outcome(name: str, text: str, form: str, *, trust: bool = False) -> None:
    """Import the text: a task that loads and checks that compile, or an error with its fix."""
    with tempfile.TemporaryDirectory() as home:
        source = Path(home, name)
        source.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            report = import_task(source, Path(home, "out"), form=form, trust_code=trust)
        except InputError as error:
            refused = error
            report = None
        if report is None:
            assert refused.fix, refused.message
            assert sorted(path.name for path in Path(home).iterdir()) == [name]
            return
        read_task(report.folder / "smeaton.yaml")
        for path in report.folder.glob("*.py"):
            compile(path.read_text(encoding="utf-8"), str(path), "exec")
        for line in (report.folder / "data.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
            json.loads(line)
        assert all(safe_name(file) for file in report.files)


@SETTINGS
@given(PROMPTFOO, st.booleans())
def test_configurations_of_promptfoo(value: Any, trust: bool) -> None:
    outcome("a.json", json.dumps(value), "promptfoo", trust=trust)


@SETTINGS
@given(DSPY)
def test_states_of_dspy(value: Any) -> None:
    outcome("a.json", json.dumps(value), "dspy")


@SETTINGS
@given(EVALS, st.booleans())
def test_exports_of_hosted_evals(value: list[Any], trust: bool) -> None:
    outcome("a.jsonl", "\n".join(map(json.dumps, value)), "openai_evals", trust=trust)


@SETTINGS
@given(SAMPLES)
def test_samples_of_the_registry(value: list[Any]) -> None:
    outcome("a.jsonl", "\n".join(map(json.dumps, value)), "openai_evals")


@SETTINGS
@given(
    st.text(max_size=60) | st.text("-:[]{}&*!|>#%@`'\",\n a1", max_size=40), st.sampled_from(["yaml", "json", "jsonl"])
)
@pytest.mark.parametrize("form", ["dspy", "openai_evals", "promptfoo"])
def test_any_text_of_a_file(form: str, text: str, suffix: str) -> None:
    outcome(f"a.{suffix}", text.replace("\ud800", ""), form)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.json", "[" * 100_000),
        ("deep.yaml", "[" * 500),
        ("alias.yaml", "a: &a [1]\nprompts: *a\ntests: *a\n"),
        ("self.yaml", "prompts: &a [*a]\ntests: [{vars: {x: 1}}]\n"),
        pytest.param(
            "bomb.yaml",
            "\n".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9) if n else 1}]" for n in range(12)),
            marks=pytest.mark.slow,  # half a million values are walked before it is refused
        ),
        ("tag.yaml", "prompts: !!python/object/apply:os.system [ls]\ntests: []"),
        ("nan.yaml", "prompts: [a]\ntests: [{vars: {x: .nan}}]"),
        ("date.yaml", "prompts: [a]\ntests: [{vars: {x: 2024-01-31}}]"),
        ("twice.yaml", "prompts: [a]\nprompts: [b]\ntests: []"),
        ("lfs.jsonl", "version https://git-lfs.github.com/spec/v1\n"),
        ("bytes.json", "\udcff"),
    ],
)
def test_hard_files(name: str, text: str) -> None:
    for form in ("promptfoo", "openai_evals", "dspy"):
        outcome(name, text, form)


@given(st.lists(TEXT, max_size=6))
def test_names_of_functions_and_files_are_fit_and_free(words: list[str]) -> None:
    taken: list[str] = []
    files: list[str] = []
    for said in words:
        taken.append(identifier(said, taken))
        files.append(file_name(said, files))
        assert taken[-1].isidentifier()
        assert safe_name(f"{files[-1]}.md")
    assert len(set(taken)) == len(taken)
    assert len(set(files)) == len(files)


@given(st.text(max_size=30))
def test_templates_of_any_text(text: str) -> None:
    for name in names(text):
        assert "{{" not in name
    assert filled(text, {}) == text if not names(text) else True
    assert worded(text, lambda name: f"<{name}>") == text or names(text)


@pytest.mark.parametrize(
    ("text", "known", "logic", "alone"),
    [
        ("a {{x}} b {{ y.z }}", ("x", "y.z"), False, ""),
        ("{{- x -}}", ("x",), False, "x"),
        ("{{ x | dump }}", ("x",), False, "x"),
        ("{{ x | upper }}", (), True, ""),
        ("{% for a in b %}{{a}}{% endfor %}", ("a",), True, ""),
        ("{ x }", (), False, ""),
    ],
)
def test_templates(text: str, known: tuple[str, ...], logic: bool, alone: str) -> None:
    assert (names(text), has_logic(text), only(text)) == (known, logic, alone)


@pytest.mark.parametrize(
    ("said", "reference"),
    [
        ("openai:gpt-4o", "openai:gpt-4o"),
        ("openai:chat:gpt-4o", "openai:gpt-4o"),
        ("openai:responses:gpt-5", "responses:gpt-5"),
        ("openai/gpt-4o-mini", "openai:gpt-4o-mini"),
        ("anthropic:messages:claude-haiku-4-5", "anthropic:claude-haiku-4-5"),
        ("google:gemini-2.5-flash", "gemini:gemini-2.5-flash"),
        ("ollama:chat:llama3.2:3b", "local:llama3.2:3b"),
        ("ollama_chat/llama3.2", "local:llama3.2"),
        ("bedrock:x", ""),
        ("openai:chat", ""),
        ("file://custom.py", ""),
        ("", ""),
    ],
)
def test_models(said: str, reference: str) -> None:
    assert model(said) == reference


@given(st.lists(st.tuples(TEXT, TEXT, st.booleans()), min_size=1, max_size=5))
def test_every_value_survives_its_way_into_a_check(asked: list[tuple[str, str, bool]]) -> None:
    found = Imported(
        source="s",
        format='a "tool"\\',
        name="n",
        inputs={"x": "text"},
        output="answer",
        output_type="text",
        rows=tuple({"x": f"{number}", "answer": None} for number in range(len(asked))),
        cases=tuple((Assertion("equals", value, False, said, said),) for said, value, _ in asked),
    )
    made = Checks(found)
    with tempfile.TemporaryDirectory() as home:
        Path(home, "cases.json").write_text(json.dumps(made.cases), encoding="utf-8")
        space: dict[str, Any] = {"__file__": str(Path(home, "checks.py"))}
        exec(compile(made.text, "checks.py", "exec"), space)
    for number, (_, value, _) in enumerate(asked):
        assert all(space[name]({"x": f"{number}"}, value) is True for name in made.names)
        assert not all(space[name]({"x": f"{number}"}, f"{value}.") for name in made.names)
