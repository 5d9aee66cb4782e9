from pathlib import Path

import duckdb
import numpy as np
import pytest

from smeaton.data.read import read, read_chunks
from smeaton.errors import DataError


def write(path: Path, select: str) -> Path:
    with duckdb.connect() as engine:
        target = str(path).replace("'", "''")
        engine.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet)")
    return path


MIXED = """
    SELECT i::INT AS a, CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS b, (i / 4)::DECIMAL(10, 2) AS c,
           DATE '2026-01-01' + i::INT AS d, TIMESTAMPTZ '2026-01-01 00:00:00+02' + INTERVAL (i) HOUR AS e,
           i % 2 = 0 AS f, CASE WHEN i % 5 = 0 THEN NULL ELSE 'x' || i END AS g, [i, i + 1] AS h, {'k': i} AS j,
           'ab'::BLOB AS l, TIME '10:00' AS m, i::UBIGINT AS n, i::FLOAT AS o, NULL AS p,
           CASE WHEN i % 2 = 0 THEN NULL ELSE i::FLOAT END AS r, CASE WHEN i = 0 THEN NULL ELSE i % 2 = 0 END AS s,
           '6f1e0d3a-0000-4000-8000-000000000000'::UUID AS t
    FROM range(11) AS r(i)
"""


def test_types(tmp_path: Path) -> None:
    table = read(write(tmp_path / "t.parquet", MIXED), tmp_path).table
    assert table["a"].dtype == table["n"].dtype == np.int64
    assert table["b"][:4].tolist() == [None, 1, 2, None]
    np.testing.assert_array_equal(table["c"][:3], [0.0, 0.25, 0.5])
    assert str(table["d"][1]) == "2026-01-02T00:00:00.000000"
    assert str(table["e"][0]) == "2025-12-31T22:00:00.000000"
    assert table["f"][:2].tolist() == [True, False]
    assert table["g"][:2].tolist() == [None, "x1"]
    assert table["h"][1] == [1, 2]
    assert table["j"][1] == {"k": 1}
    assert table["l"][0] == b"ab"
    assert table["m"][0] == "10:00:00"
    assert table["o"].dtype == np.float64
    assert table["p"].tolist() == [None] * 11
    assert table["s"][:2].tolist() == [None, False]
    assert table["t"][0].startswith("6f1e")


@pytest.mark.parametrize("rows", [1, 4, 100])
def test_chunks_joined_are_the_whole(tmp_path: Path, rows: int) -> None:
    path = write(tmp_path / "t.parquet", MIXED)
    whole = read(path, tmp_path).table
    chunks = list(read_chunks(path, rows))
    for name, column in whole.items():
        joined = np.concatenate([chunk.table[name] for chunk in chunks])
        if column.dtype == object:
            assert joined.tolist() == column.tolist()
        else:
            np.testing.assert_array_equal(joined, column)
    assert chunks[-1].place(0).endswith(f"row {chunks[-1].first_row + 1}")


def test_bad_files(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", "SELECT 1 AS a")
    (tmp_path / "cut.parquet").write_bytes(path.read_bytes()[:-20])
    (tmp_path / "empty.parquet").write_bytes(b"")
    (tmp_path / "text.parquet").write_bytes(b"a,b\n1,2\n")
    for name in ("cut", "empty", "text"):
        with pytest.raises(DataError, match="not readable as Parquet") as caught:
            read(f"{name}.parquet", tmp_path)
        assert caught.value.fix
    with pytest.raises(DataError, match="no such file"):
        read("none.parquet", tmp_path)
    with pytest.raises(DataError, match="there is no column 'c'"):
        read(path, tmp_path, ["c"])


def test_odd_names_are_names(tmp_path: Path) -> None:
    path = write(tmp_path / "it's [1].parquet", 'SELECT 1 AS "a""b", 2 AS "sel\'ect"')
    assert {name: column.tolist() for name, column in read(path, tmp_path).table.items()} == {
        'a"b': [1],
        "sel'ect": [2],
    }


def test_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", "SELECT 1 AS a, 'x' AS b WHERE false")
    assert len(read(path, tmp_path)) == 0
    [chunk] = read_chunks(path, 5)
    assert list(chunk.table) == ["a", "b"]
    assert len(chunk) == 0
