from pathlib import Path

import pytest

from smeaton.errors import TaskError
from smeaton.task.user_code import load_user

CODE = """
from dataclasses import dataclass
runs = []
runs.append(1)

@dataclass
class Mine:
    x: "int" = 3

def polite(row):
    return True
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "task"
    (home / "sub").mkdir(parents=True)
    (home / "checks.py").write_text(CODE)
    (home / "sub" / "more.py").write_text("answer = 42")
    (tmp_path / "outside.py").write_text("secret = 1")
    return home


def test_what_is_named_is_loaded_once(folder: Path) -> None:
    assert load_user(folder, "checks.py:polite")({}) is True
    assert load_user(folder, "checks.py:Mine")().x == 3
    assert load_user(folder, "checks.py:runs") == [1]
    assert load_user(folder, "checks.py:runs") is load_user(folder, "checks.py:runs")
    assert load_user(folder, "sub/more.py:answer") == 42
    (folder / "checks.py").write_text("polite = 'changed'")
    assert load_user(folder, "checks.py:polite") == "changed"


def test_links_inside_the_folder_are_fine(folder: Path) -> None:
    (folder / "link.py").symlink_to(folder / "checks.py")
    assert load_user(folder, "link.py:polite")({}) is True


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("checks.py", "expected file.py:name"),
        ("checks:polite", "expected file.py:name"),
        ("checks.py:no-name", "expected file.py:name"),
        ("checks.py:a.b", "expected file.py:name"),
        ("../outside.py:secret", "not in the task's folder"),
        ("sub/../../outside.py:secret", "not in the task's folder"),
        ("/etc/x.py:secret", "not in the task's folder"),
        ("gone.py:x", "there is no file"),
        ("sub/dir.py:x", "is not a file"),
        ("out.py:secret", "leads out of the task's folder"),
        ("outdir/outside.py:secret", "leads out of the task's folder"),
        ("loop.py:x", "there is no file"),
        ("checks.py:polit", "has no 'polit'"),
    ],
)
def test_what_is_refused(folder: Path, reference: str, message: str) -> None:
    (folder / "sub" / "dir.py").mkdir()
    (folder / "out.py").symlink_to(folder.parent / "outside.py")
    (folder / "outdir").symlink_to(folder.parent)
    (folder / "loop.py").symlink_to(folder / "loop.py")
    with pytest.raises(TaskError, match=message) as caught:
        load_user(folder, reference)
    assert caught.value.fix


def test_the_nearest_name_is_offered(folder: Path) -> None:
    with pytest.raises(TaskError) as caught:
        load_user(folder, "checks.py:polit")
    assert caught.value.fix == "did you mean 'polite'?"


def test_faults_in_the_users_code_name_their_line(folder: Path) -> None:
    (folder / "bad.py").write_text("x = 1\ny = = 2\n")
    with pytest.raises(TaskError, match="is not Python") as caught:
        load_user(folder, "bad.py:x")
    assert caught.value.where == f"{folder}/bad.py:2"
    (folder / "bad.py").write_text("x = 1\n\ndef f():\n    return 1 / 0\nf()\n")
    with pytest.raises(TaskError, match="raised ZeroDivisionError: division by zero") as caught:
        load_user(folder, "bad.py:x")
    assert caught.value.where == f"{folder}/bad.py:4"
