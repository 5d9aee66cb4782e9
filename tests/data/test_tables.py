"""Tables that are too large to be held are brought in pieces; small ones at once: the query sees the same."""

from pathlib import Path

import pytest

from smeaton.data import _pieces
from smeaton.data.read import Raw, read
from smeaton.errors import DataError
from smeaton.task.task import Source

ROWS = [
    f"{n},{n / 2},{'' if n % 5 == 0 else n},{['yes', 'no'][n % 2]},2026-01-{n % 28 + 1:02},w{n % 3}" for n in range(90)
]
HEAD = "id,half,gaps,flag,day,word\n"


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as large; a piece has 20 rows, the sample 15."""
    monkeypatch.setenv("SMEATON_MEMORY", "1KB")
    monkeypatch.setattr(_pieces, "_AT_ONCE", 20)
    monkeypatch.setattr(_pieces, "_SAMPLE", 15)


def ask(folder: Path, path: str, query: str = "SELECT * FROM t ORDER BY ALL") -> Raw:
    return read(Source(query=query, tables={"t": path}), folder)


def test_pieces_and_wholes_are_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "\n".join(ROWS[:50]) + "\n")
    (tmp_path / "b.csv").write_text(HEAD + "\n".join(ROWS[50:]) + "\n")
    whole = ask(tmp_path, "*.csv")
    monkeypatch.setattr(_pieces, "_AT_ONCE", 20)
    monkeypatch.setattr("smeaton.data.tables.is_large", lambda found: True)
    pieces = ask(tmp_path, "*.csv")
    assert list(pieces.table) == list(whole.table) == HEAD.strip().split(",")
    for name, column in whole.table.items():
        assert repr(pieces.table[name].tolist()) == repr(column.tolist()), name


def test_a_value_that_the_sample_did_not_show(tmp_path: Path, in_pieces: None) -> None:
    rows = [*ROWS, "3000000000,1e3,x,maybe,soon,w9"]
    (tmp_path / "a.csv").write_text(HEAD + "\n".join(rows) + "\n")
    raw = ask(tmp_path, "a.csv", "SELECT max(id) AS id, max(half) AS half, min(gaps) AS gaps, max(flag) AS flag FROM t")
    assert {name: column.tolist() for name, column in raw.table.items()} == {
        "id": [3000000000], "half": [1000.0], "gaps": ["1"], "flag": ["yes"]
    }  # fmt: skip


def test_a_key_that_comes_later(tmp_path: Path, in_pieces: None) -> None:
    lines = [f'{{"a": {n}}}' for n in range(40)] + ['{"a": 40, "b": 1.5}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    raw = ask(tmp_path, "a.jsonl", "SELECT count(*) AS n, count(b) AS bs, sum(b) AS b FROM t")
    assert {name: column.tolist() for name, column in raw.table.items()} == {"n": [41], "bs": [1], "b": [1.5]}


def test_lists_are_read_at_once(tmp_path: Path, in_pieces: None) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": [1, 2]}\n{"a": [3]}\n')
    assert ask(tmp_path, "a.jsonl", "SELECT len(a) AS n FROM t").table["n"].tolist() == [2, 1]


def test_broken_lines_are_refused_in_pieces_too(tmp_path: Path, in_pieces: None) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "\n".join(ROWS) + "\n1,2\n")
    with pytest.raises(DataError, match="2 values") as caught:
        ask(tmp_path, "a.csv")
    assert caught.value.where.endswith("a.csv:92")
