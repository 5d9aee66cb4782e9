"""What happens to a build from outside: two at once, no memory, fits that hang, damaged stores, clocks that jump. Each
really happens here, and the build goes on."""

import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from tests.conftest import TASK, client_rows, smeaton, workers_of, write_task
from tests.flow._machine import SEARCH, alone, watched

from smeaton.cli import main

pytestmark = pytest.mark.slow

#: Families that go wrong, beside `quick`, which does not.
WRONG = '''
import ctypes, os, resource, time
from pathlib import Path

from smeaton.families import Space
from smeaton.families.linear import part as linear

HERE = Path(__file__).parent


def note(line):
    with (HERE / "tried.txt").open("a") as file:
        file.write(line + "\\n")


class Wrong:
    starts = ({"trees": 10},)

    def space(self, task, profile):
        return Space(starts=self.starts, effort=2.0)

    def fit(self, task, config, fold, run):
        note(f"{type(self).__name__} {config['trees']}")
        return self.go(task, config, fold, run)


class Hungry(Wrong):
    """More memory than there may be, but for its smallest form."""

    starts = tuple({"trees": trees} for trees in (40, 30, 2, 35, 50))

    def go(self, task, config, fold, run):
        if config["trees"] > 2:
            resource.setrlimit(resource.RLIMIT_AS, (3 << 30, resource.getrlimit(resource.RLIMIT_AS)[1]))
            held = [bytearray(200 << 20) for _ in range(100)]
        return linear.fit(task, {}, fold, run)


class Killed(Wrong):
    """What the system does to who has taken all memory."""

    def go(self, task, config, fold, run):
        os.kill(os.getpid(), 9)


class Loops(Wrong):
    def go(self, task, config, fold, run):
        while True:
            pass


class Stands(Wrong):
    """Stopped, with its whole process, inside native code."""

    def go(self, task, config, fold, run):
        os.kill(os.getpid(), 19)
        time.sleep(600)


class Deaf(Wrong):
    """Holds the interpreter for ever: no thread of the worker can act."""

    def go(self, task, config, fold, run):
        ctypes.PyDLL(None).sleep(600)


hungry, killed, loops, stands, deaf = Hungry(), Killed(), Loops(), Stands(), Deaf()
'''


def with_wrong(folder: Path, name: str) -> Path:
    text = TASK.replace('add: ["quick.py:quick"]', f'add: ["quick.py:quick", "wrong.py:{name}"]')
    write_task(folder, text)
    (folder / "wrong.py").write_text(WRONG)
    return folder


def notes_of(folder: Path, family: str) -> list[tuple[str, str]]:
    """State and note of a family's rows on the board."""
    done = smeaton("board", folder, "--json")
    rows = json.loads(done.stdout)["rows"]
    return [(row["state"], row.get("note") or row.get("why") or "") for row in rows if row["family"] == family]


def test_two_builds_in_one_folder(tmp_path: Path) -> None:
    write_task(tmp_path, SEARCH, client_rows(200))
    first = watched("build", tmp_path, "--budget", "5m")
    first.until(lambda line: "baseline: 0." in line)
    for more in ((), ("--seed", "7")):
        second = smeaton("build", tmp_path, *more)
        assert second.returncode == 2
        assert f"another build is running in this folder (process {first.process.pid})" in second.stderr
        assert "--out" in second.stderr
    first.process.send_signal(signal.SIGINT)
    code, said = first.end()
    assert code == 5, said
    assert not (tmp_path / ".smeaton" / "build.lock").exists()


def test_two_builds_from_the_first_moment(tmp_path: Path) -> None:
    """Started together, one of them builds, and the other leaves nothing behind and takes nothing away."""
    write_task(tmp_path)
    both = [watched("build", tmp_path, "--out", tmp_path / "o") for _ in range(2)]
    ends = [one.end() for one in both]
    # The second may begin when the first is done.
    assert sorted(code for code, _ in ends) in ([0, 0], [0, 2]), ends
    assert all(code == 0 or "another build is running" in said for code, said in ends), ends
    assert main(["verify", str(tmp_path / "o" / "clients.bundle")]) == 0


def test_a_killed_build_holds_no_lock(tmp_path: Path) -> None:
    write_task(tmp_path, SEARCH)
    first = watched("build", tmp_path, "--budget", "60s")
    first.until(lambda line: "baseline: 0." in line)
    first.process.kill()
    first.end()
    assert (tmp_path / ".smeaton" / "build.lock").exists()
    assert smeaton("build", tmp_path, "--budget", "25s").returncode == 0


def test_two_predicts_into_one_file(tmp_path: Path, copied: Path) -> None:
    rows = tmp_path / "many.csv"
    lines = (copied / "clients.csv").read_text().splitlines(keepends=True)
    rows.write_text(lines[0] + "".join(lines[1:]) * 1_500)
    arguments = ("predict", copied / "clients.bundle", rows, "-o", tmp_path / "answers.csv")
    both = [watched(*arguments) for _ in range(2)]
    ends = [one.end() for one in both]
    assert sorted(code for code, _ in ends) in ([0, 0], [0, 2]), ends  # the second may begin when the first is done
    assert all(code == 0 or "process" in said for code, said in ends), ends
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 1_500 * (len(lines) - 1) + 1


def test_no_memory_fails_the_candidate_and_bars_larger_ones(tmp_path: Path) -> None:
    with_wrong(tmp_path, "hungry")
    done = smeaton("build", tmp_path, "--budget", "30s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ran out of memory" in done.stdout
    tried = [line.split()[1] for line in (tmp_path / "tried.txt").read_text().splitlines()]
    assert {"40", "30"} <= set(tried)
    assert not set(tried) & {"35", "50"}, "larger than what failed twice"
    assert "2" in tried, "a smaller form has its turn"
    assert notes_of(tmp_path, "wrong.py:hungry")


def test_a_worker_that_the_system_kills(tmp_path: Path) -> None:
    with_wrong(tmp_path, "killed")
    done = smeaton("build", tmp_path, "--budget", "20s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the worker was killed" in done.stdout


@pytest.mark.parametrize("name", ["loops", "stands", "deaf"])
def test_a_fit_that_hangs_is_ended_and_said(name: str, tmp_path: Path) -> None:
    with_wrong(tmp_path, name)
    build = watched("build", tmp_path, "--budget", "20s")
    code, said = build.end(60)
    assert code in (0, 4), said  # few rows say little: what counts is that it ends
    assert f"wrong.py:{name} stopped: " in said
    assert (tmp_path / "tried.txt").exists()
    assert main(["verify", str(tmp_path / "clients.bundle")]) == 0


def store_of(folder: Path) -> Path:
    return next((folder / ".smeaton").glob("*/trials.db")).parent


def flip(path: Path, place: int = -10) -> None:
    body = bytearray(path.read_bytes())
    body[place] ^= 0x5A
    path.write_bytes(bytes(body))


def test_a_damaged_store_is_moved_aside_and_the_build_goes_on(copied: Path) -> None:
    root = store_of(copied)
    base = sqlite3.connect(root / "trials.db", isolation_level=None)
    base.execute("update trials set body = 'x' where position = 1")
    base.close()
    done = smeaton("build", copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the record of earlier trials is damaged" in done.stdout
    assert (root / "damaged-1" / "trials.db").exists()
    assert smeaton("build", copied).stdout.count("is damaged") == 0


@pytest.mark.parametrize("name", ["held/c0.npy", "program/model.onnx", "result.json"])
def test_a_damaged_fit_is_done_again(name: str, copied: Path) -> None:
    root = store_of(copied)
    fits = sorted(path for path in (root / "trials").glob(f"*/fold0/{name}"))
    flip(fits[-1])
    done = smeaton("build", copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 trials on disk are damaged" in done.stdout
    assert (root / "damaged-1").is_dir()
    assert main(["verify", str(copied / "clients.bundle")]) == 0


def test_damaged_rows_are_written_anew(copied: Path) -> None:
    root = store_of(copied)
    (root / "data" / "folds.npz").write_bytes(b"PK")
    done = smeaton("build", copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the prepared rows on disk are damaged (folds.npz has changed): they are written anew" in done.stdout


def test_other_damaged_records(copied: Path) -> None:
    root = store_of(copied)
    (root.parent / "openings.json").write_text("{")
    for path in root.glob("ledger*"):
        path.write_bytes(b"no ledger at all")
    (root / "board.json").write_text("[")
    said = smeaton("board", copied)
    assert said.returncode == 2
    assert "the board cannot be read" in said.stderr
    done = smeaton("build", copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the count of openings is damaged" in done.stdout
    assert "the record of what was spent is damaged" in done.stdout
    assert smeaton("board", copied).returncode == 0


#: Loaded by every Python process that has its folder on the path: the wall clock jumps by hours, forth and back.
JUMPS = """
import random, time
real = time.time
time.time = lambda: real() + random.choice((-7200.0, 0.0, 3600.0, 86400.0))
"""


def test_a_wall_clock_that_jumps_changes_nothing(tmp_path: Path) -> None:
    """The budget holds, no fit is taken for late, and every trial comes out as it does with a steady clock."""
    write_task(tmp_path / "task")
    (tmp_path / "jumps").mkdir()
    (tmp_path / "jumps" / "sitecustomize.py").write_text(JUMPS)
    jumping = dict(os.environ) | {"PYTHONPATH": str(tmp_path / "jumps")}
    begun = time.monotonic()
    code, said = watched("build", tmp_path / "task", environment=jumping).end()
    assert time.monotonic() - begun < 66
    assert code == 0, said
    assert "still running" not in said
    assert "time for trying" not in said.replace("are for trying", "")
    done = smeaton("build", tmp_path / "task", "--replay")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "recorded trials were repeated with the same scores" in done.stdout


def test_sigterm_is_ctrl_c(tmp_path: Path) -> None:
    write_task(tmp_path, SEARCH)
    build = watched("build", tmp_path, "--budget", "60s")
    build.until(lambda line: "s  linear: 0." in line or "s  boosting: 0." in line)
    build.process.send_signal(signal.SIGTERM)
    code, said = build.end()
    assert code == 5, said
    assert "the search ended: you stopped it" in said
    assert main(["verify", str(tmp_path / "clients.bundle")]) == 0
    assert workers_of(build.process.pid) == []
    assert alone(build.process.pid)
