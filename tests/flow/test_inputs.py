"""Whatever form the rows come in, the build and its answers are the same."""

import asyncio
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import QUICK, as_csv, client_rows

import smeaton
from smeaton.data.load import load
from smeaton.errors import InputError, TaskError
from smeaton.flow.request import resolve
from smeaton.task.task import Data, Solutions, Source, Task
from smeaton.task.types import Type
from smeaton.task.yaml import write_task

ROWS = client_rows(160)


def files(folder: Path) -> dict[str, Path]:
    """The same rows as files of every kind."""
    text = as_csv(ROWS)
    made = {name: folder / f"clients.{name}" for name in ("csv", "tsv", "csv.gz", "jsonl", "jsonl.gz", "parquet")}
    made["csv"].write_text(text)
    made["tsv"].write_text(as_csv(ROWS, "\t"))
    made["csv.gz"].write_bytes(gzip.compress(text.encode()))
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    made["jsonl"].write_text(lines)
    made["jsonl.gz"].write_bytes(gzip.compress(lines.encode()))
    pq.write_table(pa.Table.from_pylist(ROWS), made["parquet"])
    return made


def tables() -> dict[str, Any]:
    """The same rows as tables in memory."""
    columns: dict[str, Any] = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    return {
        "pandas": pd.DataFrame(ROWS),
        "polars": pl.DataFrame(ROWS),
        "arrow": pa.Table.from_pylist(ROWS),
        "mapping": columns,
        "rows": ROWS,
    }


def test_every_form_means_the_same_rows(tmp_path: Path) -> None:
    hashes = {}
    for name, path in files(tmp_path).items():
        hashes[name] = load(*_asked(path, tmp_path / name)).hash
    for name, table in tables().items():
        hashes[name] = load(*_asked(table, tmp_path / name)).hash
    assert len(set(hashes.values())) == 1, hashes


def _asked(what: Any, out: Path) -> tuple[Task, Any]:
    request = resolve(what, "churned", None, out)
    return request.task, request.raw


def test_a_build_from_a_table_inside_a_running_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def work() -> tuple[smeaton.Built, Any]:
        built = smeaton.build(tables()["pandas"], target="spend", budget=12, out="made")
        assert built.bundle is not None
        with smeaton.load(built.bundle) as model:
            return built, model.predict(pd.DataFrame(ROWS))

    built, answers = asyncio.run(work())
    assert built.metric == "rmse"
    assert built.bundle == Path("made/spend.bundle") or built.bundle == tmp_path / "made" / "spend.bundle"
    assert answers["prediction"].shape == (160,)
    assert np.isfinite(answers["prediction"]).all()


def test_a_table_needs_a_target() -> None:
    with pytest.raises(InputError, match="target"):
        smeaton.build(tables()["mapping"])
    with pytest.raises(InputError, match="nothing to build from"):
        smeaton.build()
    with pytest.raises(InputError, match="is no table"):
        smeaton.build(3.5, target="a")


def _same(path: Path, folder: Path) -> Task:
    return Task(
        name="same",
        data=Data(examples=Source(files=(str(path),))),
        output={"churned": Type(type="boolean")},
        solutions=Solutions(only=("baseline",), add=("quick.py:quick",)),
        folder=str(folder),
    )


def _said(built: smeaton.Built) -> tuple[Any, ...]:
    """All that a build says of its solutions, but the time it took: board, sealed test, answers of the bundle."""
    assert built.bundle is not None
    with smeaton.load(built.bundle) as model:
        answers = model.predict([{name: row[name] for name in model.task.input_types} for row in ROWS])
    rows = [msgspec.structs.replace(row, seconds=0.0) for row in built.board.rows]
    return rows, built.board.winner, built.board.reasons, built.test, answers


@pytest.mark.slow
def test_every_form_gives_the_same_bundle(tmp_path: Path) -> None:
    """The number of folds and where a fit ends depend on the clock, and are recorded: a replay on the rows of another
    form does not look at it, however busy the machine is."""
    forms = files(tmp_path)
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "quick.py").write_text(QUICK)
    first = smeaton.build(_same(forms.pop("csv"), folder), budget=120)
    expected = _said(first)
    assert sum(row.state == "done" for row in first.board.rows) >= 2
    (kept,) = (folder / ".smeaton").glob("*/data")
    for name, path in forms.items():
        shutil.rmtree(kept)  # the rows of the form before
        again = smeaton.build(_same(path, folder), budget=120, replay=True)
        assert "trials were repeated with the same scores" in again.stopped, name
        assert list((folder / ".smeaton").glob("*/data")) == [kept], name
        assert _said(again) == expected, name


def test_a_share_to_seal_is_for_data_alone(tmp_path: Path) -> None:
    path = files(tmp_path)["csv"]
    request = resolve(path, "churned", None, tmp_path / "out", test_share=0.0)
    assert request.task.test.share == 0
    assert resolve(tables()["rows"], "churned", None, tmp_path / "out", test_share=0.4).task.test.share == 0.4
    with pytest.raises(InputError, match="a test of 1 of the rows"):
        resolve(path, "churned", None, tmp_path / "out", test_share=1.0)
    task = tmp_path / "smeaton.yaml"
    task.write_text(f"smeaton: 1\ndata: {path.name}\noutput: {{churned: boolean}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="says itself what is tested on") as told:
        resolve(task, None, None, None, test_share=0.0)
    assert "test: {share: 0}" in (told.value.fix or "")


def test_the_same_command_again_goes_on(tmp_path: Path) -> None:
    """With the budget that was written, or another one; another question is still refused."""
    (tmp_path / "clients.csv").write_text(as_csv(client_rows(60)))
    arguments = (str(tmp_path / "clients.csv"), "churned", "7s", tmp_path / "out")
    first = resolve(*arguments)
    (tmp_path / "out").mkdir()
    write_task(first.task, tmp_path / "out" / "smeaton.yaml")
    again = resolve(*arguments)
    assert (again.new, again.task.budget.time) == (False, 7.0)
    assert resolve(*arguments[:2], None, arguments[3]).task.budget.time == 7.0
    assert resolve(*arguments[:2], "9s", arguments[3]).task.budget.time == 9.0
    with pytest.raises(TaskError, match="describes a different task"):
        resolve(arguments[0], "plan", "7s", arguments[3])
