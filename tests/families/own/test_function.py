"""A function of rows stands on the board as it is, and ships only as trusted code."""

from pathlib import Path

import numpy as np
import pytest
from tables import make_fold, make_run, make_task

from smeaton.errors import SmeatonError, Unshippable
from smeaton.families._own import own_family
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY
from smeaton.task.task import Own, Solutions

NAME = "rules.py:answer"
CODES = {
    "binary": "def answer(rows):\n    return [bool(row['size'] > 0) for row in rows]\n",
    "4": "def answer(row):\n    return {'c0': 0.5, 'c3': 0.5} if row['city'] is None else 'c1'\n",
    "number": "def answer(row):\n    return 3 * row['size'] + (row['count'] or 0)\n",
}


@pytest.mark.parametrize("kind", CODES)
def test_it_answers_alike_on_the_board_and_in_a_bundle(kind: str, tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(CODES[kind])
    task = make_task(kind).with_(folder=str(tmp_path), solutions=Solutions(add=(NAME,), own={NAME: Own(trust=True)}))
    fold, _ = make_fold(60, kind)
    model = own_family(NAME, task).fit(task, {}, fold, make_run(tmp_path))
    folder = tmp_path / "program"
    folder.mkdir()
    program = model.export(folder)
    save_program(program, folder)
    assert program.files() == ("rules.py",)
    mine = model.predict(fold.held)
    with Engine(program, folder, types=task.input_types, trust=[NAME]) as engine:
        found = engine.run(fold.held)
    assert found[PREDICTION].tolist() == mine[PREDICTION].tolist()
    if kind == "number":
        assert np.allclose(found[PREDICTION], 3 * fold.held["size"] + fold.held["count"])
    elif kind == "4":
        assert {tuple(row) for row in found[PROBABILITY].tolist()} == {(0.5, 0.0, 0.0, 0.5), (0.0, 1.0, 0.0, 0.0)}
    else:
        assert found[PREDICTION].tolist() == (fold.held["size"] > 0).tolist()


def test_without_trust_it_never_ships(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(CODES["binary"])
    task = make_task("binary").with_(folder=str(tmp_path), solutions=Solutions(add=(NAME,)))
    fold, _ = make_fold(60, "binary")
    model = own_family(NAME, task).fit(task, {}, fold, make_run(tmp_path))
    with pytest.raises(Unshippable, match="a function: not compiled; ships only as trusted code"):
        model.export(tmp_path / "program")


def test_what_it_raises_is_said(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text("def answer(rows):\n    return rows[0]['nothing']\n")
    task = make_task("binary").with_(folder=str(tmp_path), solutions=Solutions(add=(NAME,)))
    fold, _ = make_fold(60, "binary")
    with pytest.raises(SmeatonError, match=r"rules.py:answer raised KeyError: 'nothing'"):
        own_family(NAME, task).fit(task, {}, fold, make_run(tmp_path)).predict(fold.held)
