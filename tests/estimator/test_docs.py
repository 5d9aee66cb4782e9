"""The page on estimators says what there is."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.estimator.conftest import Fitted

from smeaton import SmeatonClassifier, SmeatonRegressor

PAGE = (Path(__file__).parents[2] / "docs" / "estimators.md").read_text(encoding="utf-8")


def test_every_parameter_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == list(SmeatonClassifier.__init__.__annotations__)[:-1]
    defaults = SmeatonClassifier().get_params()
    assert defaults == SmeatonRegressor().get_params()
    assert all(str(defaults[name]) == said for name, said in rows if name in ("budget", "random_state", "verbose"))


def test_every_attribute_is_there(classes: Fitted) -> None:
    listed = re.search(r"After a fit: (.+?)\n\n", PAGE, re.DOTALL)
    assert listed is not None
    names = re.findall(r"`(\w+)[`(]", listed[1])
    assert len(names) > 6
    assert all(hasattr(classes.fitted, name) for name in names)


def test_the_first_example_runs(classes: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"X": classes.x, "y": classes.y, "X_new": classes.x.head(2)}
    exec(code.replace("budget=20", "budget=1"), names)
    assert (tmp_path / "churn.bundle" / "bundle.json").is_file()


def test_your_own_stands_beside_the_others_as_shown() -> None:
    code = next(code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if '"add"' in code)
    x = np.random.default_rng(0).normal(size=(40, 2))
    names: dict[str, Any] = {"X": x, "y": x[:, 0] > 0, "SmeatonClassifier": SmeatonClassifier}
    exec(code.replace("budget=20", "budget=1"), names)
    assert "mine.py:model" in set(names["best"].board_["solution"])
