"""Checks run in a process of their own: whatever they do, they pass or fail with a reason."""

from pathlib import Path

import numpy as np
import pytest

from smeaton import plugins
from smeaton.errors import ProgramError, TaskError
from smeaton.metrics._check_process import outcome
from smeaton.metrics._checking import PATIENCE, run_checks
from smeaton.metrics._intervals import mean
from smeaton.task.table import object_column

CODE = """
import os, sys, time

def polite(row, answer):
    return "please" in answer, f"no please to {row['name']}"

def short(row, answer):
    return len(answer) < 20

def prints(row, answer):
    print("a line that is no reply", flush=True)
    row["name"] = "changed"
    return True

def unchanged(row, answer):
    return row["name"] != "changed"

def raises(row, answer):
    raise ValueError("no idea")

def leaves(row, answer):
    sys.exit(3)

def number(row, answer):
    return 1

def hangs(row, answer):
    while answer == "hang":
        pass
    return True

def dies(row, answer):
    if answer == "die":
        os._exit(7)
    return True

nothing = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checks.py").write_text(CODE)
    return tmp_path


def run(folder: Path, names: str, answers: list[str], errors: list[str | None] | None = None, seconds: float = 5.0):
    checks = [f"checks.py:{name}" for name in names.split()]
    rows = [{"name": f"row {number}"} for number in range(len(answers))]
    return run_checks(folder, checks, rows, answers, errors or [None] * len(answers), seconds=seconds)


def test_each_check_says_its_own_of_each_row(folder: Path) -> None:
    found = run(folder, "polite short", ["please", "no", "please " * 9, "please"], [None, None, None, "timed out"])
    assert found.passed.tolist() == [[1, 1], [0, 1], [1, 0], [0, 0]]
    assert found.reasons == ("", "polite: no please to row 1", "short: failed", "not answered: timed out")


def test_what_goes_wrong_in_a_check_is_a_failed_check_with_its_reason(folder: Path) -> None:
    found = run(folder, "prints unchanged raises leaves number", ["a", "b"])
    assert found.passed.tolist() == [[1, 1, 0, 0, 0]] * 2
    assert found.reasons == ("raises: raised ValueError: no idea",) * 2
    assert "SystemExit" in run(folder, "leaves", ["a"]).reasons[0]
    assert "returned 1, not True" in run(folder, "number", ["a"]).reasons[0]


def test_a_check_that_hangs_or_dies_fails_and_the_others_go_on(folder: Path) -> None:
    found = run(folder, "short hangs dies polite", ["a", "hang", "die", "please"], seconds=0.6)
    assert found.passed.tolist() == [[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    assert found.reasons[1:] == ("hangs: took longer than 0.6 s", "dies: ended its process", "")


def test_a_check_that_always_dies_is_not_run_for_ever(folder: Path) -> None:
    found = run(folder, "dies short", ["die"] * (PATIENCE + 1))
    assert found.passed.tolist() == [[0, 1]] * (PATIENCE + 1)
    assert found.reasons[0] == "dies: ended its process"
    assert "not run" in found.reasons[-1]


@pytest.mark.parametrize(("name", "words"), [("nothing", "not a function"), ("shrt", "has no 'shrt'")])
def test_a_check_that_cannot_be_loaded_is_the_tasks_mistake(folder: Path, name: str, words: str) -> None:
    with pytest.raises(TaskError, match=words):
        run(folder, name, ["a"])


def test_reasons_are_cut_and_types_are_strict() -> None:
    line = b'{"row": {}, "answer": 1}'
    assert outcome(lambda row, answer: (False, "x" * 9_000), line) == (False, "x" * 500)
    for value in (None, "yes", np.True_, (1, "no"), (True, None), (True, "a", "b")):
        assert not outcome(lambda row, answer, value=value: value, line)[0]


def test_the_metric_is_the_share_of_rows_and_checks_that_passed() -> None:
    metric = plugins.load("metrics", "checks")
    answers = {"prediction": object_column(["a", "b"]), "checked": np.array([[1.0, 0.0], [1.0, 1.0]])}
    target = object_column([None, None])
    assert mean(metric, metric.rows(answers, target, ())) == 0.75
    assert metric.rows(answers, target, ()).mean(axis=0).tolist() == [1.0, 0.5]
    failed = answers | {"error": object_column([None, "late"])}
    assert mean(metric, metric.rows(failed, target, ())) == 0.25
    with pytest.raises(ProgramError, match="not checked"):
        metric.rows({"prediction": answers["prediction"]}, target, ())
