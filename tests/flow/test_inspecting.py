"""The rows are looked at while a build ends, and no process outlives it."""

import errno
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from smeaton.data.dataset import Dataset
from smeaton.flow import _inspecting
from smeaton.flow._inspecting import inspecting
from smeaton.insight.inspection import FILE
from smeaton.task.task import Data, Task
from smeaton.task.types import Type


def rows(count: int) -> Dataset:
    task = Task(data=Data(), inputs={"x": Type(type="number")}, output={"y": Type(type="number")})
    return Dataset(task, {"x": np.zeros(count)}, np.zeros(count))


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list["subprocess.Popen[bytes]"]:
    """The processes that are begun; each would take a minute, and write the file at once."""
    found: list[subprocess.Popen[bytes]] = []

    class Looking(subprocess.Popen[bytes]):
        def __init__(self, arguments: list[str], **options: object) -> None:
            super().__init__(["/bin/sh", "-c", f"touch {arguments[-1]}/{FILE}; exec sleep 60"], **options)  # type: ignore[call-overload]
            found.append(self)

    monkeypatch.setattr(_inspecting.subprocess, "Popen", Looking)
    return found


def interrupted(root: Path) -> None:
    """Stopped by hand once the process runs."""
    while not (root / FILE).exists():
        time.sleep(0.01)
    raise KeyboardInterrupt


def test_it_is_ended_with_the_build(tmp_path: Path, begun: list["subprocess.Popen[bytes]"]) -> None:
    with pytest.raises(KeyboardInterrupt), inspecting(tmp_path, rows(10)):
        interrupted(tmp_path)
    (looking,) = begun
    assert looking.returncode == -9


def test_what_was_kept_is_not_looked_for_again(tmp_path: Path, begun: list["subprocess.Popen[bytes]"]) -> None:
    (tmp_path / FILE).touch()
    with inspecting(tmp_path, rows(10)):
        assert not begun


def test_a_large_table_is_left_to_the_report(
    tmp_path: Path, begun: list["subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_inspecting, "_MOST_CELLS", 9)
    with inspecting(tmp_path, rows(10)):
        assert not begun


def test_a_build_does_not_end_where_no_process_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(_inspecting.subprocess, "Popen", refused)
    with inspecting(tmp_path, rows(10)):
        done = True
    assert done
    assert not (tmp_path / FILE).exists()
