"""What a user may do wrong: one clear message with the fix, exit 2, no traceback, nothing half-written."""

import ctypes
import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import TASK, as_csv, client_rows, smeaton, start, workers_of, write_task

from smeaton.cli import main

GOOD = as_csv(client_rows(60))
HEADER = GOOD.splitlines()[0]


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: object) -> str:
    """Run a build that must be refused in a folder whose files must stay as they were; returns the message."""
    before = listing(folder)
    code = main([*map(str, arguments)])
    said = capsys.readouterr()
    assert code == 2, said
    assert "Traceback" not in said.err + said.out
    assert said.err.startswith("smeaton: ")
    assert "\n    fix: " in said.err, "it says how to mend it"
    assert listing(folder) == before, "nothing is left behind"
    return said.err


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def csv_of(change: Callable[[list[str]], list[str]]) -> bytes:
    return ("\n".join(change(GOOD.splitlines())) + "\n").encode()


def target_of(value: Callable[[int, str], str]) -> bytes:
    """The table with another last column."""
    lines = GOOD.splitlines()
    cut = [line.rsplit(",", 1) for line in lines[1:]]
    return "\n".join([lines[0], *(f"{a},{value(number, b)}" for number, (a, b) in enumerate(cut))]).encode() + b"\n"


FILES = {
    "empty": (b"", "empty"),
    "header only": ((HEADER + "\n").encode(), "no rows"),
    "duplicate columns": (csv_of(lambda lines: [lines[0].replace("plan", "age"), *lines[1:]]), "'age'"),
    "ragged": (csv_of(lambda lines: [*lines[:7], lines[7] + ",9", *lines[8:]]), "clients.csv:8"),
    "open quote": (csv_of(lambda lines: [*lines[:7], '"' + lines[7], *lines[8:]]), "clients.csv:8"),
    "broken bytes": (b"\xef\xbb\xbf" + GOOD.encode().replace(b"plus", b"pl\xffs", 1), "UTF-8"),
    "zero bytes": (GOOD.encode().replace(b"plus", b"pl\x00s", 1), "zero byte"),
    "target constant": (target_of(lambda number, value: "yes"), "'yes' in every row"),
    "target mostly null": (target_of(lambda number, value: value if number < 2 else ""), "null"),
    "fewer than 20 rows": ("\n".join(GOOD.splitlines()[:15]).encode(), "at least 20"),
    "target an id": (target_of(lambda number, value: f"v{number}"), "id"),
}


@pytest.mark.parametrize("name", FILES)
def test_files(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, word = FILES[name]
    (tmp_path / "clients.csv").write_bytes(content)
    data = tmp_path / "clients.csv"
    said = refused(capsys, tmp_path, "build", data, "--target", "churned", "--out", tmp_path / "out", "--budget", "5s")
    assert word in said


def test_truncated_gzip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "clients.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode())[:-40])
    said = refused(capsys, tmp_path, "build", path, "--target", "churned", "--out", tmp_path / "out")
    assert "clients.csv.gz" in said


def test_missing_path_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clients.csv").write_text(GOOD)
    said = refused(capsys, tmp_path, "build", tmp_path / "client.csv", "--target", "churned")
    assert f"did you mean {tmp_path / 'clients.csv'}" in said


def test_missing_target_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clients.csv").write_text(GOOD)
    said = refused(capsys, tmp_path, "build", tmp_path / "clients.csv", "--target", "churnd", "--out", tmp_path / "o")
    assert "did you mean 'churned'" in said


def test_without_target_the_exact_command_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my clients.csv"
    path.write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, tmp_path, "build", "my clients.csv")
    assert "Likely: 'churned'" in said
    assert "fix: smeaton build 'my clients.csv' --target churned" in said


def test_one_row_in_a_class_is_said_and_built_around(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not refused: the row is trained on, and the build says that no score can judge it."""
    from smeaton.data.load import load
    from smeaton.task.yaml import read_task

    (tmp_path / "clients.csv").write_bytes(target_of(lambda number, value: "maybe" if number == 3 else value))
    (tmp_path / "smeaton.yaml").write_text("smeaton: 1\ndata: clients.csv\noutput: {churned: category}\n")
    notes = load(read_task(tmp_path / "smeaton.yaml")).notes
    assert any("only one row has the label 'maybe'" in note for note in notes)


YAML = {
    "unknown key": (TASK + "budgets: {time: 5s}\n", 8, "budget"),
    "misspelt key": (TASK.replace("data:", "dta:"), 3, "data"),
    "repeated key": (TASK + "data: other.csv\n", 8, "twice"),
    "unknown type": (TASK.replace("churned: boolean", "churned: bolean"), 4, "boolean"),
    "wrong unit": (TASK.replace("60s", "12 parsecs"), 7, "s"),
    "no unit": (TASK + "limits: {p95: 5}\n", 8, "ms"),
    "wrong version": (TASK.replace("smeaton: 1", "smeaton: 9"), 1, "1"),
    "not YAML": (TASK + "x: [\n", 9, ""),
    "a missing file": (TASK.replace("clients.csv", "client.csv"), 3, "clients.csv"),
    "a missing code file": (TASK.replace("quick.py:quick", "quik.py:quick"), 6, "quick.py"),
    "a missing function": (TASK.replace("quick.py:quick", "quick.py:fast"), None, "fast"),
    "code from elsewhere": (TASK.replace("quick.py:quick", "../quick.py:quick"), 6, ""),
    "an unknown family": (TASK.replace("only: [baseline]", "only: [lineer]"), None, "linear"),
    "an unknown metric": (TASK + "metric: acuracy\n", None, "accuracy"),
    "a metric of numbers": (TASK + "metric: rmse\n", None, "log_loss"),
    "an unknown column": (TASK + "inputs: {agee: number}\n", None, "age"),
    "an id that is not there": (TASK.replace("id: client", "id: klient"), None, "client"),
}


@pytest.mark.parametrize("name", YAML)
def test_task_files(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, line, word = YAML[name]
    file = write_task(tmp_path, text, client_rows(60))
    said = refused(capsys, tmp_path, "build", file)
    assert word in said.split("smeaton: ", 1)[1]
    if line is not None:
        assert f"{file}:{line}:" in said


def test_a_different_task_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_task(tmp_path, rows=client_rows(60))
    data = tmp_path / "clients.csv"
    said = refused(capsys, tmp_path, "build", data, "--target", "plan", "--out", tmp_path)
    assert f"smeaton build {file}" in said
    assert file.read_text() == TASK


def test_a_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clients.csv").write_text(GOOD)
    (tmp_path / "out").write_text("mine")
    refused(capsys, tmp_path, "build", tmp_path / "clients.csv", "--target", "churned", "--out", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_without_a_task(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds no smeaton.yaml" in refused(capsys, tmp_path, "build", tmp_path)


def test_a_target_beside_a_task_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_task(tmp_path, rows=client_rows(60))
    refused(capsys, tmp_path, "build", file, "--target", "churned")


@pytest.mark.parametrize("budget", ["soon", "0s", "-5s", "12 parsecs"])
def test_a_wrong_budget(budget: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_task(tmp_path, rows=client_rows(60))
    assert "budget" in refused(capsys, tmp_path, "build", file, f"--budget={budget}")


def as_others_may() -> None:
    """Root may write anywhere; without CAP_DAC_OVERRIDE (1) the permissions hold for it too (PR_CAPBSET_DROP is 24)."""
    if sys.platform == "linux" and os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def test_a_read_only_folder(tmp_path: Path) -> None:
    folder = tmp_path / "task"
    write_task(folder, rows=client_rows(60))
    folder.chmod(0o555)
    before = listing(tmp_path)
    try:
        touched = subprocess.run(["touch", folder / "a"], preexec_fn=as_others_may, check=False, capture_output=True)
        if touched.returncode == 0:
            (folder / "a").unlink()
            pytest.skip("permissions do not hold for this user")
        done = smeaton("build", folder, preexec_fn=as_others_may)
        data = smeaton(
            "build", folder / "clients.csv", "--target", "plan", "--out", folder / "in", preexec_fn=as_others_may
        )
    finally:
        folder.chmod(0o755)
    for said in (done, data):
        assert said.returncode == 2, said.stdout + said.stderr
        assert "Permission denied" in said.stderr
        assert "fix: " in said.stderr
        assert "Traceback" not in said.stderr
    assert listing(tmp_path) == before


def test_no_worker_outlives_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "clients.csv"
    path.write_bytes(FILES["target constant"][0])
    process = start("build", path, "--target", "churned", "--out", tmp_path / "out")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert workers_of(process.pid) == []


def test_a_fault_of_another_verb_is_said_the_same_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (
        ["verify", tmp_path / "no.bundle"],
        ["board", tmp_path],
        ["predict", tmp_path, "a.csv", "-o", "b.csv"],
    ):
        refused(capsys, tmp_path, *verb)


def test_json_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["build", str(tmp_path / "no.csv"), "--target", "a", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert set(said["error"]) == {"message", "fix", "where", "exit_code"}
    assert said["error"]["exit_code"] == 2


def test_unknown_verbs_and_arguments_are_refused() -> None:
    for arguments in (["bild"], ["build", "--bugdet", "5s"], []):
        done = subprocess.run(
            [sys.executable, "-m", "smeaton", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
