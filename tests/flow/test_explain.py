"""Explanations of a real bundle: in Python, as a verb, and as its page says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Example, as_csv, client_rows

import smeaton
from smeaton.cli import main

ROWS = [{name: row[name] for name in ("age", "plan", "spend")} for row in client_rows(5, seed=9)]
PAGE = Path(__file__).parents[2] / "docs" / "explain.md"


def test_in_python(example: Example) -> None:
    with smeaton.load(example.bundle) as model:
        one, many = model.explain(ROWS[0], label=True), model.explain(ROWS, label=True)
        other = model.explain(ROWS[0], label=True, reference=ROWS[1:])
    assert many[0] == one
    assert len(many) == 5
    assert other.base != one.base
    assert other.value == one.value
    assert {part.column for part in one.contributions[:2]} == {"age", "plan"}  # `spend` tells nothing
    assert one.base + sum(part.value for part in one.contributions) == pytest.approx(one.value)


def test_as_a_verb(example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new.csv"
    file.write_text(as_csv(ROWS))
    assert main(["explain", str(example.bundle), str(file), "--first", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said) == 2
    with smeaton.load(example.bundle) as model:
        assert said[0]["value"] == pytest.approx(model.explain(ROWS[0]).value)
    assert main(["explain", str(example.bundle), str(file), "--label", "true", "--reference", str(file)]) == 0
    text = capsys.readouterr().out
    assert text.count("log-odds of true") == 5
    assert "rows were asked" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--label", "perhaps"], "there is no label 'perhaps'"), (["--first", "0"], "--first 0 is too small")],
)
def test_what_cannot_be_asked(
    more: list[str], said: str, example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.csv"
    file.write_text(as_csv(ROWS))
    assert main(["explain", str(example.bundle), str(file), *more]) == 2
    assert said in capsys.readouterr().err


def test_a_file_without_a_column_or_rows(example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lacking, empty = tmp_path / "lacking.csv", tmp_path / "empty.csv"
    lacking.write_text("age,plan\n4,pro\n")
    empty.write_text("age,plan,spend\n")
    for file, said in ((lacking, "no column 'spend'"), (empty, "it has no rows")):
        assert main(["explain", str(example.bundle), str(file)]) == 2
        assert said in capsys.readouterr().err


def test_the_page(example: Example, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(code) == 1
    monkeypatch.chdir(example.folder)
    names: dict[str, Any] = {}
    exec(code[0], names)
    assert capsys.readouterr().out.count("\n") == 4
    assert names["found"].contributions[0].column in ("age", "plan")
