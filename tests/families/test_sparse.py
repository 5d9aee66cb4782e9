"""Linear models on few columns: what has no weight leaves the program, which answers the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import as_program, make_fold, make_run, make_task, strange_rows

from smeaton import plugins
from smeaton.families._solver import Limits, Problem, Solution, solve
from smeaton.families._sparse import keep, narrow_design, thin, used
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table


def problem(rows: int = 300, columns: int = 40) -> Problem:
    """Two of many columns matter."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, columns))
    y = x[:, 3] - 2 * x[:, 7] + 0.5 * rng.normal(size=rows)
    return Problem(x, None, y, np.ones(rows), "squares", 1)


def values(answers: Table) -> Array:
    found: Array = answers[PROBABILITY if PROBABILITY in answers else PREDICTION]
    return found


def test_columns_that_matter_are_found() -> None:
    own = problem()
    best = solve(own, (1e-3,), lambda weights, bias: 0.0, Limits(np.inf, None))

    def judge(weights: Array, bias: Array) -> float:
        return float(np.square(own.scores(weights, bias)[:, 0] - own.y).mean())

    best = Solution(best.weights, best.bias, best.penalty, judge(best.weights, best.bias))
    assert used(best) == 40
    two = keep(own, best, 2, Limits(np.inf, None))
    assert np.flatnonzero(two.weights[:, 0]).tolist() == [3, 7]
    few = thin(own, best, lambda weights, bias: judge(weights, bias) * (1 + used_of(weights) / 1e4), 5.0, free())
    assert used(few) < 40
    assert (few.weights[[3, 7]] != 0).all()
    none = thin(own, best, judge, best.score, free())  # nothing may be lost, and these are the rows it was fitted on
    assert none is best


def used_of(weights: Array) -> int:
    return int((weights != 0).sum())


def free() -> Limits:
    return Limits(np.inf, None)


@pytest.mark.parametrize("kind", ["binary", "4", "number"])
@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_program_answers_as_the_model(kind: str, count: int, tmp_path: Path) -> None:
    task = make_task(kind)
    fold, _ = make_fold(400, kind)
    run = make_run(tmp_path)
    run.other_folds = {1: fold.stop.y}
    fit = plugins.load("families", "linear").fit
    model: Any = fit(task, {"knots": 5, "sparse": count, "refit": True}, fold, run)
    assert used_of(model.plain.weights.any(axis=1)) + used_of(model.ramps.any(axis=1)) <= count
    engine = as_program(model, task, tmp_path / "program")
    for rows in (fold.held, strange_rows(fold.held, task)):
        mine, program = values(model.predict(rows)), values(engine.predict(rows))
        assert (np.abs(mine - program) / np.maximum(1.0, np.abs(mine))).max() <= 1e-9
    whole: Any = fit(task, {"knots": 5}, fold, run)
    whole.export(tmp_path / "whole")
    sizes = [(tmp_path / name / "model.onnx").stat().st_size for name in ("program", "whole")]
    assert sizes[0] < sizes[1]


def test_a_sparse_model_says_nothing_else_on_the_same_rows_twice(tmp_path: Path) -> None:
    task = make_task("4")
    fold, _ = make_fold(400, "4")
    fit = plugins.load("families", "linear").fit
    one, other = (fit(task, {"knots": 8, "sparse": True}, fold, make_run(tmp_path)) for _ in range(2))
    assert values(one.predict(fold.held)).tobytes() == values(other.predict(fold.held)).tobytes()
    cut: Any = fit(task, {"knots": 8, "sparse": True}, fold, make_run(tmp_path, seconds=1e-6))
    assert cut.steps > 0
    again = fit(task, {"knots": 8, "sparse": True, "_steps": cut.steps}, fold, make_run(tmp_path))
    assert values(cut.predict(fold.held)).tobytes() == values(again.predict(fold.held)).tobytes()


def test_what_has_no_weight_is_forgotten(tmp_path: Path) -> None:
    task = make_task("number")
    fold, _ = make_fold(400, "number")
    model: Any = plugins.load("families", "linear").fit(task, {}, fold, make_run(tmp_path))
    design = model.plain.design
    numbers, categories, words = design.widths
    weights = np.zeros((numbers + categories + words, 1))
    assert narrow_design(design, weights)[0] is design
    weights[numbers + 1] = 1.0
    narrow, left = narrow_design(design, weights)
    assert (narrow.numbers, narrow.texts, left.tolist()) == (None, {}, [[1.0]])
    assert narrow.vocabulary.columns == ((design.vocabulary.columns[0][1],),)
    weights[-1] = 2.0
    narrow, left = narrow_design(design, weights)
    assert narrow.widths == (0, 1, words)
    assert (left[0, 0], left[-1, 0]) == (1.0, 2.0)
