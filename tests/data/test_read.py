import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from smeaton import plugins
from smeaton.data._join import joined
from smeaton.data.read import Raw, read, read_chunks
from smeaton.data.sources import Reader
from smeaton.errors import DataError
from smeaton.task.task import Source


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)


def test_files_with_equal_columns_are_joined_in_order_of_name(tmp_path: Path) -> None:
    write(tmp_path, b="y,x\n2,b\n", a="x,y\na,1\nA,0\n", c="x,y\n")
    raw = read(Source(files=("*.csv",)), tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {"x": ["a", "A", "b"], "y": ["1", "0", "2"]}
    assert raw.place(2) == f"{tmp_path}/b.csv:2"
    assert raw.where == f"{tmp_path}/a.csv and 2 more"


def test_files_of_several_kinds(tmp_path: Path) -> None:
    write(tmp_path, a="x\n1\n")
    (tmp_path / "b.jsonl").write_text('{"x": 2}\n')
    raw = read(Source(files=("a.csv", "b.jsonl")), tmp_path)
    assert raw.table["x"].tolist() == ["1", 2]


def test_files_with_other_columns_are_refused(tmp_path: Path) -> None:
    write(tmp_path, a="x,y\n1,2\n", b="x,z\n1,2\n")
    with pytest.raises(
        DataError, match=r"differ from those of .*a\.csv: it lacks 'y', which a.csv has; it has 'z'"
    ) as caught:
        read(Source(files=("a.csv", "b.csv")), tmp_path)
    assert caught.value.where.endswith("b.csv")


def test_bad_sources(tmp_path: Path) -> None:
    for source, words in (
        (Source(files=("*.csv",)), "no file matches"),
        (Source(files=("s3://bucket/a.csv",)), "only local files"),
        (Source(), "names no files"),
        (3.5, "a float is no table"),
        ([1, 2], "a list is no table"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            read(source, tmp_path)
        assert caught.value.fix


def test_a_name_with_pattern_letters_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("x\n1\n")
    assert read(Source(files=("a[1].csv",)), tmp_path).table["x"].tolist() == ["1"]


def test_raw_passes_through(tmp_path: Path) -> None:
    raw = Raw({"a": np.arange(3)}, "here")
    assert read(raw, tmp_path) is raw
    assert raw.place(1) == "here, row 2"


@pytest.mark.parametrize("name", plugins.names("sources"))
def test_every_part_keeps_the_contract(name: str) -> None:
    part: Reader = plugins.load("sources", name)
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in part.suffixes)
    assert not part.takes(3.5)
    assert callable(part.chunks)
    assert callable(part.place)
    owners = [
        other for other in plugins.names("sources") if set(plugins.load("sources", other).suffixes) & set(part.suffixes)
    ]
    assert owners == ([name] if part.suffixes else [])


def test_text_files_need_no_training_package(tmp_path: Path) -> None:
    write(tmp_path, a="x\n1\n")
    (tmp_path / "b.jsonl").write_text('{"x": 2}\n')
    code = f"""
import sys
from pathlib import Path
from smeaton.data.read import read, read_chunks
for name in ("a.csv", "b.jsonl"):
    read(name, Path({str(tmp_path)!r}))
    list(read_chunks(Path({str(tmp_path)!r}) / name))
heavy = {{"duckdb", "pandas", "polars", "pyarrow", "sklearn"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_folder_of_one_form_is_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "sales"
    (folder / "more").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name, text in {"b.csv": "x,y\n2,b\n", "more/a.csv": "y,x\nc,3\n", ".hidden/z.csv": "q\n1\n"}.items():
        (folder / name).write_text(text)
    (folder / "_SUCCESS").write_text("")
    (folder / "notes.md").write_text("hi")
    raw = read("sales", tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {"x": ["2", "3"], "y": ["b", "c"]}
    assert raw.notes == ("sales: 2 .csv files; not read: notes.md",)
    assert raw.place(1) == f"{folder}/more/a.csv:2"
    assert [chunk.table["x"].tolist() for chunk in read_chunks(folder, 5)] == [["2"], ["3"]]
    (folder / "c.jsonl").write_text('{"x": 1, "y": "d"}\n')
    with pytest.raises(DataError, match=r"several forms: \.csv, \.jsonl") as caught:
        read("sales", tmp_path)
    assert "sales/*.csv" in caught.value.fix
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no table"):
        read("empty", tmp_path)


def test_names_of_folders_are_columns_as_hive_writes_them(tmp_path: Path) -> None:
    for year, month in ((2023, "a%2Fb"), (2024, "c")):
        folder = tmp_path / "t" / f"year={year}" / f"month={month}"
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(f"x\n{year + 1}\n")
    raw = read("t", tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {
        "x": ["2024", "2025"],
        "year": ["2023", "2024"],
        "month": ["a/b", "c"],
    }
    assert "with the columns 'year', 'month' from the names of its folders" in raw.notes[0]
    assert list(read("t", tmp_path, ["year", "x"]).table) == ["year", "x"]
    assert [chunk.table["month"].tolist() for chunk in read_chunks(tmp_path / "t")] == [["a/b"], ["c"]]
    (tmp_path / "t" / "loose.csv").write_text("x\n1\n")
    with pytest.raises(DataError, match="do not name the same columns"):
        read("t", tmp_path)


def test_a_file_that_lacks_a_column_is_said_exactly(tmp_path: Path) -> None:
    write(tmp_path, a="x,price,z\n1,2,3\n", b="z,x,Price\n1,2,3\n", c="x,price\n1,2\n")
    with pytest.raises(DataError, match=r"it lacks 'price', which a\.csv has; it has 'Price'") as caught:
        read(Source(files=("a.csv", "b.csv")), tmp_path)
    assert "rename 'Price'" in caught.value.fix
    with pytest.raises(DataError, match=r"it lacks 'z', which a\.csv has") as caught:
        read(Source(files=("a.csv", "c.csv")), tmp_path)
    assert "it has" not in caught.value.message
    assert caught.value.where.endswith("c.csv")
    (tmp_path / "d").mkdir()
    write(tmp_path / "d", a="x,price,z\n1,2,3\n", b="x,price\n1,2\n")
    with pytest.raises(DataError, match="it lacks 'z'"):
        list(read_chunks(tmp_path / "d"))


def test_pieces_join_as_a_whole_read_would_give_them() -> None:
    whole, real = np.array([1, 2]), np.array([0.5, np.nan])
    assert joined([whole, real]).tolist()[:3] == [1.0, 2.0, 0.5]
    assert joined([whole, np.array([None, 3], dtype=object)]).tolist() == [1, 2, None, 3]
    assert joined([np.array([None], dtype=object), real]).dtype == np.float64
    assert joined([np.array([2**60]), real]).tolist() == [2**60, 0.5, None]
    moments = np.array(["2026-01-01", "NaT"], dtype="datetime64[us]")
    found = joined([moments, np.array([None], dtype=object)])
    np.testing.assert_array_equal(found, np.array(["2026-01-01", "NaT", "NaT"], dtype="datetime64[us]"))
    assert joined([np.array(["a"], dtype=object), whole]).tolist() == ["a", 1, 2]
