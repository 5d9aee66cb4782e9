import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from smeaton.data.read import Raw, read
from smeaton.errors import DataError
from smeaton.task.task import Source

TABLES = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL, paid BOOLEAN, day DATE, at TIMESTAMP, note TEXT, mixed,
                     photo BLOB, [odd "name] INT, late DATE);
INSERT INTO orders VALUES
(1, 1.5, 1, '2026-01-31', '2026-01-31 10:00:00', 'a,"b"' || char(10) || 'ü', 1, x'00', 9007199254740993, 'soon'),
(2, 2, NULL, NULL, NULL, '', 'x', NULL, NULL, '2026-01-01');
CREATE VIEW cheap AS SELECT id FROM orders WHERE amount < 2;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript(TABLES)
    return tmp_path


def ask(folder: Path, query: str, address: str = "shop.db#orders") -> Raw:
    return read(Source(query=query, tables={"t": address}), folder)


def test_values_are_what_they_are(folder: Path) -> None:
    query = 'SELECT id, amount, paid, day, "at", note, mixed, "odd ""name", late FROM t ORDER BY id'
    raw = ask(folder, query)
    table = {name: column.tolist() for name, column in raw.table.items()}
    assert table["id"] == [1, 2]
    assert table["amount"] == [1.5, 2.0]
    assert table["paid"] == [True, None]
    assert table["note"] == ['a,"b"\nü', ""]
    assert table["mixed"] == ["1", "x"]
    assert table['odd "name'] == [9007199254740993, None]
    assert table["late"] == ["soon", "2026-01-01"]
    assert raw.table["day"][0] == np.datetime64("2026-01-31", "us")
    assert raw.table["at"][0] == np.datetime64("2026-01-31T10:00:00", "us")


def test_only_the_columns_needed(folder: Path) -> None:
    raw = ask(folder, "SELECT note FROM t WHERE id = 2")
    assert raw.notes == ("t: 2 rows came from shop.db#orders: 2 of 10 columns, all rows",)
    assert ask(folder, "SELECT count(*) AS n FROM t", "shop.db#cheap").table["n"].tolist() == [1]


@pytest.mark.parametrize(
    ("address", "query", "message"),
    [
        ("shop.db#order", "SELECT 1 FROM t", "no table 'order'; did you mean 'orders'?"),
        ("shop.db", "SELECT 1 FROM t", "the file holds 2 tables: cheap, orders"),
        ("shop.db#orders", "SELECT * FROM t", "'photo' holds bytes"),
        ("broken.db#t", "SELECT * FROM t", "not readable as SQLite"),
        ("shop.sqlite#t", "SELECT * FROM t", "no such file"),
    ],
)
def test_what_goes_wrong(folder: Path, address: str, query: str, message: str) -> None:
    (folder / "broken.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(DataError) as caught:
        ask(folder, query, address)
    assert message in caught.value.message
    assert caught.value.fix
