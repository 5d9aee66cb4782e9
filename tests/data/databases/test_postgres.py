"""Against a real server, started in a temporary folder."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.databases._server import PASSWORD, Server

from smeaton.data.read import Raw, read
from smeaton.errors import DataError
from smeaton.task.task import Source

pytestmark = pytest.mark.slow

TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN cents AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE DOMAIN price AS cents;
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t (
  i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(10, 2), n0 numeric(12, 0),
  whole numeric, d price, m money, b boolean, tx text, vc varchar(20), ch char(5), dt date, ts timestamp,
  tz timestamptz, tm time, iv interval, u uuid, j json, jb jsonb, ai int[], at text[], af float8[], e mood, p pair,
  r int4range, ip inet
);
INSERT INTO t VALUES
(1, -2, 9007199254740993, 1.5, 0.1, 0.10, 12.34, 123456789012, 9007199254740993, 5.5, '12.30', true,
 E'a,"b"\\n\\r\\tü€😀',
 'x', 'ab', '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:00+02', '10:11:12', '1 day 2 hours',
 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{"k": [1, null]}', '{"b": 1, "a": "x,y"}', '{1,NULL,3}', '{a,"b,c",NULL}',
 '{1.5,NaN}', 'ok', '(1,"x,y")', '[1,5)', '10.0.0.1'),
(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', NULL, NULL, NULL, NULL, NULL, NULL,
 NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL),
(-1, 2147483647, -9223372036854775808, 'NaN', 'Infinity', 'NaN', -0.01, -1, 0, 0, '-1.00', false, 'NULL', NULL, NULL,
 'infinity', '-infinity', '1969-12-31 23:59:59.999999+00', '24:00', '-1 mon', '00000000-0000-0000-0000-000000000000',
 'null', 'true', NULL, '{}', '{}', 'sad', NULL, 'empty', '::1/128');
"""


def ask(server: Server, query: str, folder: Path, **tables: str) -> Raw:
    found = {name: text if "#" in text or "." in text else f"{server.url()}#{text}" for name, text in tables.items()}
    return read(Source(query=query, tables=found), folder)


def test_every_type(server: Server, tmp_path: Path) -> None:
    server.run(TYPES)
    raw = ask(server, "SELECT * FROM t ORDER BY i8 NULLS FIRST", tmp_path, t="t")
    got = {name: column.tolist() for name, column in raw.table.items()}
    empty, low, first = range(3)
    assert got["i2"][1:] == [-1, 1]
    assert got["i4"][1:] == [2147483647, -2]
    assert got["i8"][1:] == [-(2**63), 9007199254740993]
    assert got["i8"][empty] is None
    assert np.isnan(raw.table["f4"][empty])
    assert np.isnan(raw.table["f4"][low])
    assert raw.table["f4"].dtype == raw.table["n"].dtype == raw.table["n2"].dtype == np.float64
    assert got["f8"][low] == np.inf
    assert got["f8"][first] == 0.1
    assert got["n"][first] == 0.1
    assert np.isnan(got["n"][low])
    assert got["n2"][1:] == [-0.01, 12.34]
    assert got["n0"][1:] == [-1, 123456789012]
    assert got["whole"][1:] == [0, 9007199254740993]
    assert got["d"][1:] == [0.0, 5.5]
    assert got["m"][1:] == [-1.0, 12.3]
    assert got["b"] == [None, False, True]
    assert got["tx"] == ["", "NULL", 'a,"b"\n\r\tü€😀']
    assert got["vc"] == ["", None, "x"]
    assert got["ch"] == ["", None, "ab"]
    moments = [np.datetime64("NaT")] * 2 + [np.datetime64("2024-02-29", "us")]
    np.testing.assert_array_equal(raw.table["dt"], np.array(moments, dtype="datetime64[us]"))
    assert raw.table["ts"][first] == np.datetime64("2024-02-29T12:34:56.789012")
    assert np.isnat(raw.table["ts"][low])
    assert raw.table["tz"][first] == np.datetime64("2024-02-29T10:00:00")
    assert raw.table["tz"][low] == np.datetime64("1969-12-31T23:59:59.999999")
    assert raw.table["tz"].dtype == np.dtype("datetime64[us]")
    assert got["tm"] == [None, "24:00:00", "10:11:12"]
    assert got["iv"] == [None, "-1 mons", "1 day 02:00:00"]
    assert got["u"][first] == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert got["j"] == [None, "null", '{"k": [1, null]}']
    assert got["jb"] == [None, "true", '{"a": "x,y", "b": 1}']
    assert got["ai"] == [[], None, [1, None, 3]]
    assert got["at"] == [None, [], ["a", "b,c", None]]
    assert got["af"][first][0] == 1.5
    assert np.isnan(got["af"][first][1])
    assert got["e"] == [None, "sad", "ok"]
    assert got["p"] == [None, None, '{"a":1,"b":"x,y"}']
    assert got["r"] == [None, "empty", "[1,5)"]
    assert got["ip"] == [None, "::1", "10.0.0.1"]
    assert any("'dt': infinity, in 1 rows, is read as missing" in note for note in raw.notes)


def test_whole_numbers_beyond_64_bits_stay_whole(server: Server, tmp_path: Path) -> None:
    server.run("CREATE TABLE t (id numeric, n numeric(30, 0))", "INSERT INTO t VALUES (10000000000000000000000001, 1)")
    raw = ask(server, "SELECT * FROM t", tmp_path, t="t")
    assert raw.table["id"].tolist() == ["10000000000000000000000001"]
    assert any("beyond 64 bits" in note for note in raw.notes)


def shop(server: Server) -> None:
    server.run(
        "CREATE TABLE orders (id int PRIMARY KEY, customer int, amount numeric(10, 2), at timestamptz, status text,"
        " note text, photo bytea)",
        "INSERT INTO orders SELECT g, g % 7, g / 4.0, '2024-01-01'::timestamptz + g * interval '1 hour',"
        " CASE WHEN g % 3 = 0 THEN 'open' ELSE 'paid' END, 'n' || g, '\\x00' FROM generate_series(1, 100) g",
    )


def test_files_and_database_together(server: Server, tmp_path: Path) -> None:
    shop(server)
    (tmp_path / "customers.csv").write_text("customer,city\n1,Leeds\n2,York\n")
    query = """SELECT city, count(*) AS n, sum(amount) AS total FROM orders JOIN customers USING (customer)
               WHERE orders.status = 'open' AND amount > 2.5 GROUP BY city ORDER BY city"""
    raw = ask(server, query, tmp_path, orders="orders", customers="customers.csv")
    with server.connect() as connection:
        expected = connection.execute(
            "SELECT customer, count(*), sum(amount) FROM orders WHERE status = 'open' AND amount > 2.5 AND customer < 3"
            " AND customer > 0 GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert raw.table["city"].tolist() == ["Leeds", "York"]
    assert raw.table["n"].tolist() == [row[1] for row in expected]
    assert raw.table["total"].tolist() == [float(row[2]) for row in expected]
    note = next(note for note in raw.notes if note.startswith("orders:"))
    assert "3 of 7 columns (customer, amount, status)" in note
    assert 'WHERE ("status" = \'open\' AND "amount" > 2.5)' in note or "WHERE \"status\" = 'open'" in note
    assert "30 rows came from" in note
    assert PASSWORD not in "".join(raw.notes)
    assert "admin" not in "".join(raw.notes)


def test_rows_are_in_an_order_of_their_own(server: Server, tmp_path: Path) -> None:
    shop(server)
    first = ask(server, "SELECT id, note FROM orders", tmp_path, orders="orders")
    server.run("UPDATE orders SET status = status WHERE id < 50")  # moves them to the end of the table
    again = ask(server, "SELECT id, note FROM orders", tmp_path, orders="orders")
    assert first.table["id"].tolist() == again.table["id"].tolist() == list(range(1, 101))


def test_bytes_are_refused_only_where_they_are_needed(server: Server, tmp_path: Path) -> None:
    shop(server)
    with pytest.raises(DataError, match="'photo' cannot be read: it holds bytes") as caught:
        ask(server, "SELECT * FROM orders", tmp_path, orders="orders")
    assert "id, customer, amount, at, status, note" in caught.value.fix
    assert caught.value.where.endswith("/shop#orders")
    assert len(ask(server, "SELECT count(*) AS n FROM orders", tmp_path, orders="orders")) == 1


def test_one_moment_for_all_tables(server: Server, tmp_path: Path) -> None:
    from smeaton.data.tables import open_tables

    server.run(
        "CREATE TABLE a (x int)", "CREATE TABLE b (x int)", "INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)"
    )
    from smeaton.data._engine import open_engine
    from smeaton.data.pushdown import WHOLE

    with open_tables({"a": f"{server.url()}#a", "b": f"{server.url()}#b"}, tmp_path) as tables, open_engine() as engine:
        tables.bring(engine, "a", WHOLE)
        server.run("INSERT INTO a VALUES (2)", "INSERT INTO b VALUES (2)")
        tables.bring(engine, "b", WHOLE)
        assert engine.execute("SELECT count(*) FROM b").fetchall() == [(1,)]


def test_schemas_views_and_odd_names(server: Server, tmp_path: Path) -> None:
    server.run(
        'CREATE SCHEMA other CREATE TABLE "My.Orders" ("Köln ""x""" int, "select" text)',
        "INSERT INTO other.\"My.Orders\" VALUES (1, 'a')",
        'CREATE VIEW other.seen AS SELECT "select" AS s FROM other."My.Orders"',
        "CREATE TABLE parted (k int, v text) PARTITION BY LIST (k)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)",
        "INSERT INTO parted VALUES (1, 'p')",
    )
    raw = ask(server, "SELECT * FROM t", tmp_path, t=f'{server.url()}#other."My.Orders"')
    assert {name: column.tolist() for name, column in raw.table.items()} == {'Köln "x"': [1], "select": ["a"]}
    assert ask(server, "SELECT s FROM t", tmp_path, t=f"{server.url()}#other.seen")
    assert ask(server, "SELECT v FROM t", tmp_path, t="parted").table["v"].tolist() == ["p"]


def test_the_whole_connection_in_the_environment(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib.parse import quote

    shop(server)
    monkeypatch.setenv("DATABASE_URL", server.url(user="admin", password=quote(PASSWORD, safe="")))
    raw = ask(server, "SELECT id FROM orders WHERE id < 3", tmp_path, orders="${DATABASE_URL}#orders")
    assert raw.table["id"].tolist() == [1, 2]
    assert "2 rows came from ${DATABASE_URL}#orders" in raw.notes[0]


@pytest.mark.parametrize(
    ("change", "table", "message", "fix", "where"),
    [
        ({"PG_PASSWORD": "wrong-one"}, "orders", "does not accept the user with this password", "check the values", ""),
        ({"PG_USER": "nobody-at-all"}, "orders", "does not accept the user", "", ""),
        ({"PG_PASSWORD": ""}, "orders", "variable PG_PASSWORD is not set", "export PG_PASSWORD", "#orders"),
        ({}, "odrers", "no table 'odrers'; did you mean 'orders'?", "behind #", ""),
        ({}, "other.orders", "no table 'other.orders'; did you mean 'public.orders'?", "behind #", ""),
        ({}, "hidden", "no table 'hidden'; did you mean 'other.hidden'?", "behind #", ""),
        ({"PG_USER": "reader"}, "orders", "this user may not read the table", "GRANT SELECT ON orders", "#orders"),
        (
            {"PG_USER": "reader"},
            "other.hidden",
            "this user may not read",
            "GRANT SELECT ON other.hidden",
            "#other.hidden",
        ),
    ],
)
def test_what_goes_wrong(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str], table: str, message: str, fix: str, where: str,
) -> None:  # fmt: skip
    shop(server)
    server.run("CREATE SCHEMA other CREATE TABLE hidden (x int)")
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataError) as caught:
        ask(server, "SELECT 1 FROM t", tmp_path, t=table if "." not in table else f"{server.url()}#{table}")
    assert message in caught.value.message
    assert fix in caught.value.fix
    assert caught.value.where == f"postgresql://127.0.0.1:{server.port}/shop{where}"
    for held in (PASSWORD, "wrong-one", "nobody-at-all", "admin"):
        assert held not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_server_and_no_database(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing answers there") as caught:
        ask(server, "SELECT 1 FROM t", tmp_path, t="postgresql://${PG_USER}:${PG_PASSWORD}@127.0.0.1:1/shop#t")
    assert caught.value.where == "postgresql://127.0.0.1:1/shop"
    with pytest.raises(DataError, match="no such database"):
        ask(server, "SELECT 1 FROM t", tmp_path, t=f"{server.url('shops')}#t")
    with pytest.raises(DataError, match="no host of this name"):
        ask(server, "SELECT 1 FROM t", tmp_path, t="postgresql://${PG_USER}@no-such-host.invalid/shop#t")


def test_columns_may_be_granted_one_by_one(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(server)
    server.run("GRANT USAGE ON SCHEMA public TO reader", "GRANT SELECT (id, amount) ON orders TO reader")
    monkeypatch.setenv("PG_USER", "reader")
    raw = ask(server, "SELECT sum(amount) AS a FROM orders WHERE id <= 4", tmp_path, orders="orders")
    assert raw.table["a"].tolist() == [2.5]
    with pytest.raises(DataError, match="'status' cannot be read: this user may not read it"):
        ask(server, "SELECT status FROM orders", tmp_path, orders="orders")


def test_a_statement_ends_with_its_time(server: Server, tmp_path: Path) -> None:
    from smeaton.data.query import read_sql

    server.run("CREATE VIEW slow AS SELECT 1 AS x FROM pg_sleep(60)")
    source = Source(query="SELECT x FROM t", tables={"t": f"{server.url()}#slow"})
    with pytest.raises(DataError, match=r"did not answer within 0\.2 s"):
        read_sql(source, tmp_path, None, None, seconds=0.2)


def test_nothing_can_be_changed(server: Server, tmp_path: Path) -> None:
    server.run(
        "CREATE TABLE log (x int)",
        "CREATE FUNCTION noted() RETURNS int LANGUAGE sql AS 'INSERT INTO log VALUES (1) RETURNING x'",
        "CREATE VIEW v AS SELECT noted() AS x",
    )
    with pytest.raises(DataError, match="read-only transaction"):
        ask(server, "SELECT x FROM v", tmp_path, v="v")


_NUMBERS = st.sampled_from(["-1", "0", "1", "2", "2.5", "1.10", "0.1", "9007199254740993"])
_TEXTS = st.sampled_from(["'a'", "'A'", "''", "'ä'", "'a '", "'it''s'", "'z%'", "'b\\c'"])
_DAYS = st.sampled_from(["'2024-01-01'", "DATE '2024-01-02'", "TIMESTAMP '2024-01-01 12:00:00'", "'1999-12-31'"])
_OPS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


@st.composite
def _condition(draw: st.DrawFn) -> str:
    columns, values = draw(st.sampled_from([
        (["i", "f", "n", "n2", "r"], _NUMBERS), (["t", "c", "e", "vc"], _TEXTS), (["d", "ts", "tz"], _DAYS)
    ]))  # fmt: skip
    column = draw(st.sampled_from(columns))
    form = draw(st.integers(0, 6))
    if form == 0:
        return f"{column} IN ({draw(values)}, {draw(values)})"
    if form == 1:
        return f"{column} BETWEEN {draw(values)} AND {draw(values)}"
    if form == 2:
        return f"{column} IS {draw(st.sampled_from(['', 'NOT ']))}NULL"
    if form == 3:
        return draw(st.sampled_from(["b", "NOT b", "b = true", "b <> false"]))
    if form == 4 and columns[0] == "t":
        return f"{column} {draw(st.sampled_from(['', 'NOT ']))}LIKE {draw(_TEXTS)}"
    if form == 5:
        return f"{draw(values)} {draw(_OPS)} {column}"
    return f"{column} {draw(_OPS)} {draw(values)}"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_condition(), second=_condition(), word=st.sampled_from(["AND", "OR"]))
def test_what_is_pushed_down_changes_nothing(
    filled: tuple[Server, Any], tmp_path: Path, first: str, second: str, word: str
) -> None:
    """With conditions on the server, and with none, a query answers the same."""
    from smeaton.data._engine import open_engine
    from smeaton.data.tables import open_tables, parse

    server, whole = filled
    query = f"SELECT id FROM t WHERE {first} {word} {second} ORDER BY id"
    with open_tables({"t": f"{server.url()}#t"}, tmp_path) as tables, open_engine() as engine:
        parsed = parse(query, "query", tables.paths)
        tables.bring(engine, "t", tables.needs([parsed], {"t": tables.columns("t")})["t"])
        assert engine.execute(query).fetchall() == whole.execute(query).fetchall()


@pytest.fixture
def filled(server: Server, tmp_path: Path) -> Any:
    """A table of values that are easily compared in two ways, and the whole of it in DuckDB."""
    from smeaton.data._engine import open_engine
    from smeaton.data.pushdown import WHOLE
    from smeaton.data.tables import open_tables

    server.run(
        "CREATE TYPE mood AS ENUM ('z%', 'a', 'A')",
        "CREATE TABLE t (id serial, i bigint, f float8, n numeric, n2 numeric(10, 2), r real, t text, vc varchar(9),"
        " c char(4), e mood, d date, ts timestamp, tz timestamptz, b boolean)",
    )
    numbers = ["0", "1", "2", "-1", "9007199254740993", None]
    texts = ["a", "A", "", "ä", "a ", "it's", "z%", "b\\c", None]
    days = ["2024-01-01", "2024-01-02", "1999-12-31", "infinity", None]
    fractions = ["0.1", "1.1", "2.5", "0.1000000001", "NaN", None]
    rows = zip(range(40), *(itertools.cycle(values) for values in (numbers, texts, days, fractions)), strict=False)
    with server.connect() as connection:
        for number, whole, text, day, part in rows:
            label = text if text in ("z%", "a", "A") else None
            size = None if part in (None, "NaN") else part
            connection.execute(
                "INSERT INTO t (i, f, n, n2, r, t, vc, c, e, d, ts, tz, b) VALUES"
                " (%s::bigint, %s::float8, %s::numeric, %s::numeric, %s::real, %s, %s, rtrim(%s), %s::mood, %s::date,"
                " %s::timestamp, %s::timestamptz, %s)",
                [whole, part, part, size, part, text, text, text, label, day, day, day and f"{day} 12:00+00"
                 if day != "infinity" else day, [True, False, None][number % 3]],
            )  # fmt: skip
    with open_tables({"t": f"{server.url()}#t"}, tmp_path) as tables, open_engine() as engine:
        tables.bring(engine, "t", WHOLE)
        yield server, engine
