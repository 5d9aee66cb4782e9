"""What holds for every source that is found: the same rows by any chunk, columns, places, and how it refuses."""

import importlib.util
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.sources._write import FORMS, NEEDS, Columns, file

from smeaton import plugins
from smeaton.data._found import reader_of
from smeaton.data._sample import Sample, picks
from smeaton.data.read import read, read_chunks
from smeaton.data.sources import Reader
from smeaton.errors import DataError
from smeaton.task.table import Array

COLUMNS: Columns = {
    "whole": list(range(10)),
    "real": [0.5 * place for place in range(10)],
    "word": [f"w{place % 3}, é" for place in range(10)],
    "gaps": [None if place % 4 == 1 else f"g{place}" for place in range(10)],
}
ENDINGS = sorted(FORMS)


@pytest.fixture(params=ENDINGS)
def ending(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    if found in NEEDS and importlib.util.find_spec(NEEDS[found]) is None:
        pytest.skip(f"{NEEDS[found]} is not installed")
    return found


def plain(table: dict[str, Array]) -> dict[str, list[Any]]:
    """Columns as texts, nulls as None: what text and typed forms have in common."""
    return {name: [_text(value) for value in column.tolist()] for name, column in table.items()}


def _text(value: Any) -> str | None:
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def written(folder: Path, ending: str, columns: Columns = COLUMNS) -> Path:
    return file(folder, f"t{ending}", FORMS[ending](columns))


def test_every_source_is_covered() -> None:
    """A new source needs a line in `_write.FORMS`."""
    covered = {id(reader_of(Path(f"t{ending}"))) for ending in FORMS}
    assert all(id(part) in covered for part in parts() if part.suffixes)


def parts() -> Iterator[Reader]:
    for name in plugins.names("sources"):
        yield plugins.load("sources", name)


def test_what_was_written_is_read(tmp_path: Path, ending: str) -> None:
    found = plain(read(written(tmp_path, ending), tmp_path).table)
    assert found == {name: [_text(value) for value in values] for name, values in COLUMNS.items()}


@pytest.mark.parametrize("rows", [1, 3, 10, 99])
def test_chunks_joined_are_the_whole(tmp_path: Path, ending: str, rows: int) -> None:
    path = written(tmp_path, ending)
    whole = plain(read(path, tmp_path).table)
    chunks = list(read_chunks(path, rows))
    assert all(0 < len(chunk) <= rows for chunk in chunks)
    assert [chunk.first_row for chunk in chunks] == np.cumsum([0, *map(len, chunks)])[:-1].tolist()
    joined = {name: [value for chunk in chunks for value in plain(chunk.table)[name]] for name in whole}
    assert joined == whole
    assert all(chunk.notes == () for chunk in chunks[1:])


def test_columns_are_chosen_in_the_order_asked(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path, ending)
    for raw in (read(path, tmp_path, ["word", "whole"]), next(read_chunks(path, 4, ["word", "whole"]))):
        assert list(raw.table) == ["word", "whole"]
        assert plain(raw.table)["word"][0] == "w0, é"
    with pytest.raises(DataError, match=r"there is no column 'Word'.*did you mean 'word'") as caught:
        read(path, tmp_path, ["Word"])
    assert str(path.name) in caught.value.where
    assert caught.value.fix


def test_a_row_knows_its_place(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path, ending)
    raw = read(path, tmp_path)
    places = [raw.place(row) for row in range(10)]
    assert len(set(places)) == 10
    assert all(place.startswith(str(path)) for place in places)
    last = list(read_chunks(path, 4))[-1]
    assert last.place(len(last) - 1) == places[-1]


def test_no_rows_are_no_rows(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path, ending, {"a": [], "b": []})
    if ending in (".json", ".jsonl"):  # there, rows alone name the columns
        with pytest.raises(DataError, match="empty"):
            read(path, tmp_path)
        return
    assert plain(read(path, tmp_path).table) == {"a": [], "b": []}
    [chunk] = read_chunks(path, 5)
    assert list(chunk.table) == ["a", "b"]


@pytest.mark.parametrize("most", [1, 4, 9])
def test_a_sample_is_the_same_rows_in_every_form(tmp_path: Path, ending: str, most: int) -> None:
    path = written(tmp_path, ending)
    raw = read(path, tmp_path, most=Sample(rows=most, seed=7))
    drawn = picks(10, most, 7)
    assert raw.origin is not None
    assert raw.origin.tolist() == drawn.tolist()
    assert plain(raw.table)["whole"] == [str(row) for row in drawn]
    assert f"a sample of {most} of its 10 rows" in raw.notes[-1]
    assert "seed 7" in raw.notes[-1]
    whole = read(path, tmp_path)
    assert [raw.place(row) for row in range(most)] == [whole.place(int(row)) for row in drawn]


def test_a_sample_of_few_rows_is_all_of_them(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path, ending)
    whole, raw = read(path, tmp_path), read(path, tmp_path, most=Sample(rows=10))
    assert raw.origin is None
    assert raw.notes == whole.notes
    for name, column in whole.table.items():
        assert raw.table[name].dtype == column.dtype
        assert plain({name: raw.table[name]}) == plain({name: column})


JUNK = {
    "empty": b"",
    "a mark alone": b"\xef\xbb\xbf",
    "another mark alone": b"\xff\xfe",
    "binary": bytes(range(256)) * 8,
    "zeros": bytes(2048),
    "a zip": b"PK\x03\x04" + b"\x14\0\0\0" * 60,
    "gzip": b"\x1f\x8b\x08" + b"\0" * 40,
    "bzip2": b"BZh91AY&SY" + b"\x10" * 40,
    "xz": b"\xfd7zXZ\x00" + b"\x01" * 40,
    "Zstandard": b"\x28\xb5\x2f\xfd" + b"\x20" * 40,
    "Parquet": b"PAR1" + b"\0\x15" * 50 + b"PAR1",
    "Arrow": b"ARROW1\0\0" + b"\xff\xff\xff\xff\x10\0\0\0" * 9,
}


@pytest.mark.parametrize("kind", JUNK)
def test_junk_is_refused_with_place_and_fix(tmp_path: Path, ending: str, kind: str) -> None:
    refused(file(tmp_path, f"t{ending}", JUNK[kind]))


def refused(path: Path) -> None:
    for attempt in (lambda: read(path, path.parent), lambda: list(read_chunks(path, 3))):
        with pytest.raises(DataError) as caught:
            attempt()
        assert caught.value.where.startswith(str(path))
        assert caught.value.fix
        assert caught.value.message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 400), place=st.integers(0, 4000), byte=st.integers(0, 255))
def test_damage_is_read_or_refused(tmp_path: Path, ending: str, cut: int, place: int, byte: int) -> None:
    """A cut-off file, a changed byte: rows, or a DataError with a place; never anything else."""
    content = bytearray(FORMS[ending](COLUMNS))
    content[place % len(content)] = byte
    path = file(tmp_path, f"t{ending}", bytes(content[: len(content) - cut % len(content)]))
    error = None
    try:
        read(path, tmp_path)
        list(read_chunks(path, 3))
    except DataError as caught:
        error = caught
    assert error is None or (error.where.startswith(str(path)) and error.fix)


def test_missing_folder_and_pipe(tmp_path: Path, ending: str) -> None:
    written(tmp_path, ending)
    with pytest.raises(DataError, match="no such file; did you mean 't"):
        read(f"tt{ending}", tmp_path)
    with pytest.raises(DataError, match=r"has no part|holds no|there is no sheet"):
        read(f"t{ending}#nope", tmp_path)
    os.mkfifo(tmp_path / f"pipe{ending}")
    with pytest.raises(DataError, match="no ordinary file"):
        read(f"pipe{ending}", tmp_path)
