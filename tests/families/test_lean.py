"""LightGBM in a worker: without scikit-learn and pandas for the families, whole for whoever imports it."""

import platform
import subprocess
import sys
from types import ModuleType

import pytest

from smeaton.families import _lean

SCRIPT = """
import sys
import numpy as np
from smeaton.families import _lean
if {alone}:
    _lean.alone()
lean = _lean.lightgbm()
assert ("sklearn" in sys.modules) is not {alone}, "what is loaded beside it"
assert _lean.lightgbm() is lean

def trees(module):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(400, 3))
    params = {{"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True}}
    data = module.Dataset(matrix, (matrix[:, 0] > 0).astype(float), params=params)
    return module.train(params, data, 5).model_to_string()

import lightgbm
from sklearn.base import ClassifierMixin
assert issubclass(lightgbm.LGBMClassifier, ClassifierMixin), "a user's estimator needs all of it"
assert trees(lean) == trees(lightgbm)
assert lean.callback.EarlyStopException is (lean if {alone} else lightgbm).callback.EarlyStopException
"""


@pytest.mark.slow
@pytest.mark.parametrize("alone", [True, False])
def test_a_worker_loads_lightgbm_alone_and_a_users_import_gets_the_whole(alone: bool) -> None:
    if alone and (sys.platform, platform.machine()) != _lean._ANY_ORDER:
        pytest.skip("here the order of loading may matter")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(alone=alone)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_is_hidden_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = dict[str, bool]()

    def load(name: str) -> ModuleType:
        seen[name] = all(sys.modules.get(heavy, "none") is None for heavy in _lean._HEAVY)
        sys.modules["lightgbm"] = ModuleType("lightgbm")
        sys.modules["lightgbm.basic"] = ModuleType("lightgbm.basic")
        return sys.modules["lightgbm"]

    for name in [name for name in sys.modules if name.split(".")[0] in ("lightgbm", *_lean._HEAVY)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(_lean, "import_module", load)
    found = _lean._loaded()
    assert found.__name__ == "lightgbm"
    assert seen == {"scipy.sparse": False, "lightgbm": True}
    assert not {"lightgbm", "lightgbm.basic", *_lean._HEAVY} & set(sys.modules)


def test_where_other_code_may_import_meanwhile_nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(_lean, "_alone", False)
    monkeypatch.setattr(_lean, "_lean", None)
    monkeypatch.setattr(_lean, "import_module", lambda name: asked.append(name) or ModuleType(name))
    monkeypatch.setattr(_lean, "_loaded", lambda: pytest.fail("hidden"))
    assert _lean.lightgbm().__name__ == "lightgbm"
    assert asked == ["lightgbm"]
