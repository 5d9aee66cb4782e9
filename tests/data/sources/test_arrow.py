import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.data.sources._write import FORMS, file

from smeaton.data.read import read, read_chunks
from smeaton.errors import DataError, ExtraMissing

TABLE = pa.table(
    {
        "a": pa.array([1, 2, None], pa.int32()),
        "b": pa.array([1, 2, 3], pa.uint8()),
        "c": pa.array([1.5, None, 2], pa.float32()),
        "d": [datetime(2026, 1, 2, tzinfo=UTC), None, datetime(2026, 1, 3, tzinfo=UTC)],
        "e": pa.array(["x", None, "x"]).dictionary_encode(),
        "f": [[1, 2], None, []],
        "g": [{"k": 1}, {"k": None}, None],
        "h": [True, None, False],
        "i": [Decimal("1.50"), None, Decimal("2.25")],
        "j": [timedelta(seconds=5), None, timedelta(days=1)],
    }
)


def ipc(table: pa.Table, compression: str | None = None) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return out.getvalue()


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_types(tmp_path: Path, compression: str | None) -> None:
    table = read(file(tmp_path, "t.feather", ipc(TABLE, compression)), tmp_path).table
    assert table["a"].tolist() == [1, 2, None]
    assert table["b"].dtype == np.int64
    np.testing.assert_array_equal(table["c"], [1.5, np.nan, 2])
    np.testing.assert_array_equal(table["d"], np.array(["2026-01-02", "NaT", "2026-01-03"], dtype="datetime64[us]"))
    assert table["e"].tolist() == ["x", None, "x"]
    assert table["f"].tolist() == [[1, 2], None, []]
    assert table["g"].tolist() == [{"k": 1}, {"k": None}, None]
    assert table["h"].tolist() == [True, None, False]
    np.testing.assert_array_equal(table["i"], [1.5, np.nan, 2.25])
    assert table["j"].tolist() == ["0:00:05", None, "1 day, 0:00:00"]


def test_batches_are_cut_to_the_rows_asked_for(tmp_path: Path) -> None:
    path = file(tmp_path, "t.arrow", FORMS[".arrow"]({"a": list(range(10))}))
    assert [len(chunk) for chunk in read_chunks(path, 3)] == [3, 1, 3, 1, 2]


def test_texts_that_lie_outside_the_file_are_refused(tmp_path: Path) -> None:
    """Offsets that point outside the texts would be read out of bounds."""
    content = ipc(pa.table({"a": ["x" * 7, "y" * 6]}))
    right, wrong = (np.array([0, 7, end], dtype=np.int32).tobytes() for end in (13, 1_000_000))
    assert content.count(right) == 1
    path = file(tmp_path, "t.arrow", content.replace(right, wrong))
    for attempt in (lambda: read(path, tmp_path), lambda: list(read_chunks(path, 1))):
        with pytest.raises(DataError, match="not readable as Arrow"):
            attempt()


def test_what_is_no_arrow(tmp_path: Path) -> None:
    for content, words in ((b"", "is empty"), (b"FEA1" + bytes(90), "version 1"), (b"ARROW1\0\0junk", "not readable")):
        with pytest.raises(DataError, match=words) as caught:
            read(file(tmp_path, "t.feather", content), tmp_path)
        assert caught.value.fix


def test_a_name_twice(tmp_path: Path) -> None:
    path = file(tmp_path, "t.arrow", ipc(pa.table([[1], [2]], names=["a", "a"])))
    with pytest.raises(DataError, match="'a' appears 2 times"):
        read(path, tmp_path)


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "t.arrow", FORMS[".arrow"]({"a": [1]}))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ExtraMissing, match="arrow") as caught:
        read(path, tmp_path)
    assert "smeaton[arrow]" in caught.value.fix
