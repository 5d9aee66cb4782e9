"""`board --ablation`: for people and for scripts."""

import json
from pathlib import Path

import pytest
from tests.conftest import Example

from smeaton.cli import main


def test_ablation_of_a_build(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", str(example.folder), "--ablation"]) == 0
    text = capsys.readouterr().out
    assert "what each ingredient contributed (log_loss, lower is better)" in text
    assert "everything has it" in text  # one family alone
    assert main(["board", str(example.bundle), "--ablation", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["metric"] == "log_loss"
    assert ("family", "quick.py:quick") in [(one["kind"], one["name"]) for one in said["pieces"]]


def test_ablation_without_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", str(tmp_path), "--ablation"]) == 2
    assert "nothing was built here" in capsys.readouterr().err


def test_a_picture_or_an_ablation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["board", str(tmp_path), "--ablation", "--plot"])
    assert "not allowed with" in capsys.readouterr().err
