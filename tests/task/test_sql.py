import pytest

from smeaton.errors import TaskError
from smeaton.task.sql import read_query
from smeaton.task.steps import in_order, upstream
from smeaton.task.task import Step


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("SELECT 1", ()),
        ("SELECT * FROM T, t, (SELECT * FROM u) JOIN s.v USING (k)", ("T", "u", "v")),
        ("WITH x AS (SELECT * FROM t) SELECT * FROM x WHERE k IN (SELECT k FROM u)", ("t", "u")),
        ("WITH t AS (SELECT * FROM t) SELECT * FROM t", ("t",)),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM b", ("b",)),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, t) SELECT * FROM r", ("t",)),
        ("SELECT * FROM (WITH z AS (SELECT * FROM q) SELECT * FROM z), z", ("q", "z")),
        ("FROM t", ("t",)),
        ('SELECT * FROM "odd name" PIVOT (sum(a) FOR b IN (1, 2))', ("odd name",)),
        ("SELECT 1; -- t", ()),
    ],
)
def test_tables(query: str, tables: tuple[str, ...]) -> None:
    assert read_query(query).tables == tables


@pytest.mark.parametrize(
    ("query", "function"),
    [
        ("SELECT random()", "random"),
        ("SELECT x FROM t WHERE day > current_date - 7", "current_date"),
        ("SELECT NOW() - day FROM t", "now"),
        ("SELECT * FROM t USING SAMPLE 5", "sample"),
        ("SELECT date_trunc('day', x), age(x, y), 'now()' FROM t", ""),
    ],
)
def test_what_changes_by_itself(query: str, function: str) -> None:
    assert read_query(query).changing == function


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1; SELECT 2", "not one SELECT"),
        ("DROP TABLE t", "not one SELECT"),
        ("", "not one SELECT"),
        ("SELECT é,\n  b frm t WHERE", r"syntax error at or near .* \(line 2, column \d+ of the query\)"),
    ],
)
def test_what_is_no_query(query: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_query(query)


def steps(**queries: str) -> dict[str, Step]:
    return {name: Step(query=query) for name, query in queries.items()}


def order(**queries: str) -> dict[str, tuple[str, ...]]:
    return in_order(steps(**queries), ["t"], {name: f"line {name}" for name in queries})


def test_each_step_comes_after_those_it_reads() -> None:
    found = order(c="SELECT * FROM A, b", b="SELECT * FROM a, T", a="SELECT * FROM t", d="SELECT 1")
    assert list(found) == ["a", "d", "b", "c"]
    assert found["c"] == ("a", "b")
    assert found["b"] == ("a", "t")
    assert upstream("b", found) == ["a", "b"]
    assert upstream("c", found) == ["a", "b", "c"]


def test_circles_are_named() -> None:
    with pytest.raises(TaskError, match="in a circle: b -> c -> b") as caught:
        order(a="SELECT * FROM b", b="SELECT * FROM c", c="SELECT * FROM b")
    assert caught.value.where == "line b"
