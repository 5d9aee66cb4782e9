"""A bundle that travels in a pickle: unpacked in a folder of its own, verified, and nothing leaves that folder."""

import pickle
from pathlib import Path

import pytest
from tests.estimator.conftest import Fitted

from smeaton.errors import BundleError
from smeaton.estimator.held import Held


def test_what_is_unpacked_is_verified(numbers: Fitted) -> None:
    state = numbers.fitted._held.__getstate__()
    name = next(name for name in state["files"] if name.endswith(".onnx") or name.endswith(".onnx.gz"))
    state["files"][name] = state["files"][name][:-1] + b"x"
    held = Held.__new__(Held)
    held.__setstate__(state)
    with pytest.raises(BundleError, match="changed"):
        held.model()


def test_a_state_may_be_sent_on_unread(numbers: Fitted) -> None:
    once = pickle.loads(pickle.dumps(numbers.fitted._held))
    twice = pickle.loads(pickle.dumps(once))
    assert twice.path.name == numbers.fitted.bundle_.name
    assert twice.path != numbers.fitted.bundle_
    folder = twice.path.parent
    del twice
    assert not folder.exists()


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "a/../../out.txt"])
def test_no_file_leaves_the_folder(name: str) -> None:
    held = Held.__new__(Held)
    held.__setstate__({"name": "model.bundle", "files": {name: b""}})
    with pytest.raises(ValueError, match="leaves the bundle"):
        held.path  # noqa: B018
    with pytest.raises(ValueError, match="no name of a bundle"):
        Held.__new__(Held).__setstate__({"name": "../model.bundle", "files": {}})


def test_a_bundle_is_not_saved_over_other_things(numbers: Fitted, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(BundleError, match="not a bundle"):
        numbers.fitted.save(tmp_path / "notes")
    saved = numbers.fitted.save(tmp_path / "one.bundle")
    assert numbers.fitted.save(saved) == saved
