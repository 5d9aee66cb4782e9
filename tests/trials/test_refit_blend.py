"""A blend's members are fitted again on all rows, as many as there is time for, and put together with their weights."""

import time
from pathlib import Path

import numpy as np
import pytest
from tests.flow.test_refit import TASK, write_sales

import smeaton
from smeaton.data.dataset import Dataset
from smeaton.errors import ProgramError
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program
from smeaton.task.profile import Profile
from smeaton.task.table import PREDICTION, Array, Table, take
from smeaton.trials.again import home_of
from smeaton.trials.attempt import trial_folder
from smeaton.trials.clock import Clock
from smeaton.trials.executors.local import LocalExecutor
from smeaton.trials.refit_blend import PARTS, members_again, parts_of
from smeaton.trials.results import PROGRAM, read_fit
from smeaton.trials.setup import Setup
from smeaton.trials.store import Store

pytestmark = pytest.mark.slow


def test_members_are_fitted_again_and_weighed_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sales(tmp_path)
    own, several = 'only: [baseline], add: ["quick.py:quick"]', "only: [linear, boosting, blend]"
    assert own in TASK
    only = TASK.replace(own, several).replace("time: 60s", "time: 20s")
    (tmp_path / "smeaton.yaml").write_text(only, encoding="utf-8")
    smeaton.build(tmp_path)
    root = next(path.parent for path in (tmp_path / ".smeaton").glob("*/trials"))
    with Store(root) as store:
        plan, trials = store.plan(), store.trials()
    assert plan is not None
    blend = next(one for one in trials if one.candidate.family == "blend" and one.state == "done")
    fit = read_fit(trial_folder(root, blend.key), 0)
    parts = parts_of(root, fit.refit or {}, plan)
    assert {part.key: part.weight for part in parts} == (fit.refit or {})[PARTS]
    dataset = Dataset.open(root / "data")
    profile, clock = Profile(rows=480, columns=()), Clock(600.0, time.monotonic())
    setup = Setup(dataset.task, profile, dataset, root, {}, {}, 0, clock, "rmse")
    executor = LocalExecutor()
    executor.start(tmp_path / "log", lambda line: None)
    try:
        none, said = members_again(setup, executor, (blend, fit, parts), 0.0, None)
        assert none is None
        assert "no time" in said
        one, _ = members_again(setup, executor, (blend, fit, parts), 300.0, [parts[0].key])
        monkeypatch.setattr("smeaton.trials.refit_blend.average", off)
        apart, why = members_again(setup, executor, (blend, fit, parts), 300.0, None)
        assert apart is None
        assert "could not be put together: too large" in why
        monkeypatch.undo()
        every, _ = members_again(setup, executor, (blend, fit, parts), 300.0, None)
    finally:
        executor.close()
    assert one is not None
    assert every is not None
    trial, facts, again = every
    assert len(one[2]) == 1
    assert len(again) == sum(part.seconds > 0 for part in parts)
    assert one[0].key != trial.key
    assert trial.estimated_from == blend.key
    assert facts.parity is not None
    assert facts.parity <= 1e-9
    rows = take(dataset.table, np.arange(40))
    before = answers(trial_folder(root, blend.key) / "fold0" / PROGRAM, rows)
    after = answers(home_of(root, trial) / PROGRAM, rows)
    partly = answers(home_of(root, one[0]) / PROGRAM, rows)
    assert not np.array_equal(after, before)
    assert not np.array_equal(after, partly) or len(again) == 1
    truth = np.asarray(dataset.target[:40])
    assert np.abs(after - truth).mean() < np.abs(np.mean(truth) - truth).mean()


def answers(folder: Path, rows: Table) -> Array:
    with Engine(open_program(folder), folder) as engine:
        return np.asarray(engine.predict(rows)[PREDICTION])


def off(*parts: object) -> None:
    raise ProgramError("too large")
