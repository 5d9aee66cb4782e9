"""Any single character separates values: found where it cuts evenly, said, or stated in the address."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.data.sources._write import file

from smeaton.data.read import read
from smeaton.errors import DataError

FOUND = {
    ",": "", ";": "semicolons", "\t": "tabs", "|": "bars", ":": "colons", "^": "carets", "~": "tildes",
    "\x01": "the character 0x01", "\x1f": "the character 0x1F", "!": "exclamation marks", "#": "hashes",
    "*": "asterisks", "&": "ampersands", "%": "percent signs", "¦": "broken bars", "§": "section signs",
}  # fmt: skip


def table(tmp_path: Path, content: str, name: str = "t.csv", part: str = "") -> dict[str, list[object]]:
    path = file(tmp_path, name, content.encode())
    return {key: column.tolist() for key, column in read(f"{path}{part}", tmp_path).table.items()}


@pytest.mark.parametrize("mark", FOUND)
def test_every_mark_is_found_and_said(tmp_path: Path, mark: str) -> None:
    path = file(tmp_path, "t.txt", f'a{mark}b c{mark}d\n1{mark}"x{mark}, y"{mark}\n2{mark}z{mark}3.5\n'.encode())
    raw = read(path, tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {
        "a": ["1", "2"],
        "b c": [f"x{mark}, y", "z"],
        "d": [None, "3.5"],
    }
    assert raw.notes == ((f"t.txt: values are separated by {FOUND[mark]}",) if FOUND[mark] else ())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([mark for mark in FOUND if mark.isascii()]),
    st.lists(st.lists(st.text("ab 1,;|:.-", min_size=1, max_size=6), min_size=3, max_size=3), min_size=1, max_size=8),
)
def test_what_is_written_is_read(tmp_path: Path, mark: str, rows: list[list[str]]) -> None:
    """With quotes around every value, whatever other marks stand in them."""
    assume(all(cell.strip() for row in rows for cell in row))
    lines = [mark.join(f'"{cell}"' for cell in row) for row in [["n", "m", "o"], *rows]]
    assert table(tmp_path, "\n".join(lines)) == {
        name: [row[place] for row in rows] for place, name in enumerate(["n", "m", "o"])
    }


def test_decimal_commas_are_no_delimiter(tmp_path: Path) -> None:
    assert table(tmp_path, "a;b\n1,5;2,5\n3,0;4,1\n") == {"a": ["1,5", "3,0"], "b": ["2,5", "4,1"]}
    assert table(tmp_path, "name;price, EUR\nx;1,50\ny;2,00\n") == {"name": ["x", "y"], "price, EUR": ["1,50", "2,00"]}
    assert table(tmp_path, "n\tx\na, b\t1,5\nc, d\t2,5\n") == {"n": ["a, b", "c, d"], "x": ["1,5", "2,5"]}


def test_two_marks_that_cut_alike_are_said(tmp_path: Path) -> None:
    raw = read(file(tmp_path, "t.csv", b"a,b;c\nx,y;z\n"), tmp_path)
    assert list(raw.table) == ["a", "b;c"]
    assert raw.notes == ("t.csv: values are separated by commas (semicolons would cut it as evenly)",)


def test_runs_of_spaces_where_nothing_else_cuts(tmp_path: Path) -> None:
    content = "  x   y  z\r\n 1.0  2.0   3\r\n 4.0 5.0  6  \r\n"
    assert table(tmp_path, content, "t.dat") == {"x": ["1.0", "4.0"], "y": ["2.0", "5.0"], "z": ["3", "6"]}
    assert table(tmp_path, "a text\nhello world\ngood day\n") == {"a text": ["hello world", "good day"]}
    assert table(tmp_path, "text\nhello: world\nfoo; bar\n") == {"text": ["hello: world", "foo; bar"]}


def test_what_the_ending_says(tmp_path: Path) -> None:
    assert table(tmp_path, "a\tb,c\n1\t2,3\n", "t.tsv") == {"a": ["1"], "b,c": ["2,3"]}
    assert table(tmp_path, "a\tb,c\n1\t2,3\n", "t.tab") == {"a": ["1"], "b,c": ["2,3"]}
    assert table(tmp_path, "a|b,c\n1|2,3\n", "t.psv") == {"a": ["1"], "b,c": ["2,3"]}
    assert table(tmp_path, "a,b\n1,2\n", "T.TSV") == {"a": ["1"], "b": ["2"]}


def test_the_line_that_excel_puts_on_top(tmp_path: Path) -> None:
    path = file(tmp_path, "t.csv", b"sep=;\r\na;b,c\r\n1;2\r\n")
    raw = read(path, tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {"a": ["1"], "b,c": ["2"]}
    assert raw.place(0) == f"{path}:3"
    with pytest.raises(DataError, match="3 values") as caught:
        read(file(tmp_path, "u.csv", b"sep=;\na;b\n1;2;3\n"), tmp_path)
    assert caught.value.where.endswith("u.csv:3")


def test_the_address_states_it(tmp_path: Path) -> None:
    assert table(tmp_path, "a-b\n1-2\n", part="#delimiter=-") == {"a": ["1"], "b": ["2"]}
    assert table(tmp_path, "a/b\n1/é\n", part="#encoding=utf-8&delimiter=slash") == {"a": ["1"], "b": ["é"]}
    with pytest.raises(DataError, match="'--' is no delimiter") as caught:
        table(tmp_path, "a--b\n", part="#delimiter=--")
    assert caught.value.fix


def test_mixed_line_ends(tmp_path: Path) -> None:
    assert table(tmp_path, "a,b\r1,2\r\n3,4\n5,6") == {"a": ["1", "3", "5"], "b": ["2", "4", "6"]}


def test_a_title_above_the_names_is_refused_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2 values, but the header names 1 column") as caught:
        table(tmp_path, "Sales of 2024\na,b\n1,2\n")
    assert "title" in caught.value.fix
    assert caught.value.where.endswith(":2")
