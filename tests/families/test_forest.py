"""Forests: the program answers as the trees, fits repeat themselves and keep their time, sizes are chosen."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import as_program, make_fold, make_profile, make_rows, make_run, make_task, strange_rows

from smeaton import plugins
from smeaton.errors import InputError
from smeaton.families import Refusal
from smeaton.families._grove import Seed, mean_of, most_leaves, sizes_of
from smeaton.families.forest import DEFAULTS
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table

FAST = {"trees": 8, "texts": "none"}
KINDS = ("binary", "4", "number")


def fit(kind: str, config: dict[str, Any], folder: Path, rows: int = 300, seconds: float = 60.0, **more: Any) -> Any:
    fold, y = make_fold(rows, kind, weights=kind == "4")
    run = make_run(folder, seconds=seconds)
    run.threads = more.pop("threads", 1)
    run.other_folds = more.pop("other_folds", {})
    task = make_task(kind, **more)
    return plugins.load("families", "forest").fit(task, FAST | config, fold, run), task, fold, y


def values(answers: Table) -> Array:
    found: Array = answers[PROBABILITY if PROBABILITY in answers else PREDICTION]
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "config", [{}, {"kind": "random", "encode": "onehot", "derive": ["counts"]}, {"texts": "scores", "trees": 4}]
)
def test_the_program_answers_as_the_model(kind: str, config: dict[str, Any], tmp_path: Path) -> None:
    model, task, fold, y = fit(kind, config, tmp_path)
    engine = as_program(model, task, tmp_path / "program")
    for rows in (fold.held, strange_rows(fold.held, task)):
        mine, program = values(model.predict(rows)), values(engine.predict(rows))
        assert (np.abs(mine - program) / np.maximum(1.0, np.abs(mine))).max() <= 1e-9
    answers = values(model.predict(fold.held))
    if kind == "number":
        assert np.sqrt(np.square(answers - y).mean()) < 0.9 * y.std()
    else:
        assert np.allclose(answers.sum(axis=1), 1.0)
        assert (answers > 0).all()
        assert -np.log(answers[np.arange(len(y)), y]).mean() < 0.95 * np.log(answers.shape[1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_fit_gives_the_same_bits_on_any_threads(kind: str, tmp_path: Path) -> None:
    answers = []
    for threads in (1, 2):
        model, _, fold, _ = fit(kind, {"kind": "random"}, tmp_path, threads=threads)
        model.export(tmp_path / str(threads))
        answers.append(values(model.predict(fold.held)).tobytes())
    assert answers[0] == answers[1]
    models = [(tmp_path / str(threads) / "model.onnx").read_bytes() for threads in (1, 2)]
    assert models[0] == models[1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_time_still_gives_a_model_that_can_be_repeated(kind: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    cut, _, fold, _ = fit(kind, {"trees": 500}, tmp_path, seconds=1e-6)
    assert time.monotonic() - begun < 3
    assert (cut.steps, "the clock ended it" in cut.note) == (1, True)
    again, _, _, _ = fit(kind, {"trees": 500, "_steps": cut.steps}, tmp_path)
    assert values(cut.predict(fold.held)).tobytes() == values(again.predict(fold.held)).tobytes()


def test_a_fit_that_ends_by_itself_says_so(tmp_path: Path) -> None:
    model, _, _, _ = fit("binary", {}, tmp_path)
    assert (model.steps, model.note, len(model.grown.trees)) == (0, "", 8)


def test_a_refit_learns_from_the_stop_rows_with_the_size_found(tmp_path: Path) -> None:
    plain, _, fold, _ = fit("number", {}, tmp_path)
    again, _, _, _ = fit("number", {"refit": True}, tmp_path, other_folds={1: fold.stop.y})
    assert again.grown.weight[0] == len(fold.train) + len(fold.stop)
    assert (again.cut.least, again.cut.shrinkage) == (plain.cut.least, plain.cut.shrinkage)
    assert again.refit == {"_steps": 8, "least": plain.cut.least, "shrinkage": plain.cut.shrinkage}


def test_absolute_errors_are_answered_by_medians(tmp_path: Path) -> None:
    config = {"trees": 1, "least": 60.0}
    model, _, fold, _ = fit("number", config, tmp_path, metric="mae")
    grown, cut = model.grown, model.cut
    matrix = model.columns.matrix(model.encode(fold.train.x))
    scores, y = model.scores(matrix)[:, 0], model.ending.start(fold.train.y)
    ends = grown.grove.leaves(cut.splits)
    assert len(ends) > 1
    assert set(scores.tolist()) <= set(cut.values[ends, 0].tolist()) <= set(y.tolist())


def test_weighted_medians() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    y, weight = rng.normal(size=60), rng.uniform(0.1, 2, 60)
    grown = Seed(x, y, weight, 0, DEFAULTS | {"trees": 2}, 0, 1).grow(2, np.inf)
    cut = grown.medians(grown.cut(15.0, 0.0), leaves := grown.leaves(x), y, weight)
    for ends in cut.owner[leaves].T:
        for leaf in np.unique(ends):
            own = np.flatnonzero(ends == leaf)
            order = own[np.argsort(y[own])]
            half = np.searchsorted(np.cumsum(weight[order]), 0.5 * weight[order].sum())
            assert cut.values[leaf, 0] == y[order[half]]


def test_cutting_and_shrinking() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 3)).astype(np.float32)
    y = x[:, 0].astype(np.float64)
    grown = Seed(x, y, None, 0, DEFAULTS | {"trees": 3}, 0, 1).grow(3, np.inf)
    leaves = grown.leaves(x)
    assert np.allclose(grown.cut(1.0, 0.0).values[leaves, 0], y[:, None])  # grown to the end
    some = grown.cut(30.0, 0.0)
    ends = some.owner[leaves]
    assert np.isin(ends, grown.grove.leaves(some.splits)).all()
    assert np.allclose(mean_of(some, leaves)[:, 0], some.values[ends, 0].mean(axis=1))
    assert (grown.weight[some.splits] >= 30).all()
    for tree in range(3):  # a leaf answers with the mean of its rows
        for leaf in np.unique(ends[:, tree]):
            assert np.isclose(some.values[leaf, 0], y[ends[:, tree] == leaf].mean())
    flat = grown.cut(30.0, 1e12)
    assert np.allclose(mean_of(flat, leaves), y.mean(), atol=1e-6)


def test_many_rows_are_kept_small() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 2)).astype(np.float32)
    y = rng.integers(0, 60, 400)
    given = DEFAULTS | {"trees": 30}
    grown = Seed(x, y, None, 60, given, 0, 1).grow(30, np.inf)
    sizes = sizes_of(grown, given, False)
    assert sizes
    for least, _ in sizes:
        assert len(grown.grove.leaves(grown.cut(least, 0.0).splits)) <= most_leaves(60)


def test_codes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="category codes"):
        fit("binary", {"encode": "codes"}, tmp_path)


def test_what_it_tries_and_when_not() -> None:
    part = plugins.load("families", "forest")
    rows = make_rows(200, "number")
    task = make_task("number")
    space = part.space(task, make_profile(200, task, rows.y))
    assert [start["kind"] for start in space.starts] == ["extra", "random"]
    assert all(start["encode"] == "target" and start["texts"] == "scores" for start in space.starts)
    many = make_task("101")
    refused = part.space(many, make_profile(200, many, np.arange(101)))
    assert isinstance(refused, Refusal)
    assert "101" in refused.why
