import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smeaton.data.pushdown import WHOLE, Condition, Constant, Filter, Group, Need, needs, together
from smeaton.task.sql import read_query

TABLES = {"orders": ["id", "amount", "day", "status", "paid", "Customer"], "people": ["Customer", "name"], "step": None}


def need(query: str, table: str = "orders") -> Need:
    return needs(read_query(query), TABLES)[table]


def shown(found: Filter | None) -> str:
    if found is None:
        return ""
    if isinstance(found, Group):
        return "(" + (" or " if found.any else " and ").join(map(shown, found.parts)) + ")"
    values = ", ".join(f"{value.kind[:2]}:{value.text}" for value in found.values)
    return f"{found.column} {found.op} {values}".strip()


def columns(query: str, table: str = "orders") -> list[str] | None:
    known, found = TABLES[table], need(query, table).columns
    return None if found is None else [name for name in known or () if name.casefold() in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id FROM orders", ["id"]),
        ("SELECT count(*) FROM orders", []),
        ("SELECT o.ID AS x FROM orders o WHERE amount > 1 GROUP BY ALL ORDER BY status", ["id", "amount", "status"]),
        ("SELECT name FROM orders JOIN people USING (customer)", ["Customer"]),
        ("SELECT name FROM orders, people WHERE orders.id = 1", ["id"]),
        ("SELECT * FROM orders", None),
        ("SELECT * EXCLUDE (day) FROM orders", None),
        ("SELECT COLUMNS('a.*') FROM orders", None),
        ("FROM orders", None),
        ("SELECT o.* FROM orders o, people", None),
        ("SELECT people.* FROM orders, people WHERE id = 1", ["id"]),
        ("SELECT * FROM (SELECT id FROM orders)", ["id"]),
        ("WITH x AS (SELECT id, day FROM orders) SELECT * FROM x", ["id", "day"]),
        ("SELECT orders FROM orders", None),
        ("SELECT o FROM orders AS o", None),
        ("SELECT a FROM orders AS o(a, b)", None),
        ("SELECT id FROM orders NATURAL JOIN people", None),
        ("SELECT * FROM orders PIVOT (sum(amount) FOR status IN ('a'))", None),
        ("SUMMARIZE orders", None),
        ("SELECT id FROM orders, query('SELECT * FROM orders')", None),
        (
            "SELECT name FROM people WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer = people.customer)",
            ["Customer"],
        ),
    ],
)
def test_columns(query: str, expected: list[str] | None) -> None:
    assert columns(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id FROM orders WHERE amount > 1.5 AND 3 <= id", "(amount > de:1.5 and id >= in:3)"),
        ("SELECT id FROM orders WHERE id BETWEEN -1 AND 2", "id between in:-1, in:2"),
        ("SELECT id FROM orders WHERE status IN ('a', 'b')", "status in te:a, te:b"),
        ("SELECT id FROM orders WHERE status LIKE 'a%'", "status like te:a%"),
        ("SELECT id FROM orders WHERE paid AND NOT paid", "(paid true and paid false)"),
        ("SELECT id FROM orders WHERE day >= DATE '2026-01-01'", "day >= da:2026-01-01"),
        ("SELECT id FROM orders WHERE day >= TIMESTAMP '2026-01-01 10:00'", "day >= ti:2026-01-01 10:00:00"),
        ("SELECT id FROM orders WHERE id = 1 OR (id = 2 AND paid)", "(id = in:1 or (id = in:2 and paid true))"),
        ("SELECT id FROM orders WHERE day IS NULL AND id IS NOT NULL", "(day null and id not null)"),
        ("SELECT id FROM orders o LEFT JOIN people p ON o.customer = p.customer WHERE o.id = 1", "id = in:1"),
        ("SELECT id FROM people p LEFT JOIN orders o ON o.customer = p.customer WHERE o.id = 1", "id = in:1"),
        ("SELECT id FROM orders, step WHERE orders.id = 1", "id = in:1"),
        ("SELECT id FROM orders WHERE id = 1 UNION ALL SELECT id FROM orders WHERE id = 2", "(id = in:1 or id = in:2)"),
        ("WITH x AS (SELECT * FROM orders WHERE paid) SELECT * FROM x WHERE id = 1", "paid true"),
        # What could be wrong, or is not understood, stays.
        ("SELECT id FROM orders WHERE id = 1 UNION ALL SELECT id FROM orders", ""),
        ("SELECT id FROM people p LEFT JOIN orders o ON o.customer = p.customer WHERE o.id IS NULL", ""),
        ("SELECT id FROM orders, step WHERE id = 1", ""),
        ("SELECT day AS id FROM orders WHERE id = 1", ""),
        ("SELECT id FROM orders WHERE id = 1 OR amount > day", ""),
        ("SELECT id FROM orders WHERE id = 1 OR name = 'x'", ""),
        ("SELECT id FROM orders JOIN people USING (customer) WHERE customer = 1", ""),
        ("SELECT id FROM orders WHERE id + 1 = 2", ""),
        ("SELECT id FROM orders WHERE id = NULL", ""),
        ("SELECT id FROM orders WHERE id = 1e3", ""),
        ("SELECT id FROM orders WHERE day > now()", ""),
        ("SELECT id FROM orders USING SAMPLE 3", ""),
        ("SELECT id FROM orders TABLESAMPLE 10% WHERE id = 1", ""),
        ("SELECT rowid FROM orders WHERE id = 1", ""),
        ("SELECT id FROM orders o ASOF JOIN people p ON o.customer >= p.customer WHERE o.id = 1", ""),
        ("SELECT id FROM orders o POSITIONAL JOIN people p WHERE o.id = 1", ""),
        ("WITH orders AS (SELECT * FROM orders) SELECT id FROM orders WHERE id = 1", ""),
        ("SELECT id FROM orders GROUP BY id HAVING id = 1", ""),
        ("SELECT name FROM people WHERE EXISTS (SELECT 1 FROM orders WHERE people.name = 'x')", ""),
    ],
)
def test_filters(query: str, expected: str) -> None:
    assert shown(need(query).filter) == expected


def test_several_queries_together() -> None:
    first, second = need("SELECT id FROM orders WHERE id = 1"), need("SELECT day FROM orders WHERE paid")
    both = together([first, second])
    assert both.columns is not None
    assert {"id", "day"} <= both.columns
    assert shown(both.filter) == "(id = in:1 or paid true)"
    assert together([first, first]).filter == Condition("id", "=", (Constant("integer", "1"),))
    assert together([first, WHOLE]) == WHOLE


_NAMES = ("orders", "people")
_ROWS = {
    "orders": "SELECT i AS id, i * 1.5 AS amount, DATE '2026-01-01' + i AS day, ['a', 'b', NULL][i % 3 + 1] AS status,"
    " [true, false, NULL][i % 3 + 1] AS paid, nullif(i % 4, 3) AS Customer FROM (SELECT range::int AS i FROM range(9))",
    "people": "SELECT nullif(i % 5, 2) AS Customer, ['x', 'a', NULL][i % 3 + 1] AS name"
    " FROM (SELECT range::int AS i FROM range(7))",
}


@st.composite
def _predicates(draw: st.DrawFn) -> str:
    column = draw(st.sampled_from(["o.id", "o.amount", "o.customer", "p.customer", "id", "amount"]))
    words = draw(st.sampled_from(["o.status", "p.name", "name", "status"]))
    number = draw(st.integers(-1, 8))
    return draw(st.sampled_from([
        f"{column} = {number}", f"{column} <> {number}", f"{number} < {column}", f"{column} BETWEEN {number} AND 5.5",
        f"{column} IN ({number}, 2)", f"{column} IS NULL", f"{column} IS NOT NULL", f"{column} + 1 > {number}",
        f"{words} = 'a'", f"{words} LIKE 'a%'", f"{words} IS NULL", "o.paid", "NOT paid", "o.day > DATE '2026-01-04'",
        "p.name < o.status",
    ]))  # fmt: skip


_joins = st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "ASOF JOIN"])


@settings(max_examples=60, deadline=None)
@given(
    join=_joins, first=_predicates(), second=_predicates(), third=_predicates(),
    word=st.sampled_from(["AND", "OR"]), chosen=st.sampled_from(["o.id, amount", "count(*)", "*", "o.*", "sum(o.id)"]),
    swap=st.booleans(),
)  # fmt: skip
def test_what_is_left_away_does_not_count(
    join: str, first: str, second: str, third: str, word: str, chosen: str, *, swap: bool
) -> None:
    """A query over the columns and rows that it is said to need answers as it does over all of them."""
    left, right = ("people p", "orders o") if swap else ("orders o", "people p")
    on = "o.customer >= p.customer" if join == "ASOF JOIN" else "o.customer = p.customer"
    query = f"SELECT {chosen} FROM {left} {join} {right} ON {on} WHERE {first} AND ({second} {word} {third})"
    with duckdb.connect(config={"threads": 1}) as engine:
        for name in _NAMES:
            engine.execute(f"CREATE TABLE {name} AS {_ROWS[name]}")
        try:
            expected = sorted(map(repr, engine.execute(query).fetchall()))
        except duckdb.Error:  # a name of a side that the join hides, or of both sides
            assume(False)
        found = needs(read_query(query), TABLES)
        for name in _NAMES:
            kept = [column for column in TABLES[name] or () if _kept(column, found[name])] or ["Customer"]
            where = "" if found[name].filter is None else f"WHERE {_sql(found[name].filter)}"
            engine.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join(kept)} FROM ({_ROWS[name]}) {where}")
        assert sorted(map(repr, engine.execute(query).fetchall())) == expected


def _kept(column: str, found: Need) -> bool:
    return found.columns is None or column.casefold() in found.columns


def _sql(found: Filter | None) -> str:
    if isinstance(found, Group):
        return "(" + (" OR " if found.any else " AND ").join(map(_sql, found.parts)) + ")"
    assert found is not None
    values = [
        f"DATE '{v.text}'" if v.kind == "date" else f"'{v.text}'" if v.kind == "text" else v.text for v in found.values
    ]
    if found.op in ("true", "false"):
        return found.column if found.op == "true" else f"NOT {found.column}"
    if found.op in ("null", "not null"):
        return f"{found.column} IS {found.op}"
    if found.op == "between":
        return f"{found.column} BETWEEN {values[0]} AND {values[1]}"
    return f"{found.column} {found.op} ({', '.join(values)})"
