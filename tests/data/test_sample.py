"""A uniform sample in one pass: the same for any chunks, every row as likely as another, and said."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.data import _room
from smeaton.data import read as reading
from smeaton.data._compact import Compact, Kept, packed, plain
from smeaton.data._room import available, room
from smeaton.data._sample import Reservoir, Sample, draws, picks, row_bytes
from smeaton.data.read import read
from smeaton.errors import InputError
from smeaton.task.table import Array, concat, object_column
from smeaton.task.task import Source


@settings(deadline=None)
@given(
    st.integers(0, 3_000),
    st.integers(1, 500),
    st.integers(0, 2**32),
    st.lists(st.integers(1, 700), min_size=1, max_size=9),
)
def test_any_chunks_give_the_same_sample(count: int, most: int, seed: int, sizes: list[int]) -> None:
    kept = Reservoir(most, seed)
    start, turn = 0, 0
    while start < count:
        size = min(sizes[turn % len(sizes)], count - start)
        kept.add({"n": np.arange(start, start + size)}, size)
        start, turn = start + size, turn + 1
    pieces, positions = kept.rows()
    assert positions.tolist() == picks(count, most, seed).tolist()
    assert len(positions) == min(most, count)
    if pieces:
        assert concat([piece for piece, _ in pieces])["n"].tolist() == positions.tolist()


def test_every_row_is_as_likely_as_another() -> None:
    hits = np.zeros(200)
    for seed in range(2_000):
        hits[picks(200, 50, seed)] += 1
    # 2,000 draws with chance 1/4: mean 500, standard deviation 19
    assert abs(hits - 500).max() < 5 * 19.4
    assert abs(np.corrcoef(np.arange(200), hits)[0, 1]) < 0.3


def test_no_two_rows_draw_the_same_and_seeds_differ() -> None:
    numbers = draws(np.arange(100_000), 0)
    assert len(np.unique(numbers)) == 100_000
    assert picks(1_000, 10, 0).tolist() == picks(1_000, 10, 0).tolist() != picks(1_000, 10, 1).tolist()


def test_the_bytes_of_a_row_count_its_objects() -> None:
    table = {"n": np.zeros(10), "s": object_column(["x" * 51] * 10), "l": object_column([["x" * 51]] * 10)}
    assert row_bytes(table) == pytest.approx(8 + (8 + 100) + (8 + 64 + 100), abs=16)
    assert row_bytes({"n": np.zeros(0)}) == 0


def write(folder: Path, rows: int, start: int = 0, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text("n,s\n" + "".join(f"{n},word {n}\n" for n in range(start, start + rows)))
    return path


def test_a_limit_of_bytes_is_estimated_from_the_first_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_AT_ONCE", (300, 2_000_000))
    path = write(tmp_path, 20_000)
    raw = read(path, tmp_path, most=Sample(bytes=100_000, why="as a test says"))
    assert len(raw) == 100_000 // 32  # two short texts of 16 bytes
    assert raw.origin is not None
    assert raw.table["n"].tolist() == [str(row) for row in raw.origin]
    assert raw.notes == (
        f"{path}: a sample of {len(raw):,} of its 20,000 rows is read: drawn uniformly with seed 0, in their order, so "
        "that they take at most 0.0001 GB as read (as a test says)",
    )
    assert raw.place(5) == f"{path}:{raw.origin[5] + 2}"


def test_what_fits_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path, 2_000)
    for most in (Sample(bytes=10**9), Sample(bytes=70_000), Sample(rows=2_000)):
        raw = read(path, tmp_path, most=most)
        assert (len(raw), raw.origin, raw.notes) == (2_000, None, ())


def test_a_sample_over_several_files_of_several_forms(tmp_path: Path) -> None:
    write(tmp_path, 500, name="a.csv")
    lines = "".join(f'{{"s": "word {n}", "n": {n}}}\n' for n in range(500, 900))
    (tmp_path / "b.jsonl").write_text(lines)
    raw = read(Source(files=("a.csv", "b.jsonl")), tmp_path, most=Sample(rows=90))
    drawn = picks(900, 90, 0)
    assert raw.table["s"].tolist() == [f"word {row}" for row in drawn]
    assert [str(value) for value in raw.table["n"]] == [str(row) for row in drawn]
    assert raw.place(0) == f"{tmp_path}/a.csv:{drawn[0] + 2}"
    assert raw.place(89) == f"{tmp_path}/b.jsonl:{drawn[89] - 499}"
    assert "and 1 more: a sample of 90 of its 900 rows" in raw.notes[0]


def test_how_much_memory_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMEATON_MEMORY", "2GB")
    assert available() == 2 * 10**9
    assert room().bytes == 5 * 10**8
    assert "SMEATON_MEMORY" in room().why
    monkeypatch.setenv("SMEATON_MEMORY", "much")
    with pytest.raises(InputError, match="SMEATON_MEMORY='much'") as caught:
        available()
    assert "2GB" in caught.value.fix
    monkeypatch.delenv("SMEATON_MEMORY")
    monkeypatch.setattr(_room, "_machine", lambda: 7_000)
    monkeypatch.setattr(_room, "_container", lambda: None)
    assert available() == 7_000
    monkeypatch.setattr(_room, "_container", lambda: 5_000)
    assert available() == 5_000
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    12 kB\n")
    monkeypatch.undo()
    assert _room._machine(tmp_path / "meminfo") == 12 * 1024


def test_the_limits_of_a_container(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/a/b\n")
    root = tmp_path / "fs"

    def group(folder: Path, limit: str, used: int, cache: int) -> None:
        folder.mkdir(parents=True)
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cache}\n")

    assert _room._container(root, own) is None
    group(root / "a/b", "max", 10**9, 0)
    assert _room._container(root, own) is None
    group(root / "a-b", "5", 1, 1)
    (root / "a" / "memory.max").write_text("4000000000\n")
    (root / "a" / "memory.current").write_text("3000000000\n")
    (root / "a" / "memory.stat").write_text("inactive_file 500000000\n")
    assert _room._container(root, own) == 1_500_000_000


def test_large_tables_keep_their_texts_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read is the same, whichever way; columns that some rows lack are null there."""
    lines = [f'{{"n": {n}, "s": "é{n % 3}"' + (f', "late": "{n}"' if n > 1_500 else "") + "}" for n in range(2_000)]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines))
    whole = read(path, tmp_path)
    monkeypatch.setattr(reading, "_LARGE", 0)
    monkeypatch.setattr(reading, "_AT_ONCE", (300, 2_000_000))
    large = read(path, tmp_path)
    assert isinstance(large.table, Compact)
    assert len(large) == 2_000
    assert list(large.table) == list(whole.table) == ["n", "s", "late"]
    for name, column in whole.table.items():
        assert large.table[name].dtype == column.dtype
        assert large.table[name].tolist() == column.tolist()
    assert "late" in large.table
    assert "nothing" not in large.table
    assert len({id(text) for text in large.table["s"].tolist()}) == 3
    assert large.place(1_700) == whole.place(1_700)
    kept = Kept(large.table, ["s", "n"], np.array([0, 5]))
    assert {name: column.tolist() for name, column in kept.items()} == {"s": ["é0", "é2"], "n": [0, 5]}
    with pytest.raises(KeyError):
        kept["late"]


@given(st.lists(st.none() | st.text(max_size=30), max_size=20))
def test_packed_texts_come_back(texts: list[str | None]) -> None:
    column = object_column(texts)
    assert plain(packed(column)).tolist() == texts
    assert packed(object_column([1, "a"])).dtype == object


def test_only_rows_that_are_kept_are_packed() -> None:
    sizes: list[int] = []

    def pack(column: Array) -> Array:
        sizes.append(len(column))
        return column

    kept = Reservoir(100, 0, pack)
    for start in range(0, 50_000, 1_000):
        kept.add({"a": np.arange(start, start + 1_000)}, 1_000)
    pieces, positions = kept.rows()
    assert sum(sizes) < 10_000
    np.testing.assert_array_equal(np.concatenate([piece["a"] for piece, _ in pieces]), picks(50_000, 100, 0))
    np.testing.assert_array_equal(positions, picks(50_000, 100, 0))
