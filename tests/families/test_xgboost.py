"""What is XGBoost's alone: sets of categories, and bounds that depend on the number of labels."""

from pathlib import Path

import numpy as np
import pytest
from tables import INPUTS, make_fold, make_profile, make_run, make_task

from smeaton import plugins
from smeaton.families import Space
from smeaton.families._rounds import Lesson
from smeaton.families._xgboost import DEFAULTS, _params

pytest.importorskip("xgboost")


def test_categories_are_split_by_sets(tmp_path: Path) -> None:
    task = make_task("binary", {"city": INPUTS["city"]})
    fold, _ = make_fold(400, "binary")
    fitted = plugins.load("families", "xgboost").fit(task, {"rounds": 5}, fold, make_run(tmp_path))
    forest = fitted.grown.forest()
    assert any(node.members for tree in forest.trees for node in tree.nodes)
    known = len(fitted.columns.vocabulary.columns[0])
    assert all(max(node.members) < known for tree in forest.trees for node in tree.nodes if node.members)


def test_bounds_shrink_with_the_labels() -> None:
    two, eight = (_params(Lesson(make_task(kind), DEFAULTS, 0, 1)) for kind in ("binary", "8"))
    assert (two["reg_lambda"], eight["reg_lambda"]) == (1.0, 0.25)
    assert (two["min_child_weight"], eight["min_child_weight"]) == (1.0, 0.25)
    assert (two["objective"], eight["objective"], eight["num_class"]) == ("binary:logistic", "multi:softprob", 8)


def test_rates_rise_where_slow_learning_could_not_end() -> None:
    task = make_task("8")
    found = plugins.load("families", "xgboost").space(task, make_profile(2_000_000, task, np.arange(800) % 8))
    assert isinstance(found, Space)
    assert min(start["learning_rate"] for start in found.starts) > 0.2
