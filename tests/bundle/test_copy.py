"""A bundle at another place: verified, whole, and never over something else."""

from pathlib import Path

import pytest
from tests.conftest import Example

from smeaton.bundle.copy import copy_bundle
from smeaton.bundle.read import open_bundle
from smeaton.errors import BundleError


def test_a_copy_is_the_same_bundle(example: Example, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "copy.bundle"
    assert copy_bundle(example.bundle, target) == target
    assert open_bundle(target).hash == open_bundle(example.bundle).hash
    assert copy_bundle(example.bundle, target) == target, "an older bundle is replaced"
    assert copy_bundle(target, target) == target
    assert [path.name for path in target.parent.iterdir()] == ["copy.bundle"]


def test_other_things_stay(example: Example, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BundleError, match="not a bundle"):
        copy_bundle(example.bundle, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_what_is_damaged_is_not_copied(example: Example, tmp_path: Path) -> None:
    whole = copy_bundle(example.bundle, tmp_path / "one.bundle")
    (whole / "card.md").write_text("changed")
    with pytest.raises(BundleError, match=r"card\.md"):
        copy_bundle(whole, tmp_path / "two.bundle")
    assert not (tmp_path / "two.bundle").exists()
