"""Heads on encoders: they learn, their programs answer the same, texts are embedded once, 8-bit copies must be good."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tables import as_program, make_run, make_task, make_text_fold, make_text_rows, make_text_task
from texts import KINDS, MIXED, TWO, pairs_fold, profile_of, right, strange, task_with, values, weights

from smeaton import plugins
from smeaton.data.fold import Fold
from smeaton.errors import DeadlineExceeded, InputError
from smeaton.families import Family, Refusal, Run, Space, _encoding, encoder
from smeaton.runtime.check import tolerance_of
from smeaton.runtime.ops.embed import EmbedRunner
from smeaton.task.table import PREDICTION, Array, take
from smeaton.task.task import Budget, Task
from smeaton.task.types import Type
from smeaton.testing.conformance import check_family

INPUTS = {"text": ("body",), "mixed": MIXED, "two": TWO}


def family() -> Family:
    part: Family = plugins.load("families", "encoder")
    return part


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights(tmp_path_factory.mktemp("weights") / "tiny", "encoder")


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder with a matrix large enough that an 8-bit copy is made of it."""
    return weights(tmp_path_factory.mktemp("weights") / "wide", "encoder", 64)


def run_in(folder: Path, y: Array | None = None, seconds: float = 60.0) -> Run:
    run = make_run(folder / "scratch", seconds)
    run.cache = folder / "cache"
    run.other_folds = {} if y is None else {1: y}
    return run


@pytest.mark.parametrize("inputs", list(INPUTS))
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_its_program_answers_the_same(kind: str, inputs: str, home: Path, tmp_path: Path) -> None:
    task = task_with(home, kind, INPUTS[inputs])
    fold, y = make_text_fold(400, kind)
    fitted: Any = family().fit(task, {"weights": str(home)}, fold, run_in(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    tolerance = tolerance_of(engine.program)
    assert tolerance == 1e-4
    held = {name: fold.held[name] for name in INPUTS[inputs]}
    for rows in (held, strange(held)):
        model, program = fitted.predict(rows), engine.predict(rows)
        size = 1.0 if kind != "number" else max(1.0, float(np.abs(values(model)).max()))
        assert np.abs(values(model) - values(program)).max() <= tolerance * size
        if kind != "number":
            assert model[PREDICTION].tolist() == program[PREDICTION].tolist()
    assert right(fitted.predict(fold.held), y) > {"binary": 0.75, "5": 0.5, "number": 0.2, "many": 0.68}[kind]


def test_two_texts_are_compared(home: Path, tmp_path: Path) -> None:
    fold, y = pairs_fold(500)
    task = task_with(home, "binary", TWO)
    fitted: Any = family().fit(task, {"weights": str(home)}, fold, run_in(tmp_path))
    assert right(fitted.predict(fold.held), y) > 0.95
    engine = as_program(fitted, task, tmp_path / "program")
    assert np.abs(values(engine.predict(fold.held)) - values(fitted.predict(fold.held))).max() < 1e-4


@pytest.mark.parametrize("kind", ["binary", "many"])
def test_it_keeps_the_contract_of_a_family(kind: str, wide: Path) -> None:
    task = task_with(wide, kind, MIXED)
    fold, _ = make_text_fold(200, kind)
    check_family(family(), task, fold, profile_of(task, 160))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_fit_gives_the_same_answers_and_a_refit_learns_from_all_rows(
    kind: str, home: Path, tmp_path: Path
) -> None:
    task = task_with(home, kind)
    fold, y = make_text_fold(300, kind)
    run, config = run_in(tmp_path, fold.stop.y), {"weights": str(home), "refit": True}
    plain: Any = family().fit(task, config, fold, run)
    assert (
        values(plain.predict(fold.held)).tobytes()
        == values(family().fit(task, config, fold, run).predict(fold.held)).tobytes()
    )
    judged: Any = family().fit(task, config, fold, run_in(tmp_path))
    assert not np.array_equal(values(plain.predict(fold.held)), values(judged.predict(fold.held)))
    every = make_text_rows(300, kind)
    whole = Fold(0, every, type(every)(take(every.x, np.arange(0)), every.y[:0], None, every.index[:0]), fold.held, y)
    again: Any = family().fit(task, {**config, **plain.refit}, whole, run)
    assert again.refit["penalty"] == plain.refit["penalty"]
    assert right(again.predict(fold.held), y) > right(plain.predict(fold.held), y) - 0.1


def test_a_text_goes_through_the_encoder_once_in_a_build(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_with(home, "binary")
    fold, _ = make_text_fold(200, "binary")
    asked: list[str] = []
    plain = _encoding.embed.load

    def load(*given: Any) -> EmbedRunner:
        runner = plain(*given)
        model = runner._model

        class Counted:
            dim = model.dim

            def __call__(self, texts: list[str], check: Any) -> Array:
                asked.extend(texts)
                found: Array = model(texts, check)
                return found

        runner._model = Counted()
        return runner

    monkeypatch.setattr(_encoding.embed, "load", load)
    for penalty in (None, 0.01):
        fitted = family().fit(task, {"weights": str(home), "penalty": penalty}, fold, run_in(tmp_path))
        fitted.predict(fold.held)
    every = make_text_rows(200, "binary").x["body"].tolist()
    assert sorted(asked) == sorted({text for text in every if text})


@pytest.mark.parametrize("lost", [0.02, 0.001])
@pytest.mark.parametrize("kind", ["binary", "number"])
def test_an_8_bit_copy_is_taken_where_it_loses_little(
    lost: float, kind: str, wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_with(wide, kind)
    fold, y = make_text_fold(200, kind)
    monkeypatch.setattr(encoder, "_lost", lambda *given: lost)
    fitted: Any = family().fit(task, {"weights": str(wide), "int8": True}, fold, run_in(tmp_path, fold.stop.y))
    source = fitted.embedding.home / fitted.embedding.files[1]
    small = b"MatMulInteger" in source.read_bytes()
    assert small == (lost < encoder.MOST_LOST)
    if small:
        assert fitted.note == "8-bit: loses 0.10% against the float encoder on stop rows"
        assert "int8" not in fitted.refit
    else:
        assert fitted.note == "8-bit would lose 2.0% on stop rows, so the float encoder was kept"
        assert fitted.refit["int8"] is False
    engine = as_program(fitted, task, tmp_path / "program")
    off = np.abs(values(engine.predict(fold.held)) - values(fitted.predict(fold.held))).max()
    assert off <= tolerance_of(engine.program) * max(1.0, float(np.abs(y).max()))


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_8_bit_copy_loses_is_measured(kind: str, wide: Path, tmp_path: Path) -> None:
    task = task_with(wide, kind)
    fold, _ = make_text_fold(200, kind)
    fitted: Any = family().fit(task, {"weights": str(wide), "int8": True}, fold, run_in(tmp_path))
    assert fitted.note.startswith("8-bit")
    config = encoder.DEFAULTS | {"weights": str(wide)}
    assert abs(encoder._lost(fitted, config, fold.stop, run_in(tmp_path))) < 0.05
    fitted.weights = np.zeros_like(fitted.weights)
    assert encoder._lost(fitted, config, fold.stop, run_in(tmp_path)) == 0.0


def test_without_stop_rows_the_8_bit_copy_is_not_judged(wide: Path, tmp_path: Path) -> None:
    task = task_with(wide, "binary")
    fold, _ = make_text_fold(200, "binary")
    nothing = type(fold.stop)(take(fold.stop.x, np.arange(0)), fold.stop.y[:0], None, fold.stop.index[:0])
    whole = Fold(0, fold.train, nothing, fold.held, fold.held_index)
    config = {"weights": str(wide), "int8": True, "penalty": 0.01}
    fitted: Any = family().fit(task, config, whole, run_in(tmp_path))
    assert fitted.note == ""
    assert b"MatMulInteger" in (fitted.embedding.home / "encoder.onnx").read_bytes()


def test_an_encoder_without_a_large_matrix_has_no_8_bit_copy(home: Path, tmp_path: Path) -> None:
    fold, _ = make_text_fold(100, "binary")
    with pytest.raises(InputError, match="no matrix of tiny can be made 8-bit"):
        family().fit(task_with(home, "binary"), {"weights": str(home), "int8": True}, fold, run_in(tmp_path))


def test_a_fit_ends_when_embedding_takes_too_long(home: Path, tmp_path: Path) -> None:
    fold, _ = make_text_fold(100, "binary")
    with pytest.raises(DeadlineExceeded):
        family().fit(task_with(home, "binary"), {"weights": str(home)}, fold, run_in(tmp_path, seconds=1e-9))


def test_weights_that_changed_since_the_space_was_made_are_refused(wide: Path, tmp_path: Path) -> None:
    fold, _ = make_text_fold(100, "binary")
    with pytest.raises(InputError, match="have the hash"):
        family().fit(task_with(wide, "binary"), {"weights": f"{wide}#sha256=00"}, fold, run_in(tmp_path))


def test_the_space_names_pinned_weights_and_8_bit_copies(wide: Path) -> None:
    task = task_with(wide, "binary")
    found = family().space(task, profile_of(task, 500))
    assert isinstance(found, Space)
    assert [start.get("int8", False) for start in found.starts] == [True, False]
    assert all(start["weights"].startswith(f"{wide}#sha256=") for start in found.starts)
    assert found.starts[1]["max_tokens"] == 64
    assert found.starts[1]["windows"] >= 1
    assert found.shared


def test_fewer_tokens_where_time_is_short_and_none_where_it_is_too_short(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_encoding, "tokens_per_second", lambda found: 1_000.0)
    monkeypatch.setattr(_encoding, "_WORKERS", 1)
    task = msgspec.structs.replace(task_with(home, "binary"), budget=Budget(time=100.0))
    chosen = []
    for rows in (10, 1_200, 2_400, 30_000):
        found = family().space(task, profile_of(task, rows, length=900.0))
        if isinstance(found, Refusal):
            share = f"{_encoding.BUDGET_SHARE:.0%} of 100 s"
            faster = _encoding.FASTER
            speed = f"{1000 * faster:,.0f} tokens/s"
            why = f"embedding {rows:,} rows takes about {480 / faster:.0f} s even at 16 tokens a text (tiny, {speed})"
            assert found.why == f"{why}, more than {share}"
            chosen.append((0, 0))
        else:
            chosen.append((found.starts[0]["max_tokens"], found.starts[0]["windows"]))
            assert ("int8" in found.starts[-1]) == (rows > 10), "the float one is tried where it is cheap"
    assert chosen[0][0] == 64
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[-1] == (0, 0)
    assert len(set(chosen)) >= 3


def refusal(task: Task) -> str:
    refused = family().space(task, profile_of(task, 100))
    assert isinstance(refused, Refusal)
    return refused.why


def test_what_it_cannot_do_is_refused_with_the_reason(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(make_task("binary", {"size": Type(type="number")})) == "it reads texts, and no input is one"
    assert "of type 'image'" in refusal(make_task("binary", {"photo": Type(type="image")}))
    monkeypatch.setattr(_encoding, "discover", list)
    assert refusal(make_text_task("binary")) == (
        "no encoder weights (ONNX) found: name some with solutions.add: [hub:org/name], or a folder that holds them"
    )
    table = weights(tmp_path / "table", "static")
    assert refusal(task_with(table, "binary")).startswith("no encoder weights (ONNX) found")
    (home.parent / "broken").mkdir(exist_ok=True)
    assert "there is no tokenizer.json" in refusal(task_with(home.parent / "broken", "binary"))
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert refusal(task_with(home, "binary")) == (
        "the package 'tokenizers' is not installed; it comes with the extra 'text'; run: pip install 'smeaton[text]'"
    )


def test_installed_weights_are_used_where_none_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_encoding, "discover", lambda: [str(home)])
    found = family().space(make_text_task("binary"), profile_of(make_text_task("binary"), 50))
    assert isinstance(found, Space)
    assert found.starts[-1]["weights"].startswith(str(home))
