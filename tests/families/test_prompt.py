"""Prompts: which models may be asked, what a configuration says, what probabilities are learnt."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from tables import make_task

from smeaton.errors import TaskError
from smeaton.families import Refusal, Space
from smeaton.families._chat import learnt
from smeaton.families.prompt import part, spread, start_prompt, text_hash
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import PREDICTION, PROBABILITY, object_column
from smeaton.task.task import Budget, Privacy, Solutions, Task
from smeaton.task.types import Type

KNOWN, UNKNOWN = "openai:gpt-5-mini", "openai:gpt-of-no-price-list"


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llm.toml").write_text("")
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "llm.toml"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")


def allowed(folder: Path, *add: str) -> Task:
    return msgspec.structs.replace(
        make_task("4", {"note": Type(type="text")}),
        solutions=Solutions(add=add),
        privacy=Privacy(external=True),
        budget=Budget(time=60.0, money=1.0),
        folder=str(folder),
    )


def profile() -> Profile:
    return Profile(rows=200, columns=(ColumnProfile(name="note", type="text", mean_length=80.0),))


def space(task: Task) -> Space:
    found = part.space(task, profile())
    assert isinstance(found, Space), found
    return found


def test_a_model_that_may_be_asked_is_asked_in_every_way(tmp_path: Path) -> None:
    found = space(allowed(tmp_path, KNOWN))
    assert found.starts[0] == {"model": KNOWN, "examples": 0}
    assert len(found.starts) == 4
    assert found.external == ("api.openai.com",)


def test_a_model_of_unknown_price_is_refused_with_what_to_state(tmp_path: Path) -> None:
    refused = part.space(allowed(tmp_path, UNKNOWN), profile())
    assert isinstance(refused, Refusal)
    assert f'state its price in llm.toml: [prices."{UNKNOWN}"]' in refused.parts[UNKNOWN]
    (tmp_path / "llm.toml").write_text(f'[prices."{UNKNOWN}"]\ninput = 1.0\noutput = 2.0\n')
    assert space(allowed(tmp_path, UNKNOWN)).refused == {}


def test_an_edited_prompt_is_another_candidate(tmp_path: Path) -> None:
    task = allowed(tmp_path, KNOWN, "x.md")
    (tmp_path / "x.md").write_text("# Instruction\nOne.\n")
    one = space(task).starts[1]
    assert start_prompt(task, one).instruction == "One."
    (tmp_path / "x.md").write_text("# Instruction\nTwo.\n")
    with pytest.raises(TaskError, match=r"x\.md was changed"):
        start_prompt(task, one)
    assert space(task).starts[1] != one
    (tmp_path / "x.md").write_text("A note.\n# Instruction\nOne.\n")
    assert space(task).starts[1] == one


def test_a_prompt_from_elsewhere_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "notes.md").write_text("private")
    (tmp_path / "own" / "link.md").symlink_to(tmp_path / "notes.md")
    task = allowed(tmp_path / "own", KNOWN)
    for name in ("../notes.md", str(tmp_path / "notes.md"), "link.md"):
        with pytest.raises(TaskError, match="not in the task's folder"):
            text_hash(task, name)


def test_a_file_that_is_no_prompt_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("# Instruction\n")
    with pytest.raises(TaskError) as caught:
        space(allowed(tmp_path, KNOWN, "x.md"))
    assert caught.value.where == "x.md"


def test_fixed_examples_show_every_answer_they_can() -> None:
    examples = [{"inputs": {"n": n}, "answer": "rare" if n == 90 else "common"} for n in range(100)]
    shown = spread(examples, 4)
    assert len(shown) == 4
    assert {example["answer"] for example in shown} == {"rare", "common"}


def test_what_is_said_is_as_likely_as_it_was_true() -> None:
    task = make_task("4")
    y = np.arange(80) % 4
    said = [task.labels[code if place >= 20 else (code + 1) % 4] for place, code in enumerate(y.tolist())]
    answers = {PREDICTION: object_column(said), PROBABILITY: np.full((80, 4), 0.25)}
    table = np.array(learnt(task, answers, y, "none")["table"])
    assert np.allclose(table.sum(axis=1), 1.0)
    assert np.allclose(np.diag(table), 0.75, atol=0.03)
    assert (table > 0).all()
