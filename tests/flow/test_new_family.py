"""`new-family`: both files or none, never over what is there; and the guide, done as it is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import smeaton

from smeaton.cli import main
from smeaton.testing import check_family, example_family
from smeaton.testing.tables import TABLES, example

GUIDE = Path(__file__).parents[2] / "docs" / "new_family.md"


@pytest.mark.parametrize("weights", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("table", TABLES)
def test_the_example_keeps_what_a_family_promises(table: str, weights: bool) -> None:
    check_family(example_family.part, *example(table, weights))


def test_the_tables_are_all_different_and_say_what_they_are() -> None:
    tasks = {name: example(name)[0] for name in TABLES}
    assert {task.answer for task in tasks.values()} == {"class", "number"}
    held = [len(example(name)[1].held_index) for name in TABLES]
    assert min(held) >= 5
    assert example("numbers", weights=True)[1].train.weight is not None


def test_it_writes_a_family_and_its_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-family", "nearest", "--out", str(tmp_path / "new")]) == 0
    assert 'add: ["nearest.py:part"]' in capsys.readouterr().out
    source = (tmp_path / "new" / "nearest.py").read_text()
    assert source == Path(example_family.__file__).read_text()
    assert "from nearest import part" in (tmp_path / "new" / "test_nearest.py").read_text()


@pytest.mark.parametrize("there", ["nearest.py", "test_nearest.py"])
def test_it_never_writes_over_a_file(there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / there).write_text("mine")
    assert main(["new-family", "nearest", "--out", str(tmp_path)]) == 2
    assert "left as it is" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize("name", ["json", "numpy", "my-family", "class", "Nearest", "_hidden", "a/b", "", "test_it"])
def test_names_that_no_file_should_have(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-family", name, "--out", str(tmp_path)]) == 2
    assert "fix: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_guide_is_done_as_it_is_written(tmp_path: Path) -> None:
    """Every block of the page in turn: files are written, edits made, commands run."""
    done = []
    for kind, name, body in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if kind == "sh":
            done += [run(command, tmp_path, fails=name == "fails") for command in body.splitlines()]
        elif kind == "diff":
            edit(tmp_path / name, body)
        elif name:
            (tmp_path / name).write_text(body)
    boards = [said for said in done if "nearest.py:part" in said]
    assert len(boards) >= 4, "the family was written, built with, shown on the board, and built with again"
    assert any("is off by" in said for said in done)
    assert smeaton("verify", tmp_path / "clients.bundle").returncode == 0


def edit(path: Path, body: str) -> None:
    """Replace the lines marked `-` by those marked `+`; the former must be there once."""
    lines = body.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line.startswith("-"))
    new = "".join(line[1:] for line in lines if line.startswith("+"))
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name} has this {text.count(old)} times:\n{old}"
    path.write_text(text.replace(old, new))


def run(command: str, folder: Path, fails: bool) -> str:
    """A command of the guide; what it said."""
    program, *arguments = command.split()
    module = {"python": [], "smeaton": ["-m", "smeaton"]}[program]
    done = subprocess.run(
        [sys.executable, *module, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode != 0) == fails, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr
