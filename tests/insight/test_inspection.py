"""What a build's rows say without answers is looked at once, and only of the rows it was looked at for."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex, make_folds, open_folds, save_folds
from smeaton.insight import inspection as module
from smeaton.insight.inspection import FILE, Inspection, inspection, keep
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.trials.process import command, environment


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A build's folder with rows of which some are copies across the folds."""
    draw = np.random.default_rng(0)
    table = {name: draw.normal(size=400) for name in ("height", "weight", "age")}
    for column in table.values():
        column[200:220] = column[:20]
    kinds = {name: Type(type="number") for name in table}
    task = Task(data=Data(), inputs=kinds, output={"price": Type(type="number")})
    data = Dataset(task, table, draw.normal(size=400), hash="rows-1")
    data.save(tmp_path / "data")
    save_folds(make_folds(data, np.arange(400), 3, 0), tmp_path / "data")
    return tmp_path


def opened(root: Path) -> tuple[Dataset, list[FoldIndex]]:
    return Dataset.open(root / "data"), open_folds(root / "data")


def never(*_: Any) -> Inspection:
    raise AssertionError("the rows were looked at again")


def test_what_was_kept_is_what_would_be_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = inspection(root, *opened(root))
    assert found.near[0].rows > 10
    assert found.drifts
    keep(root)
    monkeypatch.setattr(module, "inspect", never)
    assert inspection(root, *opened(root)) == found


@pytest.mark.parametrize("change", [{"version": "0"}, {"rows": "rows-2"}])
def test_of_other_rows_or_another_version_it_is_looked_at_again(root: Path, change: dict[str, str]) -> None:
    keep(root)
    kept = msgspec.json.decode((root / FILE).read_bytes(), type=Inspection)
    (root / FILE).write_bytes(msgspec.json.encode(msgspec.structs.replace(kept, near=(), **change)))
    assert inspection(root, *opened(root)).near == kept.near


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 3}'])
def test_a_damaged_file_is_looked_at_again(root: Path, damage: bytes) -> None:
    (root / FILE).write_bytes(damage)
    assert inspection(root, *opened(root)).near


@pytest.mark.slow
def test_the_process_keeps_what_it_finds_and_ends_with_who_began_it(root: Path) -> None:
    arguments = command("smeaton.insight.inspection", str(root))
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, env=environment()) as looking:
        assert looking.stdin is not None
        looking.stdin.close()
        assert looking.wait() == 1
    assert not (root / FILE).exists()
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, env=environment()) as looking:
        assert looking.wait() == 0
    assert msgspec.json.decode((root / FILE).read_bytes(), type=Inspection).near
