"""`smeaton import`: what it prints, as words and as JSON."""

import argparse
import json
from pathlib import Path

import pytest

from smeaton.cli import main
from smeaton.cli.import_ import configure, run

FILES = Path(__file__).parents[1] / "importers" / "files"


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    parser = argparse.ArgumentParser()
    configure(parser)
    parser.add_argument("--json", action="store_true")
    assert run(parser.parse_args([str(argument) for argument in arguments])) == 0
    return capsys.readouterr().out


def test_words_say_what_was_written_concluded_and_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, FILES / "promptfoo", "-o", tmp_path / "desk")
    assert f"{tmp_path / 'desk'}: a task from promptfoo, 6 rows, 8 checks" in out
    for words in ("  checks.py", "concluded, to be looked at:", "not carried over: 12", "it is JavaScript", "next:"):
        assert words in out


def test_everything_on_the_terminal_is_in_the_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(said(capsys, FILES / "evals_hosted", "-o", tmp_path / "triage", "--json"))
    notes = (tmp_path / "triage/IMPORT.md").read_text()
    assert report["lost"]
    assert all(f"| {lost['what']} |" in notes for lost in report["lost"])
    assert all(note in notes for note in report["notes"])
    assert sorted(report["files"]) == sorted(
        str(path.relative_to(tmp_path / "triage")) for path in (tmp_path / "triage").rglob("*") if path.is_file()
    )


def test_words_of_a_source_do_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {"prompts": ["a {{x}}"], "tests": [{"vars": {"x": "1"}, "\x1b[2Jodd": 1}], "providers": ["b:\x1b]0;t\x07"]}
    (tmp_path / "a.json").write_text(json.dumps(config))
    out = said(capsys, tmp_path / "a.json", "-o", tmp_path / "out", "--format", "promptfoo")
    assert "odd" in out
    assert "\x1b" not in out
    assert "\x07" not in out


def test_the_folder_is_named_like_the_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said(capsys, FILES / "dspy_triage.json")
    assert (tmp_path / "dspy_triage/smeaton.yaml").is_file()


def test_a_mistake_is_one_message_with_its_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "program.pkl").write_bytes(b"\x80\x04.")
    assert main(["import", str(tmp_path / "program.pkl")]) == 2
    err = capsys.readouterr().err
    assert "pickled" in err
    assert 'fix: save the state as JSON: program.save("program.json")' in err
    assert main(["import", str(tmp_path / "none"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["fix"] == "check the path"
