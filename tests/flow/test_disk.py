"""A disk that is full, read-only or taken away while a build works on it: said once, nothing half written, and the same
command goes on afterwards."""

import json
import resource
import shutil
from pathlib import Path

import pytest
from tests.conftest import client_rows, smeaton, write_task
from tests.flow._machine import SEARCH, as_others_may, disk, fill, watched

from smeaton.cli import main

pytestmark = pytest.mark.slow


def no_leftovers(folder: Path) -> None:
    assert [path.name for path in folder.iterdir() if path.name.startswith((".clients.bundle", ".probe"))] == []


def test_a_disk_without_room_is_refused_before_the_work(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "6m") as folder:
        write_task(folder)
        before = sorted(path.name for path in folder.iterdir())
        done = smeaton("build", folder)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "the trials of this build need about 8" in done.stderr
        assert "are free on this disk" in done.stderr
        assert "Traceback" not in done.stderr
        assert sorted(path.name for path in folder.iterdir()) == before


def test_a_disk_that_is_full_already(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "1m") as folder:
        write_task(folder)
        filler = fill(folder)
        done = smeaton("build", folder)
        filler.unlink()
        assert done.returncode == 2, done.stdout + done.stderr
        assert "fix: " in done.stderr
        assert "Traceback" not in done.stderr
        assert not (folder / ".smeaton").exists()


@pytest.mark.parametrize("leave", [0, 150_000])
def test_a_disk_that_fills_up_during_the_search(leave: int, tmp_path: Path) -> None:
    with disk(tmp_path / "small", "60m") as folder:
        write_task(folder, SEARCH)
        build = watched("build", folder, "--budget", "25s")
        build.until(lambda line: "baseline: 0." in line)
        filler = fill(folder, leave)
        code, said = build.end()
        assert code == 2, said
        assert "the disk is full" in said
        assert "goes on where it stopped" in said
        filler.unlink()
        assert not (folder / "clients.bundle").exists()
        no_leftovers(folder)
        again = smeaton("build", folder, "--budget", "15s", "--json")
        assert again.returncode == 0, again.stdout + again.stderr
        assert json.loads(again.stdout)["outcome"] == "ready"
        assert main(["verify", str(folder / "clients.bundle")]) == 0


@pytest.mark.parametrize("phase", ["measuring", "sealed test", "bundle"])
def test_a_disk_that_fills_up_at_the_end_keeps_the_earlier_bundle(phase: str, tmp_path: Path) -> None:
    with disk(tmp_path / "small", "60m") as folder:
        write_task(folder)
        assert smeaton("build", folder).returncode == 0
        shutil.rmtree(folder / ".smeaton")
        build = watched("build", folder)
        build.until(lambda line: line.endswith(f"s  {phase}\n"))
        filler = fill(folder)
        code, said = build.end()
        filler.unlink()
        # It may have had all it needs by then: then it is done, else it says why not.
        assert code in (0, 2), said
        assert code == 0 or "the disk is full" in said, said
        assert main(["verify", str(folder / "clients.bundle")]) == 0
        no_leftovers(folder)
        assert smeaton("build", folder).returncode == 0


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    write_task(tmp_path, SEARCH)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    done = smeaton("build", tmp_path, "--budget", "15s", preexec_fn=limited)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "a limit on their size" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert smeaton("build", tmp_path, "--budget", "10s").returncode == 0


def test_folders_that_become_read_only(tmp_path: Path) -> None:
    """A file system with open files cannot be made read-only from outside; permissions can be taken away."""
    write_task(tmp_path, SEARCH)
    build = watched("build", tmp_path, "--budget", "25s", preexec_fn=as_others_may)
    build.until(lambda line: "baseline: 0." in line)
    folders = [path for path in (tmp_path, *tmp_path.rglob("*")) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    code, said = build.end()
    for folder in folders:
        if folder.exists():
            folder.chmod(0o755)
    assert code == 2, said
    assert "Permission denied" in said
    assert "fix: " in said
    assert smeaton("build", tmp_path, "--budget", "25s").returncode == 0


def test_a_folder_that_is_deleted_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "task"
    write_task(folder, SEARCH)
    build = watched("build", folder, "--budget", "25s")
    build.until(lambda line: "baseline: 0." in line)
    shutil.rmtree(folder, ignore_errors=True)
    code, said = build.end()
    assert code == 2, said
    assert "the folder is gone" in said


@pytest.mark.parametrize("phase", ["measuring", "sealed test", "bundle"])
def test_a_folder_that_is_deleted_at_the_end(phase: str, tmp_path: Path) -> None:
    folder = tmp_path / "task"
    write_task(folder)
    build = watched("build", folder)
    build.until(lambda line: line.endswith(f"s  {phase}\n"))
    shutil.rmtree(folder, ignore_errors=True)
    code, said = build.end()
    # Where it was quick enough its folder is made again, with the bundle.
    assert code in (0, 2), said
    assert "fault of Smeaton" not in said


def test_predict_onto_a_full_disk(tmp_path: Path) -> None:
    write_task(tmp_path / "task")
    assert smeaton("build", tmp_path / "task").returncode == 0
    bundle, rows = tmp_path / "task" / "clients.bundle", tmp_path / "task" / "clients.csv"
    with disk(tmp_path / "small", "1m") as folder:
        filler = fill(folder)
        done = smeaton("predict", bundle, rows, "-o", folder / "answers.csv")
        assert done.returncode == 2, done.stdout + done.stderr
        assert "No space" in done.stderr or "full" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (folder / "answers.csv").exists()
        filler.unlink()
        assert smeaton("predict", bundle, rows, "-o", folder / "answers.csv").returncode == 0
        assert len((folder / "answers.csv").read_text().splitlines()) == len(client_rows()) + 1
