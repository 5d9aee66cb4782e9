from pathlib import Path

import duckdb
import numpy as np
import pytest

from smeaton.data._sample import Sample
from smeaton.data.read import read
from smeaton.errors import DataError
from smeaton.task.task import Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text("id,amount,day,note\n1,5.5,2026-01-01,a\n1,2,2026-01-02,\n2,1,2026-01-03,b\n")
    (tmp_path / "people.jsonl").write_text('{"id": 1, "ok": true}\n{"id": 2, "ok": null}\n')
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return tmp_path


TABLES = {"orders": "orders.csv", "people": "people.jsonl"}


def test_files_together(folder: Path) -> None:
    query = """
        SELECT p.id, ok, sum(amount) AS total, max(day) AS last, min(note) AS note
        FROM people AS p JOIN orders USING (id) GROUP BY ALL ORDER BY p.id
    """
    raw = read(Source(query=query, tables=TABLES), folder)
    assert raw.table["id"].tolist() == [1, 2]
    assert raw.table["ok"].tolist() == [True, None]
    assert raw.table["total"].tolist() == [7.5, 1.0]
    assert raw.table["last"].dtype == np.dtype("datetime64[us]")
    assert raw.table["note"].tolist() == ["a", "b"]
    assert list(read(Source(query=query, tables=TABLES), folder, ["total"]).table) == ["total"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM 'secret.csv'",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM raw",
        "SELECT * FROM tables",
        "SELECT * FROM read_json('http://127.0.0.1:9/x')",
        "SELECT getenv('HOME')",
        "SELECT * FROM nowhere",
        "SELECT amount FROM",
    ],
)
def test_a_query_sees_only_its_tables(folder: Path, query: str) -> None:
    with pytest.raises(DataError) as caught:
        read(Source(query=query.format(folder=folder), tables=TABLES), folder)
    assert caught.value.where == "query"
    assert "orders, people" in caught.value.fix


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; SELECT 2",
        "DROP TABLE orders",
        "COPY orders TO '{folder}/out.csv'",
        "SET enable_external_access = true",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "PRAGMA version",
        "",
    ],
)
def test_only_one_select(folder: Path, query: str) -> None:
    with pytest.raises(DataError, match="not one SELECT"):
        read(Source(query=query.format(folder=folder), tables=TABLES), folder)
    assert not (folder / "out.csv").exists()
    assert not (folder / "x.db").exists()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgres://host/db", "names a database and no table in it"),
        ("mysql://host/db#t", "this kind of address is not read"),
        ("postgresql://me:hunter2@host/db#t", "the password is written out"),
        ("gone.db#t", "no such file"),
    ],
)
def test_addresses_that_are_not_read(folder: Path, address: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(Source(query="SELECT * FROM t", tables={"t": address}), folder)
    assert "hunter2" not in str(caught.value)


def test_a_table_that_is_not_used_is_said(folder: Path) -> None:
    raw = read(Source(query="SELECT count(*) AS n FROM orders", tables=TABLES), folder)
    assert raw.table["n"].tolist() == [3]
    assert raw.notes == ("table 'people' is not used by the query",)


def test_parquet_files_stay_on_the_disk(folder: Path) -> None:
    for part in range(2):
        duckdb.sql(f"COPY (SELECT {part} AS k, DATE '2026-01-0{part + 1}' AS d) TO '{folder}/[p] {part}.parquet'")
    raw = read(Source(query="SELECT k, d + 1 AS next FROM t ORDER BY k", tables={"t": "[[]p] *.parquet"}), folder)
    assert raw.table["k"].tolist() == [0, 1]
    assert raw.table["next"].tolist()[0] == np.datetime64("2026-01-02", "us").astype(object)
    duckdb.sql(f"COPY (SELECT 1 AS k) TO '{folder}/[p] 2.parquet'")
    with pytest.raises(DataError, match="'d'"):
        read(Source(query="SELECT k FROM t", tables={"t": "[[]p] *.parquet"}), folder)
    (folder / "x.parquet").write_text("no")
    with pytest.raises(DataError, match="too small to be a Parquet file") as caught:
        read(Source(query="SELECT k FROM t", tables={"t": "x.parquet"}), folder)
    assert caught.value.where.endswith("x.parquet")


def test_two_columns_of_one_name(folder: Path) -> None:
    with pytest.raises(DataError, match="two columns 'id'"):
        read(Source(query="SELECT id, amount AS id FROM orders", tables=TABLES), folder)


def test_a_large_answer_is_sampled(folder: Path) -> None:
    source = Source(query="SELECT range AS x FROM orders, range(1000) ORDER BY ALL", tables=TABLES)
    raw = read(source, folder, most=Sample(rows=100))
    assert len(raw) == 100
    assert "the query: a sample of 100 of its 3,000 rows" in raw.notes[-1]
    assert raw.place(0).startswith("the query, row ")
