"""Answering a file: streamed, resumed where it was killed, whole or not at all."""

import csv
import errno
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Example, as_csv, client_rows

from smeaton.errors import DataError, InputError
from smeaton.flow import _resume, predict
from smeaton.flow.predict import predict_file


class Killed(BaseException):
    """Stands for a process that ends here."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "CHUNK_ROWS", 20)


def rows_file(folder: Path, name: str = "rows.csv", count: int = 110) -> Path:
    path = folder / name
    path.write_text(as_csv(client_rows(count, seed=3)))
    return path


def whole(example: Example, folder: Path, source: Path, name: str = "whole.csv") -> tuple[Any, bytes]:
    found = predict_file(example.bundle, source, folder / name)
    return found, (folder / name).read_bytes()


MOMENTS = ["before the chunk is written", "inside the chunk", "before it is counted", "while it is counted", "after it"]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_no_row_is_lost_or_doubled_wherever_it_ends(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, suffix: str
) -> None:
    source, out = rows_file(tmp_path), tmp_path / f"out{suffix}"
    clean, expected = whole(example, tmp_path, source, f"whole{suffix}")
    note = _resume.Unfinished.note
    for end in (0, 1, 1):
        with monkeypatch.context() as patch:
            patch.setattr(_resume.Unfinished, "note", ending(note, end, moment))
            with pytest.raises(Killed):
                predict_file(example.bundle, source, out)
        assert not out.exists()
    resumed = predict_file(example.bundle, source, out)
    assert out.read_bytes() == expected
    assert resumed.resumed == (100 if moment == "after it" else 40)
    assert (resumed.rows, resumed.judged, resumed.unreadable) == (110, 110, 0)
    assert resumed.value == pytest.approx(clean.value, rel=1e-12)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out" + suffix, "rows.csv", "whole" + suffix]


def ending(note: Any, end: int, moment: str) -> Any:
    """`Unfinished.note` of a process that ends at the chunk `end` of this run."""
    calls = iter(range(1_000))

    def noted(self: _resume.Unfinished, stream: Any) -> None:
        last = next(calls) == end
        if last and moment == MOMENTS[0]:
            stream.truncate(self.progress.written)
            raise Killed
        if last and moment == MOMENTS[1]:
            stream.flush()
            stream.truncate(stream.tell() - 7)
            raise Killed
        if last and moment == MOMENTS[2]:
            stream.flush()
            raise Killed
        if last and moment == MOMENTS[3]:
            (self.folder / "progress.json.new").write_bytes(b'{"identity": "x", "ro')
            raise Killed
        note(self, stream)
        if last:
            raise Killed

    return noted


def test_other_work_starts_anew(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = rows_file(tmp_path), tmp_path / "out.csv"
    with monkeypatch.context() as patch:
        patch.setattr(_resume.Unfinished, "note", ending(_resume.Unfinished.note, 2, "after it"))
        with pytest.raises(Killed):
            predict_file(example.bundle, source, out)
    source.write_text(as_csv(client_rows(90, seed=5)))
    found = predict_file(example.bundle, source, out)
    assert (found.resumed, found.rows) == (0, 90)
    assert len(out.read_text().splitlines()) == 91


@pytest.mark.parametrize("damage", ["progress.json", "answers"])
def test_what_is_damaged_is_not_gone_on_with(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    source, out = rows_file(tmp_path), tmp_path / "out.csv"
    _, expected = whole(example, tmp_path, source)
    with monkeypatch.context() as patch:
        patch.setattr(_resume.Unfinished, "note", ending(_resume.Unfinished.note, 2, "after it"))
        with pytest.raises(Killed):
            predict_file(example.bundle, source, out)
    (tmp_path / "out.csv.part" / damage).write_bytes(b"{")
    assert predict_file(example.bundle, source, out).resumed == 0
    assert out.read_bytes() == expected


def test_two_at_once_into_one_file_are_refused(example: Example, tmp_path: Path) -> None:
    source = rows_file(tmp_path)
    with (
        _resume.unfinished(tmp_path / "out.csv", "other work"),
        pytest.raises(InputError, match=r"another predict writes out\.csv") as caught,
    ):
        predict_file(example.bundle, source, tmp_path / "out.csv")
    assert caught.value.fix


def test_a_fault_in_the_rows_leaves_nothing_behind(example: Example, tmp_path: Path) -> None:
    source = rows_file(tmp_path)
    source.write_text(source.read_text() + "too,few\n")
    with pytest.raises(DataError, match="2 values") as caught:
        predict_file(example.bundle, source, tmp_path / "out.csv")
    assert caught.value.where == f"{source}:112"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_a_full_disk_keeps_what_is_written(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = rows_file(tmp_path), tmp_path / "out.csv"
    note = _resume.Unfinished.note
    calls = iter(range(1_000))

    def full(self: _resume.Unfinished, stream: Any) -> None:
        if next(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        note(self, stream)

    with monkeypatch.context() as patch:
        patch.setattr(_resume.Unfinished, "note", full)
        with pytest.raises(InputError, match="No space left") as caught:
            predict_file(example.bundle, source, out)
    assert "goes on where it stopped" in caught.value.fix
    found = predict_file(example.bundle, source, out)
    assert (found.resumed, found.rows) == (60, 110)


def test_files_of_a_folder_are_answered_in_order(example: Example, tmp_path: Path) -> None:
    rows = client_rows(110, seed=3)
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "a.csv").write_text(as_csv(rows[:50]))
    (parts / "b.csv").write_text(as_csv([dict(reversed(row.items())) for row in rows[50:]], ";"))
    found = predict_file(example.bundle, parts, tmp_path / "out.csv")
    assert (found.rows, found.unreadable, found.judged) == (110, 0, 110)
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["client"] for row in csv.DictReader(file)] == [row["client"] for row in rows]
    _, expected = whole(example, tmp_path, rows_file(tmp_path))
    assert (tmp_path / "out.csv").read_bytes() == expected


@pytest.mark.slow
def test_kill_9_at_any_moment(example: Example, tmp_path: Path) -> None:
    source, out = rows_file(tmp_path, count=6_000), tmp_path / "out.csv"
    _, expected = whole(example, tmp_path, source)
    code = f"""
import sys
from smeaton.flow import predict
predict.CHUNK_ROWS = 20
print("begun", flush=True)
predict.predict_file({str(example.bundle)!r}, {str(source)!r}, {str(out)!r})
"""
    draw = random.Random(0)
    for _ in range(60):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(draw.uniform(0.05, 0.6))
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
        if out.exists():
            break
    else:
        predict_file(example.bundle, source, out)
    assert out.read_bytes() == expected
