"""Weights of rows reach what every family for tables fits."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tables import make_fold, make_profile, make_run, make_task

from smeaton import plugins
from smeaton.data.fold import Rows
from smeaton.families import Space
from smeaton.families._parts import join_rows
from smeaton.task.table import PREDICTION, PROBABILITY, Array

#: XGBoost and CatBoost have a test like this beside them, for they may not be installed; `tfidf` reads texts.
NAMES = ("baseline", "linear", "boosting", "forest", "network")


def twice(rows: Rows, kind: str, heavy: float) -> Rows:
    """Every row with the lowest and with the highest answer, of which the second weighs `heavy`."""

    def answered(y: float, weight: float) -> Rows:
        values: Array = np.full(len(rows), y, dtype=rows.y.dtype)
        return replace(rows, y=values, weight=np.full(len(rows), weight))

    low, high = (0, 1) if kind == "binary" else (100, 900)
    return join_rows(answered(low, 1.0), answered(high, heavy))


@pytest.mark.parametrize("kind", ["number", "binary"])
@pytest.mark.parametrize("name", NAMES)
def test_heavy_rows_draw_the_answers(name: str, kind: str, tmp_path: Path) -> None:
    """All rows stand there with both answers: what is learnt is what their weights say."""
    task, family = make_task(kind), plugins.load("families", name)
    fold, _ = make_fold(150, kind)
    space = family.space(task, make_profile(150, task, fold.train.y))
    assert isinstance(space, Space)
    short = {key: 30 for key in ("rounds", "epochs", "trees") if key in space.starts[0]}
    answers = []
    for heavy in (1.0, 9.0):
        own = replace(fold, train=twice(fold.train, kind, heavy), stop=twice(fold.stop, kind, heavy))
        found = family.fit(task, {**space.starts[0], **short}, own, make_run(tmp_path)).predict(fold.held)
        column = found[PREDICTION] if kind == "number" else 100 + 800 * found[PROBABILITY][:, 1]
        answers.append(float(column.astype(np.float64).mean()))
    assert answers[0] == pytest.approx(500, abs=80)
    assert answers[1] == pytest.approx(820, abs=80)
