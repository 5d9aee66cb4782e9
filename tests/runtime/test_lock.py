"""One at a time, and no lock outlives its holder."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from smeaton.errors import InputError
from smeaton.runtime.lock import exclusive

HOLDER = """
import sys, time
from pathlib import Path
from smeaton.runtime.lock import exclusive
with exclusive(Path(sys.argv[1]), "held", "wait"):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_the_second_is_told_who_holds_it_and_the_file_goes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive(path, "another build is running", "wait for it"):
        with pytest.raises(InputError) as caught, exclusive(path, "another build is running", "wait for it"):
            raise AssertionError
        assert caught.value.message == f"another build is running (process {os.getpid()})"
        assert caught.value.fix == "wait for it"
    assert not path.exists()
    with exclusive(path, "x", "y"):
        pass


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        with pytest.raises(InputError, match=f"process {process.pid}"), exclusive(path, "held", "wait"):
            raise AssertionError
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert path.exists(), "what it leaves is a file, not a lock"
    with exclusive(path, "held", "wait"):
        pass


def test_an_old_file_of_another_process_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("a long line of something that was here before\n")
    with exclusive(path, "held", "wait"):
        assert path.read_text() == f"{os.getpid()}\n"


def test_only_one_of_many_threads_is_inside(tmp_path: Path) -> None:
    inside, most, refused = [0], [0], [0]
    guard, start = threading.Lock(), threading.Barrier(8)

    def enter() -> None:
        start.wait()
        for _ in range(40):
            try:
                with exclusive(tmp_path / "lock", "held", "wait"):
                    with guard:
                        inside[0] += 1
                        most[0] = max(most[0], inside[0])
                    with guard:
                        inside[0] -= 1
            except InputError:
                refused[0] += 1

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
    assert refused[0] < 320


def test_a_folder_that_vanishes_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    with exclusive(folder / "lock", "held", "wait"):
        (folder / "lock").unlink()
        folder.rmdir()
    assert not folder.exists(), "it is not made anew to give the lock back"
