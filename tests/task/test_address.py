import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.task.address import Address, is_connection, read_address


@pytest.mark.parametrize(
    ("text", "kind", "table", "shown"),
    [
        ("postgresql://${U}:${P}@h:5432/db?sslmode=require#s.t", "postgres", ("s", "t"), "postgresql://h:5432/db#s.t"),
        ("postgres://me@h/db#t", "postgres", ("t",), "postgresql://h/db#t"),
        ("postgresql:///db?host=/run#t", "postgres", ("t",), "postgresql:///db#t"),
        ("postgresql://[::1]:5/d#t", "postgres", ("t",), "postgresql://[::1]:5/d#t"),
        ("postgresql://a,b/d#t", "postgres", ("t",), "postgresql://a,b/d#t"),
        ("postgresql://${H}/d#t", "postgres", ("t",), "postgresql://${H}/d#t"),
        ("postgresql://h/d?password=${P}#t", "postgres", ("t",), "postgresql://h/d#t"),
        (
            '${DATABASE_URL}#"My.Schema"."a ""b"""',
            "postgres",
            ("My.Schema", 'a "b"'),
            '${DATABASE_URL}#My.Schema.a "b"',
        ),
        ("shop.db", "sqlite", (), "shop.db"),
        ("data/Shop.SQLite3#orders", "sqlite", ("orders",), "data/Shop.SQLite3#orders"),
    ],
)
def test_tables_of_databases(text: str, kind: str, table: tuple[str, ...], shown: str) -> None:
    found = read_address(text)
    assert found == Address(kind, text.partition("#")[0], table)  # type: ignore[arg-type]
    assert found.shown == shown


@pytest.mark.parametrize("text", ["a.csv", "a/*.parquet", "book.xlsx#Sheet", "all.zip#x.csv", "a#b.csv", "db"])
def test_files(text: str) -> None:
    assert read_address(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("postgresql://u:hunter2@h/d#t", "the password is written out"),
        ("postgresql://u:hunter2${X}@h/d#t", "the password is written out"),
        ("postgresql://h/d?user=u&password=hunter2#t", "the password is written out"),
        ("postgresql://h/d", "no table in it"),
        ("${URL}", "no table in it"),
        ("postgresql://h#t", "names no database"),
        ("postgresql://h/d#a.b.c", "table or schema.table"),
        ("postgresql://h/d#a.", "table or schema.table"),
        ('postgresql://h/d#"a', "table or schema.table"),
        ("postgresql://${a b}@h/d#t", "letters, digits"),
        ("mysql://h/d#t", "is not read"),
        ("s3://bucket/x.parquet", "is not read"),
        ("host=h dbname=d", "write the connection as postgresql://"),
        ("x.db#a.b", "no schema"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_address(text)
    assert "hunter2" not in str(caught.value)


@given(st.text("pg:/@#${}ab.\"'[]?=&%,", max_size=30).map(lambda text: f"postgresql://{text}") | st.text(max_size=30))
def test_any_text_is_an_address_a_file_or_a_mistake(text: str) -> None:
    try:
        found = read_address(text)
    except ValueError:
        return
    assert found is None or found.kind == "sqlite" or is_connection(text)
