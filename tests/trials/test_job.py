"""One job: exported, proved, answered by the program, whole or not at all, and paid for only from the ledger."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton import plugins
from smeaton.data.split import save_folds
from smeaton.errors import OutOfMoney, ProgramError, SmeatonError
from smeaton.llm.ledger import Ledger
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program
from smeaton.runtime.program import Program, Step
from smeaton.task.arrays import open_table
from smeaton.task.table import Table, object_column
from smeaton.trials import job as module
from smeaton.trials.job import run_job
from smeaton.trials.record import Candidate
from smeaton.trials.results import RESULT_FILE

PRICE = 0.001


class ScriptedOp:
    """An external op: each row costs; every fifth answer is none."""

    effect = "external"

    def load(self, step: Step, files: Path, state: object) -> Any:
        def answer(columns: Table, call: Call) -> Mapping[str, Any]:
            assert call.purse is not None
            found = []
            for number, value in enumerate(columns["amount"].tolist()):
                call.purse.settle(call.purse.reserve(PRICE, "a call"), PRICE)
                found.append(None if number % 5 == 0 else value > call.seed / 1000)
            errors = [None if value is not None else "no answer" for value in found]
            return {"prediction": object_column(found), "error": object_column(errors)}

        return answer


class Prompt:
    """A family whose program is one external step; fitting does nothing."""

    def fit(self, task: Any, config: Any, fold: Any, run: Any) -> Any:
        return self

    def predict(self, rows: Table) -> Table:
        raise AssertionError("an external program is not asked twice")

    def export(self, folder: Path) -> Program:
        step = Step(
            op="scripted", inputs=("amount",), outputs=("prediction", "error"), args={"host": "chat", "price": PRICE}
        )
        return Program(inputs=("amount",), steps=(step,), outputs=("prediction", "error"))


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = plugins.load
    parts = {("ops", "scripted"): ScriptedOp(), ("families", "prompt"): Prompt()}
    monkeypatch.setattr(plugins, "load", lambda kind, name: parts.get((kind, name)) or real(kind, name))
    module._opened.cache_clear()


def quiet(step: int, score: float) -> None:
    pass


@pytest.mark.parametrize("family", ["baseline", "linear", "boosting"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "number"])
def test_a_full_fit_is_exported_and_proved(build: Any, kind: str, family: str) -> None:
    made = build(kind)
    job = made.job(Candidate(family=family), 1)
    result = run_job(job, quiet)
    out = Path(job.out)
    assert result.effect == "pure"
    assert result.parity is not None
    assert result.parity <= 1e-9
    assert result.parity_rows > len(made.folds[1].held)
    assert result.mergeable
    assert result.size > 0
    assert 0 < result.fit_seconds < result.seconds
    assert sorted(path.name for path in out.iterdir()) == ["held", "program", "result.json", "seal.json", "stop"]
    program = open_program(out / "program")
    with Engine(program, out / "program") as engine:
        for side, rows in (("held", made.folds[1].held), ("stop", made.folds[1].stop)):
            stored = open_table(out / side)
            again = engine.predict({name: column[rows] for name, column in made.dataset.table.items()})
            assert stored.keys() == again.keys()
            assert all(np.array_equal(stored[name], again[name]) for name in stored)


def test_a_finished_job_is_not_done_again(build: Any) -> None:
    made = build()
    job = made.job(Candidate(family="baseline"))
    first = run_job(job, quiet)
    changed = Path(job.out, RESULT_FILE).stat().st_mtime_ns
    assert run_job(job, quiet) == first
    assert Path(job.out, RESULT_FILE).stat().st_mtime_ns == changed


def test_the_same_job_gives_the_same_bits(build: Any, tmp_path: Path) -> None:
    made = build(rows=600)
    candidate = Candidate(family="boosting")
    one, two = made.job(candidate), made.job(candidate, out=str(tmp_path / "again"))
    run_job(one, quiet)
    run_job(two, quiet)
    files = [path for path in Path(one.out).rglob("*") if path.is_file()]
    assert any(path.suffix == ".onnx" for path in files)
    for path in files:
        if path.name not in (RESULT_FILE, "seal.json"):  # the one has times, the other its digest
            assert path.read_bytes() == Path(two.out, path.relative_to(one.out)).read_bytes(), path


def test_rows_prepared_anew_are_seen_and_stop_rows_may_be_none(build: Any) -> None:
    made = build()
    run_job(made.job(Candidate(family="baseline")), quiet)
    index = made.folds[0]
    alone = replace(index, train=np.concatenate([index.train, index.stop]), stop=index.stop[:0])
    save_folds([alone], made.root / "data")
    job = made.job(Candidate(family="baseline"), seed=1, out=str(made.root / "trials" / "again" / "fold0"))
    assert run_job(job, quiet).rows == len(alone.train)
    assert len(open_table(Path(job.out, "stop"))["prediction"]) == 0


def test_what_a_killed_worker_left_is_swept(build: Any) -> None:
    made = build()
    job = made.job(Candidate(family="baseline"))
    left, half = Path(job.out + ".tmp-1"), Path(job.out, "held")
    left.mkdir(parents=True)
    half.mkdir(parents=True)
    run_job(job, quiet)
    assert not left.exists()
    assert Path(job.out, RESULT_FILE).exists()


def test_a_program_that_answers_differently_is_thrown_away(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build("number")
    real = plugins.load("families", "baseline")

    class Off:
        def fit(self, *given: Any) -> Any:
            fitted = real.fit(*given)
            honest = fitted.predict
            fitted.predict = lambda rows: {"prediction": honest(rows)["prediction"] + 2e-9}
            return fitted

    load = plugins.load
    monkeypatch.setattr(plugins, "load", lambda kind, name: Off() if name == "off" else load(kind, name))
    job = made.job(Candidate(family="off"))
    with pytest.raises(SmeatonError, match="differs from the fitted model by 2e-09 on held-out rows"):
        run_job(job, quiet)
    assert list(Path(job.out).parent.iterdir()) == []


def test_held_out_targets_stay_outside(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build()
    seen: list[Any] = []

    class Nosy:
        def fit(self, task: Any, config: Any, fold: Any, run: Any) -> Any:
            seen.append((fold, run))
            raise ProgramError("enough")

    load = plugins.load
    monkeypatch.setattr(plugins, "load", lambda kind, name: Nosy() if name == "nosy" else load(kind, name))
    with pytest.raises(ProgramError, match="enough"):
        run_job(made.job(Candidate(family="nosy"), 1), quiet)
    fold, run = seen[0]
    assert set(fold.train.index) | set(fold.stop.index) == set(range(300)) - set(fold.held_index)
    assert set(run.other_folds) == {0, 2}
    assert run.purse is None
    assert not any(np.shares_memory(column, made.dataset.target) for column in fold.held.values())


@pytest.mark.usefixtures("scripted")
def test_external_programs_are_paid_from_the_ledger(build: Any, tmp_path: Path) -> None:
    made = build(external=True)
    ledger = Ledger(tmp_path / "ledger.db", cap=1.0)
    job = made.job(Candidate(family="prompt"), ledger=str(tmp_path / "ledger.db"), repeats=3)
    result = run_job(job, quiet)
    rows = len(made.folds[0].held)
    assert result.effect == "external"
    assert result.money == pytest.approx(3 * rows * PRICE)
    assert ledger.used == pytest.approx(result.money)
    assert not result.mergeable
    assert result.parity is None
    tables = [open_table(Path(job.out, name)) for name in ("held", "held-1", "held-2")]
    assert [sum(error is not None for error in table["error"]) for table in tables] == [rows // 5] * 3
    ledger.close()


@pytest.mark.usefixtures("scripted")
def test_money_is_never_overspent(build: Any, tmp_path: Path) -> None:
    made = build(external=True)
    ledger = Ledger(tmp_path / "ledger.db", cap=10.5 * PRICE)
    with pytest.raises(OutOfMoney):
        run_job(made.job(Candidate(family="prompt"), ledger=str(tmp_path / "ledger.db")), quiet)
    assert ledger.used == pytest.approx(10 * PRICE)
    assert not list((made.root / "trials").rglob("fold*"))
    ledger.close()


@pytest.mark.usefixtures("scripted")
def test_nothing_external_runs_unasked(build: Any, tmp_path: Path) -> None:
    made = build()
    with pytest.raises(OutOfMoney, match="no money was set aside"):
        run_job(made.job(Candidate(family="prompt")), quiet)
    Ledger(tmp_path / "ledger.db", cap=1.0).close()
    with pytest.raises(ProgramError, match="the task does not allow"):
        run_job(made.job(Candidate(family="prompt"), ledger=str(tmp_path / "ledger.db")), quiet)


def test_a_cheaper_try_needs_no_program(build: Any) -> None:
    made = build()
    job = made.job(made.user("good", share=3.0), fidelity=0.25)
    steps: list[tuple[int, float]] = []
    start = time.monotonic()
    result = run_job(job, lambda step, score: steps.append((step, score)))
    assert result.seconds <= time.monotonic() - start
    assert [step for step, _ in steps] == [1, 2, 3]
    assert sorted(path.name for path in Path(job.out).iterdir()) == ["held", "result.json", "seal.json", "stop"]
