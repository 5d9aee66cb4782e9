"""Each importer end to end on a small source of its form: the folder, its checks as they run, what is left behind."""

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smeaton.errors import InputError
from smeaton.flow.importing import Report, import_task
from smeaton.runtime.ops._chat_prompt import read_prompt
from smeaton.task.task import Task
from smeaton.task.yaml import check_files, read_task

FILES = Path(__file__).parent / "files"
Function = Callable[[dict[str, Any], Any], object]


def imported(tmp_path: Path, source: str, **options: Any) -> tuple[Report, Task, Path]:
    folder = tmp_path / "task"
    report = import_task(FILES / source, folder, **options)
    task = read_task(folder / "smeaton.yaml")
    check_files(task)
    return report, task, folder


def checks(task: Task, folder: Path) -> dict[str, Function]:
    """The checks by name, run here as a build runs them."""
    found = {}
    for reference in task.checks:
        file, name = reference.split(":")
        spec = importlib.util.spec_from_file_location(f"imported_{file[:-3]}", folder / file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[name] = getattr(module, name)
    return found


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "data.jsonl").read_text(encoding="utf-8").splitlines()]


def test_dspy(tmp_path: Path) -> None:
    report, task, folder = imported(tmp_path, "dspy_triage.json")
    assert task.output_type.labels == ("billing", "bug")
    assert list(task.input_types) == ["subject", "body"]
    assert (task.metric, task.checks, task.solutions.add) == (
        "accuracy",
        (),
        ("openai:gpt-4o-mini", "prompts/classify-predict.md"),
    )
    assert rows(folder)[0] == {
        "subject": "Card declined",
        "body": "My card was declined twice.",
        "team": "billing",
    }
    prompt = read_prompt((folder / "prompts/classify-predict.md").read_text())
    assert prompt.instruction.startswith("Route a support ticket to a team.")
    assert "- the input body: the whole message" in prompt.instruction
    examples = (folder / "prompts/classify-predict.examples.jsonl").read_text().splitlines()
    assert json.loads(examples[0])["answer"] == "billing"
    assert len(examples) == report.rows == 6
    lost = " ".join(one.what for one in report.lost)
    for what in ("'retriever'", "1 examples", "the reasoning", "the settings of openai/gpt-4o-mini"):
        assert what in lost


def test_promptfoo(tmp_path: Path) -> None:
    report, task, folder = imported(tmp_path, "promptfoo")
    assert list(task.input_types) == ["name", "question"]
    assert task.output_type.type == "text"
    assert task.solutions.add[:3] == ("openai:gpt-4o-mini", "anthropic:claude-haiku-4-5", "local:llama3.2")
    assert task.judge is not None
    assert task.judge.model == "anthropic:claude-haiku-4-5"
    assert task.judge.rubric == "Is polite to the input name and to the point"
    assert (len(rows(folder)), report.rows) == (6, 6)
    assert read_prompt((folder / "prompts/chat.md").read_text()).instruction == "You are a friendly help desk."
    assert "## Role" in (folder / "prompts/plain-2.md").read_text()
    notes = (folder / "IMPORT.md").read_text()
    for what in (
        "scenarios",
        "latency",
        "javascript",
        "similar",
        "regex",
        "bedrock",
        "make.py",
        "Mentions Eve",
        "cost",
    ):
        assert what in notes, what


def test_checks_of_promptfoo(tmp_path: Path) -> None:
    _, task, folder = imported(tmp_path, "promptfoo")
    found = checks(task, folder)
    refund = {"name": "friend", "question": "How do I get a refund?"}
    ann = {"name": "Ann", "question": "Where is my order?"}
    sunday = {"name": "Cy", "question": "Do you open on Sunday?"}
    assert found["not_icontains_as_an_ai"](refund, "Within 14 days.") is True
    assert found["not_icontains_as_an_ai"](refund, "As an ai, no.") is False
    assert [found["contains"](refund, words) for words in ("14 days", "3 days")] == [True, False]
    assert [found["contains_any"](refund, words) for words in ("the form", "the desk")] == [True, False]
    assert [found["contains"](ann, words) for words in ("Dear Ann", "Dear Bob")] == [True, False]
    assert [found["levenshtein"](ann, words) for words in ("It is on its way.", "x" * 60)] == [True, False]
    assert [found["not_contains"](sunday, words) for words in ("no", "yes")] == [True, False]
    assert all(check({"name": "?", "question": "?"}, "anything") for check in found.values())


def test_checks_of_hosted_evals_and_code_on_the_users_word(tmp_path: Path) -> None:
    report, task, folder = imported(tmp_path, "evals_hosted", trust_code=True)
    found = checks(task, folder)
    assert list(found) == ["no_apology_ne_sorry", "right_team_eq", "short_enough"]
    row = rows(folder)[0]
    assert row["team"] == "billing"
    assert [found["right_team_eq"](row, team) for team in ("billing", "bug")] == [True, False]
    # The priority may come as a float: a column of numbers is one.
    as_float = row | {"priority": 1.0}
    assert [found["short_enough"](as_float, words) for words in ("one", "one two")] == [True, False]
    assert task.judge is not None
    assert "good is: fine" in task.judge.rubric
    assert {one.what for one in report.lost} >= {"the grader 'close'", "the grader 'all'", "the score of 'help'"}
    assert list(task.input_types) == ["subject", "body", "priority"]


def test_code_is_not_taken_over_unasked(tmp_path: Path) -> None:
    report, task, folder = imported(tmp_path, "evals_hosted")
    assert "short_enough" not in " ".join(task.checks)
    assert not (folder / "short_enough.py").exists()
    assert any("short_enough" in one.what and "--trust-code" in one.why for one in report.lost)
    assert "findall" not in "".join(path.read_text() for path in folder.rglob("*.*") if path.is_file())


def test_python_of_promptfoo_is_taken_over_on_the_users_word(tmp_path: Path) -> None:
    _, task, folder = imported(tmp_path, "promptfoo", trust_code=True)
    check = checks(task, folder)["python_1"]
    ann = {"name": "Ann", "question": "Where is my order?"}
    assert [check(ann, words) for words in ("short", "x" * 300)] == [True, False]
    assert check({"name": "?", "question": "?"}, "x" * 300) is True


def test_the_registry(tmp_path: Path) -> None:
    _, task, folder = imported(tmp_path, "registry/evals/greet.yaml")
    assert task.goal == "Greets people by name."
    check = checks(task, folder)["includes"]
    assert [check({"input": "Ann"}, words) for words in ("well, hi ann!", "hello bob")] == [True, False]
    assert rows(folder)[0] == {"input": "Ann", "ideal": "Hello Ann"}
    assert read_prompt((folder / "prompts/registry.md").read_text()).instruction == "Greet the person."


def test_samples_alone(tmp_path: Path) -> None:
    _, task, folder = imported(tmp_path, "registry/data/greet/samples.jsonl")
    check = checks(task, folder)["match"]
    assert [check({"input": "Cy"}, words) for words in ("Hello Cy!", "Oh, Hello Cy")] == [True, False]


def test_nothing_is_overwritten_and_nothing_half_done_stays(tmp_path: Path) -> None:
    imported(tmp_path, "dspy_triage.json")
    before = (tmp_path / "task/IMPORT.md").read_bytes()
    with pytest.raises(InputError, match="is there already") as caught:
        imported(tmp_path, "dspy_triage.json")
    assert "-o" in caught.value.fix
    assert (tmp_path / "task/IMPORT.md").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["task"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("program.pkl", "x", "pickled"),
        ("promptfooconfig.js", "module.exports = {}", "script"),
        ("a.json", "{}", "looks like none of"),
        ("a.txt", "hello", "looks like none of"),
        ("a.yaml", "prompts: [a]\ntests: [{vars: {x: ../../etc/passwd}}, file:///etc/passwd]", "does not lie in the"),
        ("a.yaml", "prompts: [file://../x.txt]\ntests: [{vars: {x: 1}}]", "does not lie in the folder"),
        ("a.yaml", "prompts: [a]\ntests: [{vars: {x: file://link.txt}}]", "no file of the folder"),
        ("a.yaml", "prompts: [a]\ntests: [{vars: 3}]", "vars is a number"),
        ("a.yaml", "prompts: [a]\ntests: [3]", "a test is a number"),
        ("a.yaml", "prompts: [a]\nscenarios: [{}]\ntests: []", "1 scenarios"),
        ("a.yaml", "x.v0: {class: 'a:Match', args: {samples_jsonl: ../s.jsonl}}", "does not lie in the folder"),
        ("a.yaml", "x.v0: {class: 'a:Match', args: {}}", "names no samples_jsonl"),
        ("a.jsonl", '{"input": 3}\n', "an input is a number"),
    ],
)
def test_what_is_refused_is_refused_with_a_fix(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / name).write_text(text)
    with pytest.raises(InputError) as caught:
        import_task(folder / name, tmp_path / "out")
    assert words in f"{caught.value.message} {caught.value.fix}"
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def test_a_form_is_named_where_several_fit_or_none_is_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no importer 'ragas'") as caught:
        import_task(FILES / "dspy_triage.json", tmp_path / "out", form="ragas")
    assert "dspy, openai_evals, promptfoo" in caught.value.fix
    with pytest.raises(InputError, match="no predictor"):
        import_task(FILES / "evals_hosted/eval.json", tmp_path / "out", form="dspy")


def test_several_evals_are_several_tasks(tmp_path: Path) -> None:
    shutil.copytree(FILES / "evals_hosted", tmp_path / "source")
    other = json.loads((FILES / "evals_hosted/eval.json").read_text()) | {"id": "eval_2", "name": "Other"}
    (tmp_path / "source/other.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match="holds 2 evals: Ticket triage, Other"):
        import_task(tmp_path / "source", tmp_path / "out")
