"""What is CatBoost's alone: which encodings it takes, and how many labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import INPUTS, make_fold, make_profile, make_run, make_task

from smeaton import plugins
from smeaton.errors import InputError
from smeaton.families import Choice, Refusal, Space

pytest.importorskip("catboost")


def space(kind: str, **inputs: Any) -> Any:
    task = make_task(kind, inputs or None)
    y = np.arange(500) % len(task.labels)
    return plugins.load("families", "catboost").space(task, make_profile(500, task, y))


def test_codes_of_categories_are_refused(tmp_path: Path) -> None:
    fold, _ = make_fold(100, "binary")
    with pytest.raises(InputError, match="not codes of categories"):
        plugins.load("families", "catboost").fit(make_task("binary"), {"encode": "codes"}, fold, make_run(tmp_path))


def test_encodings_are_tried_where_there_are_categories() -> None:
    found = space("4")
    assert isinstance(found, Space)
    assert found.params["encode"] == Choice(("target", "onehot"))
    assert {start["encode"] for start in found.starts} == {"target", "onehot"}
    plain = space("4", size=INPUTS["size"])
    assert "encode" not in plain.params
    assert not any("encode" in start for start in plain.starts)


def test_many_labels_are_refused_by_their_number() -> None:
    refused = space("70")
    assert isinstance(refused, Refusal)
    assert "70 labels are more than the 60" in refused.why


def test_rates_rise_with_the_labels_for_which_few_rounds_are_left() -> None:
    few, many = (space(kind, size=INPUTS["size"]).starts for kind in ("4", "50"))
    assert min(start["learning_rate"] for start in few) < 0.1
    assert min(start["learning_rate"] for start in many) == 0.25
