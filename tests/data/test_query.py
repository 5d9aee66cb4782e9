from pathlib import Path

import numpy as np
import pytest

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


def test_no_path_no_database_urls(folder: Path) -> None:
    with pytest.raises(DataError, match="only local files"):
        read(Source(query="SELECT 1", tables={"t": "postgres://host/db"}), folder)
