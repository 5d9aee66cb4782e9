"""Vectors kept on disk: each text is computed once, whoever asks, and whatever happens to the files."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.families import _vectors
from smeaton.families._vectors import CHUNK, VectorStore, _Chunk
from smeaton.task.table import Array

KEY = "k" * 64
#: Computes vectors of texts with a pause, and writes down which texts were computed.
WORKER = """
import sys, time
from pathlib import Path
import numpy as np
from smeaton.families._vectors import VectorStore

folder, log, count, wait = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])

def compute(texts):
    time.sleep(wait)
    with log.open("a") as file:
        file.write("".join(f"{text}\\n" for text in texts))
    return np.array([[len(text), int(text[1:])] for text in texts], dtype=np.float32).reshape(-1, 2)

print("begun", flush=True)
texts = [f"t{number}" for number in range(count)]
found = VectorStore(folder).vectors("k" * 64, texts, compute)
assert found[:, 1].tolist() == list(range(count))
"""


class Counted:
    """Vectors of texts, and which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Array:
        self.asked += texts
        return np.array([[len(text), sum(map(ord, text))] for text in texts], dtype=np.float32).reshape(-1, 2)


def texts_of(count: int) -> list[str]:
    return [f"text {number}" for number in range(count)]


def start(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WORKER, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def begun(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"


def test_a_text_is_computed_once(tmp_path: Path) -> None:
    texts, compute = texts_of(3 * CHUNK), Counted()
    texts[5], texts[6] = "\u6771\u4eac \U0001f600", "half \ud83d"
    expected = Counted()(texts)
    store = VectorStore(tmp_path)
    assert np.array_equal(store.vectors(KEY, texts[:100], compute), expected[:100])
    assert np.array_equal(store.vectors(KEY, texts, compute), expected)
    assert np.array_equal(store.vectors(KEY, texts[::-1], compute), expected[::-1])
    assert np.array_equal(VectorStore(tmp_path).vectors(KEY, texts, compute), expected)
    assert sorted(compute.asked) == sorted(texts)
    assert not list(tmp_path.rglob("claim-*"))
    assert not list(tmp_path.rglob("unfinished-*"))


def test_other_keys_are_other_vectors(tmp_path: Path) -> None:
    store, compute = VectorStore(tmp_path), Counted()
    store.vectors(KEY, ["a"], compute)
    store.vectors("other" * 12, ["a"], compute)
    assert compute.asked == ["a", "a"]


def test_no_text_is_no_vector(tmp_path: Path) -> None:
    assert VectorStore(tmp_path).vectors(KEY, [], Counted()).shape == (0, 2)


def test_two_processes_share_the_work(tmp_path: Path) -> None:
    log, count = tmp_path / "log", 6 * CHUNK
    both = [start(tmp_path / "store", log, count, 0.1) for _ in range(2)]
    for process in both:
        begun(process)
        assert process.wait(60) == 0
        assert process.stdout is not None
        process.stdout.close()
    done = log.read_text().split()
    assert sorted(done) == sorted(f"t{number}" for number in range(count))


def test_the_chunks_of_a_killed_process_are_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    process = start(folder, tmp_path / "log", 2 * CHUNK, 600)
    begun(process)
    while not list(folder.rglob("claim-*")):
        assert process.poll() is None
    process.kill()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()
    assert list(folder.rglob("claim-*"))
    compute = Counted()
    VectorStore(folder).vectors(KEY, [f"t{number}" for number in range(2 * CHUNK)], compute)
    assert len(compute.asked) == 2 * CHUNK
    assert not list(folder.rglob("claim-*"))


def test_a_claim_of_another_machine_counts_until_it_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = tmp_path / KEY[:32] / "claim-0-0"
    claim.parent.mkdir()
    claim.write_text("1 elsewhere")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            os.utime(claim, (1.0, 1.0))

    monkeypatch.setattr(_vectors.time, "sleep", sleep)
    compute = Counted()
    VectorStore(tmp_path).vectors(KEY, ["a"], compute)
    assert (len(waits), compute.asked) == (3, ["a"])


def test_a_chunk_cut_otherwise_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker misses all texts and has claimed a quarter; the other one misses few, in one chunk."""
    claim = tmp_path / KEY[:32] / "claim-2-3"
    claim.parent.mkdir()
    claim.write_text(f"{os.getpid()} {socket.gethostname()}")
    monkeypatch.setattr(_vectors.time, "sleep", lambda seconds: claim.unlink())
    compute = Counted()
    VectorStore(tmp_path).vectors(KEY, texts_of(20), compute)
    assert len(compute.asked) == 20
    assert not claim.exists()


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_chunks_meet_where_a_hash_can_be_in_both(bits: int, other: int, one: int, two: int) -> None:
    first, second = _Chunk(bits, one >> (32 - bits)), _Chunk(other, two >> (32 - other))
    low, high = sorted((first, second), key=lambda chunk: chunk.bits)
    inside = high.number >> (high.bits - low.bits) == low.number
    assert first.meets(second) == second.meets(first) == inside
    assert first.meets(_Chunk(other, one >> (32 - other)))
    assert _Chunk.read(str(first)) == first


def test_a_fault_gives_the_chunk_back(tmp_path: Path) -> None:
    def fails(texts: Sequence[str]) -> Array:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        VectorStore(tmp_path).vectors(KEY, ["a"], fails)
    compute = Counted()
    VectorStore(tmp_path).vectors(KEY, ["a"], compute)
    assert compute.asked == ["a"]


@pytest.mark.parametrize("change", ["flip", "cut", "empty"])
def test_a_damaged_file_is_made_again(change: str, tmp_path: Path) -> None:
    texts, compute = texts_of(50), Counted()
    VectorStore(tmp_path).vectors(KEY, texts, compute)
    (path,) = tmp_path.rglob("*.npy")
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes({"flip": bytes(data), "cut": bytes(data[:-5]), "empty": b""}[change])
    again = Counted()
    assert np.array_equal(VectorStore(tmp_path).vectors(KEY, texts, again), compute(texts))
    assert sorted(again.asked) == sorted(texts)
    assert len(list(tmp_path.rglob("*.npy"))) == 1


def test_the_cache_may_be_deleted_at_any_time(tmp_path: Path) -> None:
    texts = texts_of(2 * CHUNK)
    folder, first = tmp_path / "store", Counted()
    store = VectorStore(folder)
    store.vectors(KEY, texts[:CHUNK], first)
    shutil.rmtree(folder)

    class Deleting(Counted):
        def __call__(self, some: Sequence[str]) -> Array:
            shutil.rmtree(folder, ignore_errors=True)
            return super().__call__(some)

    second = Deleting()
    found = store.vectors(KEY, texts, second)
    assert np.array_equal(found, Counted()(texts))
    assert sorted(first.asked + second.asked) == sorted(texts)
