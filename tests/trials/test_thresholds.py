"""Thresholds of labels: what is best on the rows given, judged without the rows they are learnt from."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton import plugins
from smeaton.metrics._intervals import mean
from smeaton.runtime.ops.labels import choose
from smeaton.runtime.program import Program, Step
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.trials.thresholds import (
    FEWEST,
    METRICS,
    THRESHOLD_FILE,
    Marked,
    applied,
    fit,
    learn,
    marked,
    read_thresholds,
    takes_thresholds,
    wants,
    with_thresholds,
)

LABELS = ("a", "b", "c", "d")
TASK = Task(data=Data(), output={"tags": Type(type="list", of=Type(type="category", labels=LABELS))})


def rows(count: int, seed: int = 0) -> Marked:
    """Well calibrated probabilities of labels that are ever rarer."""
    rng = np.random.default_rng(seed)
    chance = rng.beta([2.0, 1.0, 0.6, 0.3], [2.0, 3.0, 5.0, 9.0], (count, 4))
    return Marked(chance, rng.random((count, 4)) < chance, np.ones(count))


def value(metric: str, part: Marked, thresholds: Any) -> float:
    judge = plugins.load("metrics", metric)
    answers = {"prediction": choose(part.chance, LABELS, "each", thresholds)}
    return mean(judge, judge.rows(answers, part.truth.astype(np.int8), LABELS), part.weight)


def own(part: Marked) -> list[int]:
    """The labels with rows enough for a threshold of their own."""
    found = np.flatnonzero(part.truth.sum(axis=0) >= FEWEST).tolist()
    assert len(found) >= 2
    return list(found)


@pytest.mark.parametrize("metric", METRICS)
def test_they_beat_a_half_on_rows_they_were_not_learnt_from(metric: str) -> None:
    found, shared = fit(rows(2_000), metric)
    assert shared == 0
    fresh = rows(4_000, seed=1)
    assert value(metric, fresh, found) > value(metric, fresh, 0.5) - 0.002
    if metric == "macro_f1":
        assert value(metric, fresh, found) > value(metric, fresh, 0.5) + 0.05
        assert found[3] < 0.4, "a rare label wants a lower cut"


def test_macro_f1_is_the_best_there_is_for_each_label() -> None:
    part = rows(90, seed=4)
    found, _ = fit(part, "macro_f1")
    best = value("macro_f1", part, found)
    for label in own(part):
        for cut in np.linspace(0.0, 1.0, 201):
            other = [*found]
            other[label] = float(cut)
            assert value("macro_f1", part, other) <= best + 1e-12


@pytest.mark.parametrize("metric", METRICS)
def test_no_single_change_improves(metric: str) -> None:
    part = rows(90, seed=5)
    found, _ = fit(part, metric)
    best = value(metric, part, found)
    for label in own(part):
        for cut in np.linspace(0.0, 1.0, 51):
            assert value(metric, part, [*found[:label], float(cut), *found[label + 1 :]]) <= best + 1e-12


def test_few_rows_share_one_and_it_is_said() -> None:
    part = rows(400)
    part.truth[:, 2] = False
    part.truth[:3, 2] = True
    cuts = learn([part, part, part], [], "macro_f1")
    assert cuts.shared == 1
    assert cuts.note == f"1 of 4 labels have fewer than {FEWEST} rows: they share one threshold"
    assert learn([rows(400)] * 3, [], "macro_f1").note == ""


def test_a_fold_is_judged_without_its_own_rows() -> None:
    parts = [rows(200, seed) for seed in range(3)]
    before = learn(parts, [], "micro_f1")
    assert before.judges[1] == fit(Marked(*(np.concatenate(p) for p in _columns(parts[0], parts[2]))), "micro_f1")[0]
    turned = [parts[0], Marked(parts[1].chance, ~parts[1].truth, parts[1].weight), parts[2]]
    after = learn(turned, [], "micro_f1")
    assert after.judges[1] == before.judges[1]
    assert after.judges[0] != before.judges[0]


def _columns(*parts: Marked) -> list[tuple[Array, ...]]:
    return list(zip(*((part.chance, part.truth, part.weight) for part in parts), strict=True))


def test_one_fold_learns_from_its_stop_rows_alone() -> None:
    held, stop = rows(100), rows(300, seed=2)
    cuts = learn([held], [stop], "macro_f1")
    assert cuts.judges == [cuts.ships] == [fit(stop, "macro_f1")[0]]
    assert learn([held], [None], "macro_f1").judges == [[0.5] * 4], "nothing may be learnt from rows a fit has seen"


def test_applied_and_written_into_the_program_say_the_same(tmp_path: Path) -> None:
    chance = rows(50).chance
    errors = object_column([None] * 49 + ["no"])
    given = {"probability": chance, "prediction": object_column([["d"]] * 50), "error": errors}
    cuts = [0.1, 0.2, 0.3, 0.4]
    said = applied(given, cuts, TASK)["prediction"]
    assert said.tolist() == [*choose(chance[:49], LABELS, "each", cuts).tolist(), ["d"]]
    step = Step(
        op="labels", inputs=("probability",), outputs=("prediction",), args={"labels": [*LABELS], "rule": "each"}
    )
    program = Program(inputs=("x",), steps=(step,), outputs=("prediction",))
    assert takes_thresholds(program)
    assert with_thresholds(program, cuts).steps[0].args["thresholds"] == cuts
    assert not takes_thresholds(Program(inputs=("x",), steps=(), outputs=("prediction",)))
    stored = learn([rows(100)] * 2, [], "macro_f1")
    (tmp_path / THRESHOLD_FILE).write_bytes(msgspec.json.encode(stored))
    assert read_thresholds(tmp_path) == stored
    assert read_thresholds(tmp_path / "other") is None


def test_which_tasks_want_them() -> None:
    assert wants(TASK, "micro_f1")
    assert not wants(TASK, "log_loss")
    assert not wants(TASK, "hamming"), "a half is best already"
    one = Task(data=Data(), output={"y": Type(type="category", labels=LABELS)})
    assert not wants(one, "macro_f1")


def test_rows_that_cannot_teach_are_left_out() -> None:
    part = rows(30)
    part.chance[3] = np.nan
    weight = np.ones(30)
    weight[5] = 0
    found = marked({"probability": part.chance}, part.truth.astype(np.int8), weight)
    assert len(found.weight) == 28
    assert len(marked({"probability": np.full((30_000, 2), 0.5)}, np.zeros((30_000, 2)), None).weight) == 20_000
