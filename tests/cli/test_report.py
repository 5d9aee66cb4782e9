"""`report`: a page beside the task, what the data says as words, and other formats where they are wished."""

import gc
import json
import shutil
from pathlib import Path

import pytest
from tests.conftest import Example

from smeaton.cli import main


@pytest.fixture
def folder(example: Example, tmp_path: Path) -> Path:
    """The build of the example, in a folder to write into."""
    return Path(shutil.copytree(example.folder, tmp_path / "task"))


def test_a_page_beside_the_task_and_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder), "--seconds", "5"]) == 0
    said = capsys.readouterr().out
    assert "Rows that look mislabelled" in said
    assert said.splitlines()[-1] == str(folder / "report.html")
    assert "<h1>" in (folder / "report.html").read_text()


def test_json_is_printed_and_nothing_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.iterdir())
    assert main(["report", str(folder), "--json", "--across", "plan"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == 1
    assert sorted(folder.iterdir()) == before


def test_a_file_can_be_printed_and_a_folder_cannot(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(folder.iterdir())
    assert main(["report", str(folder), "--format", "md", "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("#")
    assert main(["report", str(folder), "--format", "mlflow", "-o", "-"]) == 2
    assert "mlflow is a folder: it cannot be printed" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before


def test_it_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = list[str]()
    monkeypatch.setattr("webbrowser.open", shown.append)
    assert main(["report", str(folder), "--open", "-o", str(folder / "page.html")]) == 0
    assert shown == [(folder / "page.html").as_uri()]
    capsys.readouterr()


@pytest.mark.parametrize("wrong", [("--rows", "0"), ("--seconds", "0"), ("--format", "pdf")])
def test_wrong_wishes(wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["report", *wrong])
    assert wrong[0] in capsys.readouterr().err


def test_where_nothing_was_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "nothing was built here" in capsys.readouterr().err


def test_the_collector_of_garbage_is_as_it_was(tmp_path: Path) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert gc.isenabled()
