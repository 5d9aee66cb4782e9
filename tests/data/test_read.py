import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from smeaton import plugins
from smeaton.data.read import Raw, read
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
