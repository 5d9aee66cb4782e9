"""`board` on a terminal, and where its output is read by something else."""

import sys

import pytest
from tests.conftest import Example

from smeaton.cli import main


def test_plain_text_stays_plain(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", str(example.folder)]) == 0
    said = capsys.readouterr().out
    assert "●" not in said
    assert "\x1b" not in said
    assert said.splitlines()[0].endswith("log_loss, lower is better")


@pytest.mark.parametrize(("wish", "colour"), [("", True), ("1", False)])
def test_a_terminal_gets_drawings_and_colour(
    wish: str, colour: bool, example: Example, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"COLUMNS": "160", "TERM": "xterm", "NO_COLOR": wish, "COLORTERM": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["board", str(example.folder)]) == 0
    said = capsys.readouterr().out
    assert "●" in said
    assert ("\x1b[1;32m" in said) == colour
