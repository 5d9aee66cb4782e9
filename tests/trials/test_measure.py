"""Measured in a fresh process with nothing of the building side in it."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.errors import OutOfMoney, SmeatonError
from smeaton.runtime.files import open_program, save_program
from smeaton.runtime.program import Program, Step
from smeaton.task.table import object_column, take
from smeaton.task.types import Type
from smeaton.trials.job import run_job
from smeaton.trials.measure import Question, _most_rows, measure, program_size, request_rows
from smeaton.trials.process import command, environment
from smeaton.trials.record import Candidate

TRAINING = ("sklearn", "lightgbm", "onnx", "duckdb", "pandas", "polars", "pyarrow", "scipy", "rich", "ruamel")


def exported(made: Any) -> Path:
    job = made.job(Candidate(family="baseline"))
    run_job(job, lambda step, score: None)
    return Path(job.out, "program")


def test_a_program_is_measured(build: Any) -> None:
    made = build()
    folder = exported(made)
    cost = measure(folder, made.task, take(made.dataset.table, np.arange(100)), seconds=0.2)
    assert 0 < cost.p50 <= cost.p95 < 0.1
    assert cost.size == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert cost.size == program_size(open_program(folder), folder)
    assert cost.memory is not None
    assert 20e6 < cost.memory < 1e9
    assert cost.cost_per_1k is not None
    # 1,000 calls of at most p95 seconds at five cents an hour, and some room for what the clock cannot see.
    assert 0 < cost.cost_per_1k < 1000 * (cost.p95 + 0.01) * 0.05 / 3600


def test_the_memory_of_the_process_that_asks_does_not_count(build: Any) -> None:
    made = build()
    folder = exported(made)
    ballast = np.ones(100_000_000)  # 800 MB
    cost = measure(folder, made.task, take(made.dataset.table, np.arange(10)), seconds=0.05)
    assert cost.memory is not None
    assert cost.memory < ballast.nbytes / 2


def test_nothing_of_the_building_side_is_loaded(build: Any, tmp_path: Path) -> None:
    made = build()
    folder = exported(made)
    rows = request_rows(made.dataset.table, made.task.input_types)
    question = Question(rows=rows, types=made.task.input_types, seconds=0.05, scratch=str(tmp_path))
    (tmp_path / "rows.json").write_bytes(msgspec.json.encode(question))
    line = command("smeaton.trials.measure", str(folder), str(tmp_path / "rows.json"))
    line[1:1] = ["-X", "importtime"]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, check=True)
    loaded = {part.rpartition("|")[2].strip().split(".")[0] for part in done.stderr.splitlines()}
    assert "onnxruntime" in loaded
    assert not loaded & set(TRAINING)
    packages = {part.rpartition("|")[2].strip() for part in done.stderr.splitlines()}
    assert not any(name.startswith(("smeaton.families", "smeaton.data", "smeaton.compile")) for name in packages)


def test_of_wide_tables_fewer_rows_are_called() -> None:
    table = {"a": np.arange(1_000), "b": np.arange(1_000) / 2}
    narrow = Program(steps=(), outputs=(), inputs=("a", "b"))
    wide = Program(steps=(), outputs=(), inputs=tuple(f"x{place}" for place in range(10_000)))
    assert (_most_rows(narrow), _most_rows(wide)) == (200, 20)
    assert [row["a"] for row in request_rows(table, ["a", "b"], 20)] == list(range(0, 1_000, 50))


def test_a_failing_program_says_why(build: Any) -> None:
    made = build()
    folder = exported(made)
    (folder / "model.onnx").write_bytes(b"broken")
    with pytest.raises(SmeatonError, match="could not be measured"):
        measure(folder, made.task, made.dataset.table)


def test_an_external_program_needs_a_ledger(build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smeaton import plugins

    class Chat:
        effect = "external"

    real = plugins.load
    monkeypatch.setattr(plugins, "load", lambda kind, name: Chat() if name == "chat" else real(kind, name))
    made = build()
    step = Step(op="chat", inputs=("amount",), outputs=("prediction",), args={"host": "chat", "price": 0.1})
    save_program(Program(inputs=("amount",), steps=(step,), outputs=("prediction",)), tmp_path)
    with pytest.raises(OutOfMoney):
        measure(tmp_path, made.task, made.dataset.table)


def test_every_type_of_input_can_be_measured(build: Any, tmp_path: Path) -> None:
    made = build()
    size = 300
    moments = np.datetime64("2026-01-01T00:00:00.5", "us") + np.arange(size) * np.timedelta64(1, "h")
    moments[3] = np.datetime64("NaT")
    numbers = np.arange(size) / 7
    numbers[5] = np.nan
    table = {
        "amount": numbers,
        "count": np.where(np.arange(size) % 50, np.arange(size), np.nan),
        "code": object_column([np.int64(number % 3) for number in range(size)]),
        "flag": object_column([None if number % 40 == 7 else number % 2 == 0 for number in range(size)]),
        "at": moments,
        "words": object_column([f"some words {number}" for number in range(size)]),
    }
    types = {
        "amount": Type(type="number", optional=True),
        "count": Type(type="integer", optional=True),
        "code": Type(type="category", base="integer", labels=(0, 1, 2)),
        "flag": Type(type="boolean", optional=True),
        "at": Type(type="timestamp", optional=True),
        "words": Type(type="text"),
    }
    dataset = replace(made.dataset, task=made.task.with_(inputs=types), table=table)
    dataset.save(made.root / "data")
    job = made.job(Candidate(family="linear"))
    run_job(job, lambda step, score: None)
    cost = measure(Path(job.out, "program"), dataset.task, table, seconds=0.1)
    assert 0 < cost.p50 <= cost.p95


def test_rows_go_as_a_client_would_send_them() -> None:
    moments = np.array(["2026-01-02T03:04:05.000006", "NaT"], dtype="datetime64[us]")
    table = {
        "n": np.array([1.5, np.nan]),
        "i": np.array([3.0, np.nan]),
        "b": object_column([True, None]),
        "t": moments,
        "s": object_column(["x", None]),
        "v": np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32),
        "unused": np.array([1, 2]),
    }
    rows = request_rows(table, ["n", "i", "b", "t", "s", "v"])
    assert rows == [
        {"n": 1.5, "i": 3, "b": True, "t": "2026-01-02T03:04:05.000006Z", "s": "x", "v": [1.0, 2.0]},
        {"n": None, "i": None, "b": None, "t": None, "s": None, "v": [3.0, 4.0]},
    ]
    assert len(request_rows({"n": np.arange(1000)}, ["n"])) == 200
    assert request_rows({"n": np.arange(0)}, ["n"]) == []


def test_types_travel() -> None:
    types = {"a": Type(type="category", labels=("x", "y")), "b": Type(type="number", optional=True)}
    question = Question(rows=[], types=types, seconds=1.0, scratch="s")
    assert msgspec.json.decode(msgspec.json.encode(question), type=Question) == question
