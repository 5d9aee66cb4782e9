import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import DataError
from smeaton.runtime.state import StateFolder


def opened(root: Path, bundle: str = "b1") -> StateFolder:
    return StateFolder(root, "words", bundle)


def filled(root: Path, writes: list[list[bytes]]) -> None:
    state = opened(root)
    for records in writes:
        state.append(records)
    state.close()


def test_a_new_state_holds_the_seed_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "bundle"
    (source / "state/words/deep").mkdir(parents=True)
    (source / "state/words/deep/list.txt").write_text("one")
    state = StateFolder(tmp_path / "s", "words", "b1", ("state/words/deep/list.txt",), source)
    assert (state.folder / "seed/deep/list.txt").read_text() == "one"
    assert (state.revision, list(state.records())) == (0, [])
    state.close()
    (state.folder / "seed/deep/list.txt").write_text("two")
    with pytest.raises(DataError, match="seed files were changed"):
        opened(tmp_path / "s")


@given(writes=st.lists(st.lists(st.binary(max_size=40), max_size=4), max_size=6))
@settings(max_examples=25, deadline=None)
def test_what_was_appended_is_there_again(tmp_path_factory: pytest.TempPathFactory, writes: list[list[bytes]]) -> None:
    root = tmp_path_factory.mktemp("state")
    filled(root, writes)
    state = opened(root)
    assert state.revision == len(writes)
    assert list(state.records()) == [record for records in writes for record in records]
    state.close()


@given(cut=st.integers(min_value=0, max_value=10_000), zeros=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_torn_last_write_is_cut_off(tmp_path_factory: pytest.TempPathFactory, cut: int, zeros: bool) -> None:
    root = tmp_path_factory.mktemp("state")
    filled(root, [[b"one"], [b"two", b"three"]])
    log = root / "words/log"
    whole = log.read_bytes()
    other = tmp_path_factory.mktemp("other")
    filled(other, [[b"one"], [b"two", b"three"], [b"four" * 20]])
    frame = (other / "words/log").read_bytes()[len(whole) :]
    torn = bytes(cut % 50) if zeros else frame[: cut % len(frame)]
    log.write_bytes(whole + torn)
    state = opened(root)
    assert list(state.records()) == [b"one", b"two", b"three"]
    assert state.append([b"five"]) == 3
    state.close()
    state = opened(root)
    assert list(state.records())[-1] == b"five"
    state.close()


@given(place=st.integers(min_value=0, max_value=10_000), flip=st.integers(min_value=1, max_value=255))
@settings(max_examples=60, deadline=None)
def test_damage_is_refused_never_repaired_in_silence(
    tmp_path_factory: pytest.TempPathFactory, place: int, flip: int
) -> None:
    root = tmp_path_factory.mktemp("state")
    filled(root, [[b"one"], [b"two", b"three"]])
    log = root / "words/log"
    content = bytearray(log.read_bytes())
    content[place % len(content)] ^= flip
    log.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged|checksum|had been committed"):
        opened(root)


def test_a_shortened_log_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path, [[b"one"], [b"two"]])
    log = tmp_path / "words/log"
    log.write_bytes(log.read_bytes()[:-3])
    with pytest.raises(DataError, match="holds 1 writes, and 2 had been committed"):
        opened(tmp_path)


def test_another_bundle_a_future_format_and_a_second_writer_are_refused(tmp_path: Path) -> None:
    state = opened(tmp_path)
    with pytest.raises(DataError, match="another process is using"):
        opened(tmp_path)
    state.close()
    with pytest.raises(DataError, match="belongs to the bundle b1, not to b2"):
        opened(tmp_path, "b2")
    manifest = tmp_path / "words/manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 7'))
    with pytest.raises(DataError, match="format 7"):
        opened(tmp_path)
    manifest.unlink()
    with pytest.raises(DataError, match="manifest cannot be read"):
        opened(tmp_path)
    with pytest.raises(DataError, match="closed"):
        state.append([b"x"])


@pytest.mark.parametrize("name", ["..", "a/b", "", "/x"])
def test_names_stay_inside(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot name"):
        StateFolder(tmp_path, name, "b1")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be used"):
        opened(tmp_path / "file")


def test_a_write_the_disk_refuses_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = opened(tmp_path)
    state.append([b"one"])

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DataError, match="was not kept: No space left"):
            state.append([b"two"])
    with pytest.raises(DataError, match="closed"):
        state.append([b"three"])
    state.close()
    again = opened(tmp_path)
    assert list(again.records()) == [b"one"]
    again.close()


def test_what_a_crash_left_while_creating_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / ".words.new/seed").mkdir(parents=True)
    state = opened(tmp_path)
    assert state.append([b"x"]) == 1
    assert not (tmp_path / ".words.new").exists()
    state.close()


WRITER = """
import sys
from pathlib import Path
from smeaton.runtime.state import StateFolder
state = StateFolder(Path(sys.argv[1]), "words", "b1")
number = sum(1 for _ in state.records())
while True:
    state.append([b"%d" % number + b"." * (number % 5000)])
    print(number, flush=True)
    number += 1
"""


@pytest.mark.slow
def test_kill_9_while_writing_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged = -1
    for life in range(8):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(5 + 7 * life):
            acknowledged = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
        process.wait()
        process.stdout.close()
        state = opened(tmp_path)
        found = [int(record.split(b".")[0]) for record in state.records()]
        assert found == list(range(len(found)))
        assert len(found) > acknowledged
        state.close()
