"""`smeaton journal`: what a journal holds, and its predictions as a file."""

import asyncio
import csv
import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.journal.entries import BUNDLE, MODEL, made, opened

from smeaton.cli import main
from smeaton.journal.segments import listed


def said_by(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["journal", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """20 requests of one row, a truth for two of them, one column masked."""
    journal = opened(tmp_path / "journal", masked=("plan",))
    for number in range(20):
        journal.note(made(number, at=1000.0 + number))
    asyncio.run(journal.feedback([{"id": f"request-{n}", "truth": bool(n % 2), "at": 2000} for n in (3, 4)]))
    journal.close()
    return tmp_path / "journal"


def test_summary(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said_by(capsys, folder)
    assert (code, err) == (0, "")
    assert f"{MODEL} {BUNDLE}: 20 predictions in 20 requests, 2 with a truth" in out
    assert "1970-01-01T00:16:40.000000Z to 1970-01-01T00:16:59.000000Z" in out
    assert "never written: plan" in out
    assert "2 truths given; 1 file, " in out
    code, out, _ = said_by(capsys, folder, "--json")
    said = json.loads(out)
    assert said.keys() == {"folder", "models", "feedback", "segments", "damaged", "bytes", "problems"}
    assert said["models"] == [
        {
            "model": MODEL, "bundle": BUNDLE, "columns": ["age", "spend"], "masked": ["plan"], "entries": 20,
            "predictions": 20, "judged": 2, "first": "1970-01-01T00:16:40.000000Z",
            "last": "1970-01-01T00:16:59.000000Z",
        }
    ]  # fmt: skip


def test_parquet(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "it's.parquet"
    code, out, _ = said_by(capsys, folder, "-o", output)
    assert code == 0
    assert f"20 predictions written to {output}" in out
    with duckdb.connect() as engine:
        table = engine.read_parquet(str(output))
        assert dict(zip(table.columns, map(str, table.types), strict=True)) == {
            "at": "TIMESTAMP", "id": "VARCHAR", "row": "BIGINT", "model": "VARCHAR", "bundle": "VARCHAR",
            "wire": "VARCHAR", "caller": "VARCHAR", "trace": "VARCHAR", "age": "BIGINT", "spend": "DOUBLE",
            "prediction": "BOOLEAN", "probability_true": "DOUBLE", "probability_false": "DOUBLE", "seconds": "DOUBLE",
            "truth": "BOOLEAN", "truth_at": "TIMESTAMP",
        }  # fmt: skip
        chosen = 'epoch("at"), id, age, spend, prediction, probability_true, truth, epoch(truth_at)'
        rows = engine.execute(f"select {chosen} from read_parquet(?)", [str(output)]).fetchall()
    assert rows == [
        (
            1000.0 + n, f"request-{n}", n, n / 8, bool(n % 2), 0.25,
            bool(n % 2) if n in (3, 4) else None, 2000.0 if n in (3, 4) else None,
        )
        for n in range(20)
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it's.parquet", "journal"]


def test_parquet_of_odd_names_and_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = opened(tmp_path / "j")
    journal.declare("odd", BUNDLE, ['a "b"', "id", "vector", "mixed", "none", "\u00e9\u4e2d"])
    for number in range(3):
        row = ["x\ny", number, [0.5, number], [1, "a", None][number], None, {"deep": [number]}]
        journal.note(made(number, model="odd", rows=[row], answers=[{"prediction": "\U0001f600'"}]))
    journal.close()
    code, out, _ = said_by(capsys, tmp_path / "j", "-o", tmp_path / "o.parquet", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == 3
    with duckdb.connect() as engine:
        rows = engine.read_parquet(str(tmp_path / "o.parquet")).fetchall()
        names = engine.read_parquet(str(tmp_path / "o.parquet")).columns
    assert names == json.loads(out)["columns"]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    assert [row['a "b"'] for row in found] == ["x\ny"] * 3
    assert [row["input_id"] for row in found] == [0, 1, 2]
    assert [row["vector"] for row in found] == [[0.5, 0.0], [0.5, 1.0], [0.5, 2.0]]
    assert [row["mixed"] for row in found] == ["1", "a", None]
    assert [row["none"] for row in found] == [None] * 3
    assert [row["\u00e9\u4e2d"] for row in found] == ['{"deep": [0]}', '{"deep": [1]}', '{"deep": [2]}']
    assert found[0]["prediction"] == "\U0001f600'"


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_csv(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    assert said_by(capsys, folder, "-o", tmp_path / f"o{ending}")[0] == 0
    with (tmp_path / f"o{ending}").open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t" if ending == ".tsv" else ","))
    assert [row["age"] for row in rows] == [str(number) for number in range(20)]
    assert [row["truth"] for row in rows[2:6]] == ["", "true", "false", ""]
    assert "plan" not in rows[0]


def test_jsonl_of_a_time(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "o.jsonl"
    which = ("--model", MODEL, "--since", "1970-01-01T00:16:43Z", "--until", "1970-01-01T00:16:45Z")
    code, out, _ = said_by(capsys, folder, "-o", output, *which, "--json")
    assert code == 0
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["request-3", "request-4"]
    assert rows[0]["truth"] is True
    assert [*rows[0]] == json.loads(out)["columns"]
    assert said_by(capsys, folder, "-o", output, "--since", "24h")[1].startswith("0 predictions")


def test_csv_and_jsonl_do_without_duckdb(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    for ending in (".csv", ".jsonl"):
        assert said_by(capsys, folder, "-o", tmp_path / f"o{ending}")[0] == 0
    code, _, err = said_by(capsys, folder, "-o", tmp_path / "o.parquet")
    assert code == 2
    assert "pip install 'smeaton[build]'" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "x.xlsx"], "unknown ending '.xlsx'"),
        (["-o", "/none/x.csv"], "there is no folder /none"),
        (["-o", "x.csv", "--model", "other"], "the journal holds no model 'other'"),
        (["-o", "x.csv", "--since", "soon"], "neither a moment nor a time"),
        (["--since", "24h"], "choose what is exported"),
    ],
)
def test_what_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    code, _, err = said_by(capsys, folder, *arguments)
    assert code == 2
    assert words in err
    assert "fix:" in err


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said_by(capsys, tmp_path / "none")
    assert code == 2
    assert "there is no folder" in err


def test_a_segment_that_cannot_be_read_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (segment,) = listed(folder)
    segment.path.write_bytes(b"no database" * 1000)
    code, out, err = said_by(capsys, folder)
    assert code == 6
    assert "nothing was asked yet" in out
    assert segment.path.name in err
    code, out, _ = said_by(capsys, folder, "-o", folder.parent / "o.csv", "--json")
    problems: list[Any] = json.loads(out)["problems"]
    assert (code, len(problems)) == (6, 1)
