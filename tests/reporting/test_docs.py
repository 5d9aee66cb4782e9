"""`docs/report.md` is done as it is written: its lines run, and its tables name every field that there is."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import Example

from smeaton import plugins
from smeaton.cli import main
from smeaton.reporting import forms

PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```([a-z]+)\n(.*?)```", PAGE, re.DOTALL)
PYTHON = [text for form, text in BLOCKS if form == "python"]
LINES = [line.partition("#")[0] for form, text in BLOCKS if form == "sh" for line in text.splitlines()]


@pytest.fixture
def folder(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds `task`, a build, and an empty `site`."""
    shutil.copytree(example.folder, tmp_path / "task")
    (tmp_path / "site").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_the_lines_run(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder / "task")
    monkeypatch.setattr("webbrowser.open", lambda url: True)
    assert main([word.replace("region", "plan") for word in shlex.split(line)[1:]]) == 0
    assert capsys.readouterr().out
    assert ("-o -" in line) != (folder / "task" / "report.html").exists()


def test_the_examples_in_python_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(PYTHON) == 3
    known: dict[str, Any] = {}
    exec(PYTHON[0], known)
    assert [path.name for path in known["paths"]] == ["report.html", "report.json"]
    exec(PYTHON[1], known)
    assert "BuildReport" in capsys.readouterr().out
    shutil.copy("site/report.json", "report.json")
    exec(PYTHON[2], known)
    assert len(known["figures"]) > 5


def test_every_format_and_no_other_is_told() -> None:
    told = dict(re.findall(r"\n\| `([a-z]+)` \| `([A-Za-z./]+)` \|", PAGE))
    assert {name: place.rstrip("/") for name, place in told.items()} == {
        name: plugins.load("exports", name).name for name in plugins.names("exports")
    }


@pytest.mark.parametrize(
    ("form", "row"),
    [(forms.Fact, "fact"), (forms.Note, "note"), (forms.Figure, "figure"), (forms.Grid, "grid"), (forms.Head, "head")],
)
def test_every_field_of_a_part_is_told(form: type[msgspec.Struct], row: str) -> None:
    (told,) = re.findall(rf"\n\| {row} \| (.*) \|", PAGE)
    told = told.replace("(empty, `good`, `warn`, `bad`)", "")
    assert set(re.findall(r"`(\w+)`", told)) == set(form.__struct_fields__)


def test_every_field_of_the_top_and_of_a_section_is_told() -> None:
    top = PAGE.partition("\nTop:\n")[2].partition("\nA section:")[0]
    told = [
        name for line in top.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    ]
    assert sorted(told) == sorted(forms.BuildReport.__struct_fields__)
    section = PAGE.partition("\nA section:")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", section)) == set(forms.Section.__struct_fields__)
    assert f"| `schema` | {forms.SCHEMA} |" in PAGE
