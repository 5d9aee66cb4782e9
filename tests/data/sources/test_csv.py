import csv
import gzip
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.data.read import read, read_chunks
from smeaton.errors import DataError

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)


def write(folder: Path, content: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def table(path: Path) -> dict[str, list[object]]:
    return {name: column.tolist() for name, column in read(path, path.parent).table.items()}


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=8)))
def test_reads_what_csv_writes(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    width = len(rows[0]) if rows else 2
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([[f"n{i}" for i in range(width)], *rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(out.getvalue().encode())
    expected = {f"n{i}": [row[i] or None for row in rows] for i in range(width)}
    assert table(path) == expected


def test_values_stay_text_and_empty_is_null(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbfa,b,c\r\n007,"x, y",\r\n 1 ,"say ""hi""\r\nthere",""\r\n')
    assert table(path) == {"a": ["007", " 1 "], "b": ["x, y", 'say "hi"\r\nthere'], "c": [None, None]}


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_delimiter_is_seen_and_said(tmp_path: Path, mark: str, word: str) -> None:
    path = write(tmp_path, f'a{mark}"b,c"{mark}d\n1,5{mark}2{mark}3\n'.encode())
    raw = read(path, tmp_path)
    assert raw.table["a"].tolist() == ["1,5"]
    assert list(raw.table) == ["a", "b,c", "d"]
    assert raw.notes == (f"t.csv: values are separated by {word}",)


def test_tsv_and_gzip(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b"a\tb\n1,2\t\n"), "t.tsv.gz")
    assert table(path) == {"a": ["1,2"], "b": [None]}
    assert table(write(tmp_path, gzip.compress(b"a\n1\n"), "named_plainly.csv")) == {"a": ["1"]}


def test_a_single_column_may_hold_other_marks_in_quotes(tmp_path: Path) -> None:
    assert table(write(tmp_path, b'text\n"a, b; c"\nplain\n\n\n')) == {"text": ["a, b; c", "plain"]}


def test_a_column_without_a_name_gets_one(tmp_path: Path) -> None:
    raw = read(write(tmp_path, b",a\n0,x\n"), tmp_path)
    assert list(raw.table) == ["column_1", "a"]
    assert "column 1 has no name" in raw.notes[0]


def test_only_some_columns_in_the_order_asked(tmp_path: Path) -> None:
    path = write(tmp_path, b"a,b,c\n1,2,3\n")
    assert list(read(path, tmp_path, ["c", "a"]).table) == ["c", "a"]
    with pytest.raises(DataError, match="did you mean 'c'"):
        read(path, tmp_path, ["C"])


BAD = {
    "empty file": (b"", "", "is empty"),
    "duplicate names": (b"a,b,a\n1,2,3\n", ":1", "'a' appears 2 times"),
    "too few": (b"a,b\n1,2\n3\n4,5\n", ":3", "1 value, but the header names 2"),
    "too many": (b'a,b\n"1\n1",2\n3,4,5\n', ":4", "3 values"),
    "empty line inside": (b"a,b\n1,2\n\n3,4\n", ":3", "line is empty"),
    "broken bytes": ("a,é\n1,ü\n3,".encode() + b"\xe9\n", ":3", "0xe9 is not UTF-8"),
    "quote never closed": (b'a,b\n1,2\n3,"x\n4,5\n', ":3", "never closed"),
    "text after a quote": (b'a,b\n1,"x"y\n', ":2", "quoting is broken"),
    "no header": (b"1,2\n3,4\n", ":1", "numbers where the column names"),
    "blank header": (b"\n1,2\n", ":1", "first line is empty"),
    "zero bytes": (b"a,b\n1,2\n3,\x004\n", ":3", "zero bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_place_and_fix(tmp_path: Path, name: str) -> None:
    content, line, words = BAD[name]
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=words) as caught:
        read(path, tmp_path)
    assert caught.value.where == f"{path}{line}"
    assert caught.value.fix


@pytest.mark.parametrize("cut", [3, 500])
def test_a_truncated_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * 7919 % 1009) for i in range(20_000)))
    path = write(tmp_path, packed[:-cut], "t.csv.gz")
    with pytest.raises(DataError, match="gzip data is broken or cut off"):
        read(path, tmp_path)
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match="gzip data is broken"):
        read(path, tmp_path)


def test_a_changed_byte_in_gzip_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"a,b\n" + b"1,2\n" * 1000))
    packed[-6] ^= 1
    with pytest.raises(DataError, match="gzip data is broken"):
        read(write(tmp_path, bytes(packed), "t.csv.gz"), tmp_path)


def test_missing_folder_unreadable_unknown(tmp_path: Path) -> None:
    write(tmp_path, b"a\n1\n", "tickets.csv")
    with pytest.raises(DataError, match="no such file; did you mean 'tickets"):
        read("ticket.csv", tmp_path)
    with pytest.raises(DataError, match="files of this kind are not read") as caught:
        read(write(tmp_path, b"", "t.docx"), tmp_path)
    assert ".parquet" in caught.value.fix
    path = write(tmp_path, b"a\n1\n", "locked.csv")
    path.chmod(0)
    if os.geteuid() != 0:  # root reads everything
        with pytest.raises(DataError, match="may not be read"):
            read(path, tmp_path)


def test_header_only_gives_empty_columns(tmp_path: Path) -> None:
    raw = read(write(tmp_path, b"a,b\n"), tmp_path)
    assert {name: len(column) for name, column in raw.table.items()} == {"a": 0, "b": 0}


def test_a_row_knows_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, b'a,b\n1,"x\ny"\n2,z\n')
    raw = read(path, tmp_path)
    assert [raw.place(0), raw.place(1)] == [f"{path}:2", f"{path}:4"]


@pytest.mark.parametrize("rows", [1, 7, 5_000, 12_000])
def test_chunks_joined_are_the_whole(tmp_path: Path, rows: int) -> None:
    count = 30 if rows < 10 else 12_001
    lines = "".join(f'{i},"t,{i % 13}"\n' if i % 3 else f"{i},\n" for i in range(count))
    path = write(tmp_path, f"a,b\n{lines}".encode())
    chunks = list(read_chunks(path, rows))
    assert [chunk.first_row for chunk in chunks] == np.cumsum([0, *map(len, chunks)])[:-1].tolist()
    assert all(len(chunk) <= rows for chunk in chunks)
    assert [value for chunk in chunks for value in chunk.table["b"]] == table(path)["b"]
    assert chunks[-1].place(len(chunks[-1]) - 1) == f"{path}:{count + 1}"


def test_chunks_tell_a_late_fault_after_the_good_rows(tmp_path: Path) -> None:
    path = write(tmp_path, b"a,b\n" + b"1,2\n" * 10_000 + b"3\n")
    chunks = read_chunks(path, 1000)
    assert [len(next(chunks)) for _ in range(10)] == [1000] * 10
    with pytest.raises(DataError, match="1 value") as caught:
        next(chunks)
    assert caught.value.where == f"{path}:10002"
