"""Heads on means of token vectors: they learn, and their programs answer the same to the last bits."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import as_program, make_run, make_task, make_text_fold, make_text_task
from texts import KINDS, MIXED, TWO, pairs_fold, profile_of, right, strange, task_with, values, weights
from tiny_weights import make_tokenizer, write_safetensors

from smeaton import plugins
from smeaton.families import Family, Refusal, Space, _encoding
from smeaton.runtime.check import tolerance_of
from smeaton.runtime.ops._embed import Tokens
from smeaton.task.table import PREDICTION
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.testing.conformance import check_family
from smeaton.weights import resolve

INPUTS = {"text": ("body",), "mixed": MIXED, "two": TWO}


def family() -> Family:
    part: Family = plugins.load("families", "static")
    return part


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights(tmp_path_factory.mktemp("weights") / "table", "static")


@pytest.mark.parametrize("inputs", list(INPUTS))
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_its_program_answers_the_same(kind: str, inputs: str, home: Path, tmp_path: Path) -> None:
    task = task_with(home, kind, INPUTS[inputs])
    fold, y = make_text_fold(400, kind)
    fitted: Any = family().fit(task, {"weights": str(home)}, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    assert tolerance_of(engine.program) == 1e-9
    held = {name: fold.held[name] for name in INPUTS[inputs]}
    for rows in (held, strange(held)):
        model, program = fitted.predict(rows), engine.predict(rows)
        size = max(1.0, float(np.abs(values(model)).max()))
        assert np.abs(values(model) - values(program)).max() <= 1e-9 * size
        if kind != "number":
            assert model[PREDICTION].tolist() == program[PREDICTION].tolist()
    assert right(fitted.predict(fold.held), y) > {"binary": 0.75, "5": 0.5, "number": 0.1, "many": 0.68}[kind]


def test_two_texts_are_compared(home: Path, tmp_path: Path) -> None:
    fold, y = pairs_fold(500)
    fitted: Any = family().fit(task_with(home, "binary", TWO), {"weights": str(home)}, fold, make_run(tmp_path))
    assert right(fitted.predict(fold.held), y) > 0.95


@pytest.mark.parametrize("kind", ["binary", "number", "many"])
def test_it_keeps_the_contract_of_a_family(kind: str, home: Path) -> None:
    task = task_with(home, kind, MIXED)
    fold, _ = make_text_fold(200, kind)
    check_family(family(), task, fold, profile_of(task, 160))


def test_no_time_still_gives_a_model(home: Path, tmp_path: Path) -> None:
    fold, _ = make_text_fold(300, "5")
    run = make_run(tmp_path, seconds=1e-6)
    cut: Any = family().fit(task_with(home, "5"), {"weights": str(home)}, fold, run)
    assert cut.steps == 1
    assert "the clock ended it after 1 steps" in cut.note
    run.seconds = 60.0
    again = family().fit(task_with(home, "5"), {"weights": str(home), "_steps": 1}, fold, run)
    assert values(cut.predict(fold.held)).tobytes() == values(again.predict(fold.held)).tobytes()


def test_a_table_with_shared_rows_and_token_weights(tmp_path: Path) -> None:
    """As model2vec stores a smaller table: tokens share rows (`mapping`), and each has its weight."""
    folder = tmp_path / "shared"
    size = make_tokenizer(folder / "tokenizer.json", around=False)
    rng = np.random.default_rng(0)
    table, mapping = rng.normal(size=(10, 6)).astype(np.float16), rng.integers(0, 10, size)
    weight = rng.random(size).astype(np.float32)
    tensors = {"embeddings": table, "mapping": mapping, "weights": weight}
    write_safetensors(folder / "model.safetensors", tensors)
    found = _encoding.static_embedding(resolve(str(folder), tmp_path, tmp_path), tmp_path / "cache")
    runner = found.runner()
    text = "late train"
    ids = Tokens(folder / "tokenizer.json")(text)
    mean = (table[mapping[ids]].astype(np.float64) * weight[ids, None].astype(np.float64)).mean(axis=0)
    from smeaton.runtime.call import Call
    from smeaton.task.table import object_column

    vector = runner({"text:text": object_column([text])}, Call())["vector:text"][0]
    assert np.allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)


def refusal(task: Task) -> str:
    refused = family().space(task, profile_of(task, 100))
    assert isinstance(refused, Refusal)
    return refused.why


def test_what_it_cannot_do_is_refused_with_the_reason(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(make_task("binary", {"size": Type(type="number")})) == "it reads texts, and no input is one"
    monkeypatch.setattr(_encoding, "discover", list)
    assert refusal(make_text_task("binary")).startswith("no table of token vectors found: name some with")
    assert refusal(task_with(weights(tmp_path / "e", "encoder"), "5")).startswith("no table of token vectors found")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert "run: pip install 'smeaton[text]'" in refusal(task_with(home, "binary"))


def test_the_space_names_pinned_weights(home: Path) -> None:
    task = task_with(home, "binary")
    found = family().space(task, profile_of(task, 100))
    assert isinstance(found, Space)
    assert len(found.starts) == 1
    assert found.starts[0]["weights"].startswith(f"{home}#sha256=")
