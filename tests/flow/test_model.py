"""A bundle in Python: every form of rows gives the same answers, inside a running event loop and in a thread too."""

import asyncio
import concurrent.futures
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.conftest import Example, client_rows

import smeaton
from smeaton.errors import BundleError, InputError, RowsError

ROWS = [{name: row[name] for name in ("age", "plan", "spend")} for row in client_rows(20, seed=8)]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}

TABLES: dict[str, Any] = {
    "pandas": pd.DataFrame(ROWS),
    "polars": pl.DataFrame(ROWS),
    "arrow": pa.Table.from_pylist(ROWS),
    "mapping": COLUMNS,
    "arrays": {
        "age": np.array(COLUMNS["age"]),
        "plan": np.array(COLUMNS["plan"], dtype=object),
        "spend": np.array(COLUMNS["spend"], dtype=np.float64),
    },
}


def expected(example: Example) -> list[float]:
    with smeaton.load(example.bundle) as model:
        return [answer["probability"]["true"] for answer in model.predict(ROWS)]


def test_rows(example: Example) -> None:
    with smeaton.load(example.bundle) as model:
        answers = model.predict(ROWS)
        assert [set(answer) for answer in answers] == [{"prediction", "probability"}] * 20
        for answer in answers:
            assert answer["prediction"] is (answer["probability"]["true"] > 0.5)
            assert sum(answer["probability"].values()) == pytest.approx(1)
        assert model.predict(ROWS[0]) == answers[0]
        assert model.predict(tuple(ROWS)) == answers
        assert model.predict([]) == []


@pytest.mark.parametrize("name", TABLES)
def test_tables(name: str, example: Example) -> None:
    with smeaton.load(example.bundle) as model:
        answers = model.predict(TABLES[name])
    assert type(answers) is (dict if isinstance(TABLES[name], dict) else type(TABLES[name]))
    names = answers.column_names if isinstance(answers, pa.Table) else getattr(answers, "columns", answers)
    assert set(names) == {"prediction", "probability_false", "probability_true"}
    assert np.asarray(answers["probability_true"]).tolist() == expected(example)
    assert np.asarray(answers["prediction"]).tolist() == [p > 0.5 for p in expected(example)]


def test_a_frame_keeps_its_index(example: Example) -> None:
    rows = pd.DataFrame(ROWS, index=[f"client {number}" for number in range(20)]).sort_values("age")
    with smeaton.load(example.bundle) as model:
        answers = model.predict(rows)
    assert answers.index.equals(rows.index)
    assert answers.loc["client 3", "probability_true"] == expected(example)[3]


def test_a_notebook_shows_what_it_is(example: Example) -> None:
    with smeaton.load(example.bundle) as model:
        shown = model._repr_html_()
    assert '<td style="text-align:left">age</td>' in shown
    assert "log_loss" in shown
    assert "<script" not in shown


def test_inside_a_running_event_loop(example: Example) -> None:
    async def ask() -> Any:
        with smeaton.load(example.bundle) as model:
            return model.predict(ROWS)

    assert [answer["probability"]["true"] for answer in asyncio.run(ask())] == expected(example)


def test_from_threads(example: Example) -> None:
    with smeaton.load(example.bundle) as model, concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(model.predict, [ROWS] * 16))
    assert all(answers == found[0] for answers in found)


def test_wrong_rows_are_named(example: Example) -> None:
    with smeaton.load(example.bundle) as model:
        with pytest.raises(RowsError) as wrong:
            model.predict([ROWS[0], {**ROWS[1], "age": "old"}])
        assert (wrong.value.faults[0].row, wrong.value.faults[0].column) == (1, "age")
        with pytest.raises(RowsError, match="age"):
            model.predict({"plan": "pro", "spend": 1.0})
        with pytest.raises(RowsError, match="age"):
            model.predict({})
        with pytest.raises(InputError, match="no column 'age'"):
            model.predict(pd.DataFrame({"plan": ["pro"], "spend": [1.0]}))
        with pytest.raises(RowsError, match="plan"):
            model.predict({**COLUMNS, "plan": [None, *COLUMNS["plan"][1:]]})


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        smeaton.load(tmp_path / "no.bundle")


def test_a_sample_row_is_one_a_client_may_send(example: Example) -> None:
    from smeaton.flow.model import sample_row

    row = sample_row(example.folder / "smeaton.yaml", 3)
    assert set(row) == {"age", "plan", "spend"}
    with smeaton.load(example.bundle) as model:
        assert model.predict(row)["prediction"] in (True, False)
