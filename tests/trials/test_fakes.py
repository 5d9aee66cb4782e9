"""The fake families go from fit to measurement: what has state or talks to others is tried like the rest."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.errors import OutOfMoney
from smeaton.llm.ledger import Ledger
from smeaton.task.arrays import open_table
from smeaton.task.table import object_column
from smeaton.task.types import Type
from smeaton.trials.evaluate import evaluate
from smeaton.trials.job import run_job
from smeaton.trials.measure import measure
from smeaton.trials.record import Candidate
from smeaton.trials.results import read_fit
from smeaton.trials.ship import assemble

FAKES = """
from smeaton.testing.fakes import Cascade, Chat, Index
chat = Chat(price=0.0001, faults={"row3": "fail", "row4": "nonsense"})
index = Index()
cascade = Cascade(chat=chat)
"""


def prepared(build: Any) -> Any:
    made = build(external=True, folds=2, rows=120)
    Path(made.task.folder, "fakes.py").write_text(FAKES)
    truth = made.dataset.target
    words = [f"{('sad', 'happy')[code]} words row{number}" for number, code in enumerate(truth)]
    task = made.task.with_(
        inputs={"body": Type(type="text")}, solutions=made.task.solutions.__class__(add=("fakes.py:chat",))
    )
    made.dataset = replace(made.dataset, task=task, table={"body": object_column(words)})
    made.dataset.save(made.root / "data")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chat", "index", "cascade"])
def test_from_fit_to_measurement(build: Any, tmp_path: Path, name: str) -> None:
    made = prepared(build)
    path = tmp_path / "ledger.db"
    ledger = Ledger(path, cap=1.0)
    candidate = Candidate(family=f"fakes.py:{name}")
    paid = name != "index"
    for number in range(2):
        run_job(made.job(candidate, number, ledger=str(path) if paid else ""), lambda step, score: None)
    trial = evaluate(made.root, candidate, 1.0, 0, made.dataset, made.folds, "accuracy", 1.0)
    assert trial.score is not None
    assert trial.score.value > 0.9
    assert not trial.calibrated
    assert trial.parity is None
    assert trial.money == pytest.approx(ledger.used)
    oof = open_table(made.root / trial.folder / "oof")
    assert sorted(oof["row"].tolist()) == list(range(120))
    if name == "chat":
        failed = {int(row) for row, error in zip(oof["row"], oof["error"], strict=True) if error is not None}
        assert failed == {3, 4}
        assert trial.score.value <= 118 / 120
        assert trial.money > 0
    fit = read_fit(made.root / trial.folder, 0)
    assert fit.effect == ("external" if paid else "state")
    shipped = assemble(made.root, trial, made.task, tmp_path / "out")
    assert shipped.kind == "fold"
    assert shipped.parity is None
    rows = {"body": object_column([f"sad fresh {number}" for number in range(20)])}
    if name == "chat":
        with pytest.raises(OutOfMoney):
            measure(tmp_path / "out", made.dataset.task, rows, seconds=0.1)
    cost = measure(tmp_path / "out", made.dataset.task, rows, seconds=0.1, ledger=path if paid else None)
    assert 0 < cost.p50 <= cost.p95
    if name == "chat":
        assert cost.cost_per_1k is not None
        assert cost.cost_per_1k == pytest.approx(0.1, rel=0.2)
    assert np.isfinite(cost.p95)
    ledger.close()
