"""`label`, `duplicates` and `search` as a user meets them: one clear line on a fault, and a page that loses nothing."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from smeaton.cli import main

TASK = """\
smeaton: 1
name: pets
goal: Say which animal it is.
inputs: {text: text}
output: {label: [cat, dog]}
data: {examples: labels.csv, unlabelled: pool.csv}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "smeaton.yaml").write_text(TASK)
    rows = [f"{('it purrs', 'it barks')[number % 2]} at number {number} <b>" for number in range(60)]
    (tmp_path / "pool.csv").write_text("text\n" + "".join(f"{row}\n" for row in rows))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([*map(str, arguments)])
    got = capsys.readouterr()
    return code, got.out, got.err


def test_label_through_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = folder / "ask.csv"
    code, out, _ = said(capsys, "label", folder, "--csv", ask, "--count", 20)
    assert code == 0
    assert "20 of 60 rows" in out
    assert f"--take {ask}" in out
    with ask.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[0]["label"], rows[1]["label"] = "cat", "dgo"
    _write(ask, rows)
    code, _, err = said(capsys, "label", folder, "--take", ask)
    assert code == 2
    assert "ask.csv:3: 'dgo' is no label; did you mean 'dog'?" in err
    assert not (folder / "labels.csv").exists()
    rows[1]["label"] = "dog"
    _write(ask, rows)
    code, out, _ = said(capsys, "label", folder, "--take", ask, "--json")
    assert code == 0
    assert json.loads(out) == {"taken": 2, "empty": 18, "before": 0, "output": str(folder / "labels.csv"), "use": ""}
    code, out, _ = said(capsys, "label", folder, "--gain")
    assert code == 0
    assert "2 rows have a label, 58 wait" in out
    assert "cannot be told" in out


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["label", "{f}", "--csv", "{f}/pool.csv"], "stands there"),
        (["label", "{f}", "--csv", "{f}/a.csv", "--count", "0"], "batch of 0"),
        (["label", "{f}", "--take", "{f}/none.csv"], "no such file"),
        (["label", "{f}", "--take", "{f}/pool.csv"], "smeaton_row"),
        (["label", "{f}", "--csv", "{f}/a.csv", "--to", "{f}/b.txt"], ".txt"),
        (["label", "{f}", "--into", "--to", "{f}/b.csv"], "two places"),
        (["label", "{f}/pool.csv", "--gain"], "no task file"),
        (["label", "{f}/none", "--gain"], "none"),
        (["duplicates", "{f}/none.csv"], "no such file"),
        (["duplicates", "{f}/pool.csv", "--threshold", "2"], "threshold"),
        (["duplicates", "{f}/pool.csv", "--column", "txet"], "did you mean 'text'"),
        (["duplicates", "{f}/pool.csv", "-o", "{f}/g.txt"], ".csv"),
        (["search", "{f}/pool.csv", " "], "empty"),
        (["search", "{f}/pool.csv", "cat", "-k", "0"], "0 hits"),
        (["search", "{f}/pool.csv", "cat", "--model", "x"], "no weights"),
        (["search", "{f}/pool.csv", "cat", "--by", "meaning"], "none are installed"),
        (["search", "{f}/pool.csv", "cat", "--by", "both", "--model", "package:no-such"], "not installed"),
    ],
)
def test_a_mistake_is_one_message_and_exit_2(
    arguments: list[str],
    word: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("smeaton.weights.discover", list)
    monkeypatch.setattr("smeaton.similarity.embed.discover", list)
    code, _, err = said(capsys, *(argument.format(f=folder) for argument in arguments))
    assert code == 2
    assert word in err
    assert "fix: " in err


def test_both_without_weights_says_that_it_goes_by_words(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smeaton.weights.discover", list)
    code, out, _ = said(capsys, "search", folder / "pool.csv", "barks at 31", "--by", "both", "-k", 1)
    assert code == 0
    assert "by words alone" in out
    assert "row 32" in out
    code, out, _ = said(capsys, "search", folder / "pool.csv", "barks at 31", "--by", "both", "-k", 1, "--json")
    assert json.loads(out)["by"] == "words"


def test_duplicates_as_words_json_and_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(
        "body\nthe printer in room four is broken\nsomething else here\nThe PRINTER in room four is broken.\n"
    )
    code, out, _ = said(capsys, "duplicates", tmp_path / "a.csv", "-o", tmp_path / "g.csv")
    assert code == 0
    assert "1 groups of near-duplicates with 2 of 3 rows" in out
    assert (tmp_path / "g.csv").read_text().splitlines()[2] == "1,3,1.0000,The PRINTER in room four is broken."
    _, out, _ = said(capsys, "duplicates", tmp_path / "a.csv", "--json")
    assert json.loads(out)["groups"] == [{"rows": [1, 3], "similarity": 1.0}]


class Page:
    """A running `smeaton label`."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "smeaton", "label", str(folder), "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = json.loads(self.process.stdout.readline())
        self.client = httpx.Client(base_url=self.said["url"], trust_env=False, timeout=20)

    def state(self) -> dict[str, Any]:
        return dict(self.client.get("/api/state").json())

    def answer(self, code: int) -> dict[str, Any]:
        reply = self.client.post("/api/answer", json={"key": self.state()["question"]["key"], "labels": [code]})
        assert reply.status_code == 200
        return dict(reply.json())

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        os.kill(self.process.pid, number)
        out, _ = self.process.communicate(timeout=20)
        self.client.close()
        return self.process.returncode, out


@pytest.fixture
def page() -> Iterator[Callable[[Path], Page]]:
    pages: list[Page] = []

    def start(folder: Path) -> Page:
        pages.append(Page(folder))
        return pages[-1]

    yield start
    for running in pages:
        running.client.close()
        if running.process.poll() is None:
            running.process.kill()
            running.process.communicate()


def answered(folder: Path) -> list[list[str]]:
    with (folder / "labels.csv").open(newline="") as stream:
        return list(csv.reader(stream))[1:]


@pytest.mark.slow
def test_the_page_loses_no_answer_when_it_is_killed(folder: Path, page: Callable[[Path], Page]) -> None:
    first = page(folder)
    assert first.client.get("/").status_code == 200
    for code in (0, 1, 0):
        first.answer(code)
    first.client.post("/api/undo", json={})
    state = first.answer(1)
    assert state["answered"] == 3
    first.stop(signal.SIGKILL)
    kept = answered(folder)
    assert [row[1] for row in kept] == ["cat", "dog", "dog"]
    again = page(folder)
    assert again.said["rows"] == 57
    asked = again.state()["question"]["fields"][0][1]
    assert asked not in [row[0] for row in kept]
    again.answer(0)
    code, out = again.stop()
    assert code == 0
    assert json.loads(out)["answered"] == 1
    assert answered(folder)[:3] == kept
    assert len(answered(folder)) == 4


@pytest.mark.slow
def test_the_page_tells_the_gain_and_ends_with_its_rows(folder: Path, page: Callable[[Path], Page]) -> None:
    running = page(folder)
    while (state := running.state())["question"] is not None:
        running.answer(0 if "purrs" in state["question"]["fields"][0][1] else 1)
    assert len(answered(folder)) == 60
    ends = time.monotonic() + 30
    while running.state()["gain"].startswith("is being") and time.monotonic() < ends:
        time.sleep(0.1)
    assert "100 more rows" in running.state()["gain"]
    running.stop()
    empty = page(folder)
    assert empty.said["rows"] == 0
    assert empty.state()["question"] is None
