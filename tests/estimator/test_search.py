"""A build in this process: what is tried, what is told, and what is left on disk."""

from pathlib import Path

import numpy as np
import pytest

from smeaton.data.dataset import Dataset, content_hash
from smeaton.errors import TaskError
from smeaton.estimator.search import Wish, search_here
from smeaton.task.task import Data, Solutions, Source, Task, TestShare
from smeaton.task.types import Type
from smeaton.trials.notice import Notice


def dataset(rows: int = 120, **terms: object) -> Dataset:
    x = np.random.default_rng(1).normal(size=rows)
    task = Task(
        name="model",
        data=Data(examples=Source(files=("memory",))),
        inputs={"x": Type(type="number", optional=True)},
        output={"y": Type(type="number")},
        test=TestShare(share=0),
        **terms,  # type: ignore[arg-type]
    )
    table = {"x": x}
    return Dataset(task, table, 3 * x + 1, hash=content_hash({**table, "y": x}))


def test_the_fixed_search_tries_first_starts_and_tells_of_them(tmp_path: Path) -> None:
    told: list[Notice] = []
    built = search_here(dataset(), Wish(tmp_path, budget=1, seed=0), told.append)
    assert {row.family for row in built.board.rows} == {"baseline", "linear", "boosting"}
    assert built.bundle == tmp_path / "model.bundle"
    assert (built.test, built.test_rows) == (None, 0)
    assert built.validation is not None
    assert next(notice for notice in told if notice.kind == "plan").text.startswith("120 rows: a fixed search")
    assert {notice.data["better"] for notice in told if notice.kind == "trial" and "better" in notice.data} == {"lower"}
    measured = [row for row in built.board.rows if row.cost is not None]
    assert [row.key for row in measured] == [built.board.winner], "only what ships is measured"
    assert measured[0].cost is not None
    assert measured[0].cost.memory is None, "what a program holds is not known in a process that holds other things"


def test_few_rows_get_no_trees_and_folds_of_their_own(tmp_path: Path) -> None:
    built = search_here(dataset(8), Wish(tmp_path, budget=60, seed=0), lambda notice: None)
    assert {row.family for row in built.board.rows} == {"baseline", "linear"}
    assert built.seconds < 60


def test_an_equal_search_goes_on_where_it_stopped(tmp_path: Path) -> None:
    wish = Wish(tmp_path, budget=1, seed=0)
    first = search_here(dataset(), wish, lambda notice: None)
    told: list[Notice] = []
    again = search_here(dataset(), wish, told.append)
    assert [row.key for row in again.board.rows] == [row.key for row in first.board.rows]
    assert not [notice for notice in told if notice.kind == "trial"]
    assert any("kept and not repeated" in notice.text for notice in told)


def test_chosen_families_are_those_that_run(tmp_path: Path) -> None:
    built = search_here(
        dataset(solutions=Solutions(only=("forest",))), Wish(tmp_path, budget=1, seed=0), lambda notice: None
    )
    assert {row.family for row in built.board.rows} == {"baseline", "forest"}


def test_a_metric_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="roc_auc"):
        search_here(dataset(metric="roc_auc"), Wish(tmp_path, budget=1, seed=0), lambda notice: None)


@pytest.mark.slow
def test_a_longer_search_probes_for_leaks(tmp_path: Path) -> None:
    # The column is the answer but for a scale.
    built = search_here(dataset(400), Wish(tmp_path, budget=4, seed=0), lambda notice: None)
    assert built.outcome == "not ready"
    assert any("'x'" in reason for reason in built.reasons)
