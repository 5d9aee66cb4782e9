"""Packed files and archives: read by their first bytes, within limits; damage is refused with its place."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.sources._write import FORMS, archive_of, file, packed

from smeaton.data.read import read, read_chunks
from smeaton.data.sources import _packed
from smeaton.errors import DataError, ExtraMissing

KINDS = [".gz", ".bz2", ".xz", ".zst", ".zip"]
COLUMNS = {"a": list(range(40)), "b": [f"é{place * 7919 % 101}" for place in range(40)]}


def content_of(kind: str, content: bytes, name: str = "t.csv") -> bytes:
    if kind == ".zst":
        pytest.importorskip("zstandard")
    return packed(kind, content, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", [".csv", ".json", ".jsonl"])
def test_every_text_form_in_every_packing(tmp_path: Path, kind: str, ending: str) -> None:
    path = file(tmp_path, f"t{ending}{kind}", content_of(kind, FORMS[ending](COLUMNS), f"t{ending}"))
    plain = read(file(tmp_path, f"t{ending}", FORMS[ending](COLUMNS)), tmp_path)
    raw = read(path, tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {
        name: column.tolist() for name, column in plain.table.items()
    }
    assert sum(map(len, read_chunks(path, 7))) == 40
    inner = f"#t{ending}" if kind == ".zip" else ""
    assert raw.place(3).startswith(f"{path}{inner}")


@pytest.mark.parametrize("kind", KINDS[:4])
def test_the_first_bytes_decide_not_the_name(tmp_path: Path, kind: str) -> None:
    path = file(tmp_path, "t.csv", content_of(kind, b"a\n1\n"))
    assert read(path, tmp_path).table["a"].tolist() == ["1"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 200), place=st.integers(0, 2_000), flip=st.integers(0, 255))
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_read_or_refused(tmp_path: Path, kind: str, cut: int, place: int, flip: int) -> None:
    content = bytearray(content_of(kind, FORMS[".csv"](COLUMNS) * 20))
    content[place % len(content)] ^= flip
    path = file(tmp_path, f"t.csv{kind}", bytes(content[: len(content) - cut % len(content)]))
    error = None
    try:
        read(path, tmp_path)
    except DataError as caught:
        error = caught
    assert error is None or (error.where.startswith(str(path)) and error.fix)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [1, 10, 500])
def test_what_is_cut_off_is_refused(tmp_path: Path, kind: str, cut: int) -> None:
    rows = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * 7919 % 1009) for i in range(20_000))
    path = file(tmp_path, f"t.csv{kind}", content_of(kind, rows)[:-cut])
    with pytest.raises(DataError, match="data is broken or cut off") as caught:
        read(path, tmp_path)
    assert caught.value.where.startswith(str(path))
    assert caught.value.fix == "fetch or compress the file again"


def test_frames_and_members_one_after_another(tmp_path: Path) -> None:
    for kind in (".gz", ".bz2", ".xz", ".zst"):
        path = file(tmp_path, f"t.csv{kind}", content_of(kind, b"a,b\n1,2\n") + content_of(kind, b"3,4\n"))
        assert read(path, tmp_path).table["a"].tolist() == ["1", "3"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(_packed, "_FREE", 10_000)
    monkeypatch.setattr(_packed, "_MOST_TIMES", 20)
    path = file(tmp_path, f"t.csv{kind}", content_of(kind, b"a\n" + b"0\n" * 2_000_000))
    with pytest.raises(DataError, match="unpacks to more than 20 times its size") as caught:
        read(path, tmp_path)
    assert caught.value.where.startswith(str(path))


def test_packed_again_and_again(tmp_path: Path) -> None:
    content = b"a\n1\n"
    for _ in range(3):
        content = packed(".gz", content)
    assert read(file(tmp_path, "t.csv.gz", content), tmp_path).table["a"].tolist() == ["1"]
    path = file(tmp_path, "t.csv.gz", packed(".gz", packed(".gz", content)))
    with pytest.raises(DataError, match="again and again"):
        read(path, tmp_path)


def test_an_archive_of_one_form_is_one_table(tmp_path: Path) -> None:
    files = {"x/b.csv": b"b,a\n3,4\n", "x/a.csv": b"a,b\n1,2\n", "__MACOSX/a.csv": b"junk", "about.md": b"# hi"}
    path = file(tmp_path, "all.zip", archive_of(files))
    raw = read(path, tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {"a": ["1", "4"], "b": ["2", "3"]}
    assert raw.notes == ("all.zip: 2 files (x/a.csv, x/b.csv); not read: about.md",)
    assert raw.place(1) == f"{path}#x/b.csv:2"
    assert read(f"{path}#x/b.csv", tmp_path).table["a"].tolist() == ["4"]
    assert [chunk.table["a"].tolist() for chunk in read_chunks(path, 9)] == [["1"], ["4"]]


def test_archives_that_are_no_table(tmp_path: Path) -> None:
    cases = {
        "several forms: .csv, .jsonl": archive_of({"a.csv": b"a\n1\n", "b.jsonl": b'{"a": 1}\n'}),
        "several forms: .csv, .txt": archive_of({"a.csv": b"a\n1\n", "readme.txt": b"about this\n"}),
        "holds no table": archive_of({"a.md": b"a"}),
        "it is empty": archive_of({}),
        "not read inside an archive": archive_of({"a.parquet": FORMS[".parquet"](COLUMNS)}),
    }
    for words, content in cases.items():
        path = file(tmp_path, "all.zip", content)
        with pytest.raises(DataError, match=words) as caught:
            read(path, tmp_path)
        assert caught.value.where.startswith(str(path))
        assert caught.value.fix
    path = file(tmp_path, "all.zip", archive_of({"a.csv": b"a\n1\n"}))
    with pytest.raises(DataError, match=r"holds no 'b\.csv'") as caught:
        read(f"{path}#b.csv", tmp_path)
    assert "all.zip#a.csv" in caught.value.fix


def test_a_locked_archive(tmp_path: Path) -> None:
    content = bytearray(archive_of({"a.csv": b"a\n1\n"}))
    for header in (b"PK\x03\x04", b"PK\x01\x02"):  # set the flag that says encrypted
        place = content.index(header) + (6 if header[2] == 3 else 8)
        content[place] |= 1
    with pytest.raises(DataError, match="asks for a password"):
        read(file(tmp_path, "all.zip", bytes(content)), tmp_path)


def test_a_changed_member_fails_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("t.csv", b"a,b\n1,2\n")
    path.write_bytes(path.read_bytes().replace(b"1,2", b"1,3"))
    with pytest.raises(DataError, match="zip data is broken"):
        read(path, tmp_path)


def test_what_is_not_read_packed_says_so(tmp_path: Path) -> None:
    path = file(tmp_path, "t.parquet.gz", packed(".gz", b"x"))
    with pytest.raises(DataError, match=r"\.parquet files are not read packed"):
        read(path, tmp_path)


def test_without_zstandard_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    path = file(tmp_path, "t.csv.zst", b"\x28\xb5\x2f\xfd\0\0")
    with pytest.raises(ExtraMissing, match="zstd") as caught:
        read(path, tmp_path)
    assert "smeaton[zstd]" in caught.value.fix
