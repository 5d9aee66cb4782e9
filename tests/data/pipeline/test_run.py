import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from smeaton.data.read import read
from smeaton.errors import DataError, TaskError
from smeaton.task.task import Source, Step, StepChecks, Task
from smeaton.task.yaml import task_from

STEPS = {
    "clean": "SELECT id, customer, amount FROM orders WHERE amount > 0",
    "joined": "SELECT id, city, amount FROM clean JOIN customers USING (customer) ORDER BY id",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders").mkdir()
    for part in range(2):
        duckdb.sql(
            f"COPY (SELECT range + {part} * 10 AS id, range % 3 AS customer, range - 1 AS amount, DATE '2026-01-01' +"
            f" range::int AS day FROM range(10)) TO '{tmp_path}/orders/{part}.parquet' (FORMAT parquet)"
        )
    (tmp_path / "customers.csv").write_text("customer,city\n0,Leeds\n1,York\n2,Hull\n")
    return tmp_path


def source(use: str | None = None, checks: dict[str, Any] | None = None, **steps: str) -> dict[str, Any]:
    found: dict[str, Any] = {name: {"query": query} for name, query in {**STEPS, **steps}.items()}
    if checks is not None:
        found["clean"]["checks"] = checks
    form: dict[str, Any] = {"tables": {"orders": "orders/*.parquet", "customers": "customers.csv"}, "steps": found}
    return form if use is None else {**form, "use": use}


def run(folder: Path, use: str | None = None, checks: dict[str, Any] | None = None, **steps: str) -> Any:
    form = {"smeaton": 1, "data": source(use, checks, **steps), "output": {"amount": "number"}}
    examples = task_from(form, folder).data.examples
    assert examples is not None
    return read(examples, folder)


def test_steps_over_files(folder: Path) -> None:
    raw = run(folder)
    assert raw.table["id"].tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19]
    assert raw.table["city"].tolist()[:3] == ["Hull", "Leeds", "York"]
    assert raw.notes == ("clean: computed, 16 rows", "joined: computed, 16 rows")
    assert raw.place(0) == "step 'joined', row 1"
    assert run(folder).notes == ("clean: kept, 16 rows", "joined: kept, 16 rows")


def test_use_names_a_step(folder: Path) -> None:
    raw = run(folder, "clean")
    assert set(raw.table) == {"id", "customer", "amount"}
    assert raw.notes[-1] == "joined: not needed for clean, and not run"


def test_only_what_changed_is_made_anew(folder: Path) -> None:
    run(folder)
    # The query changed, and what it answers did not: what reads it is kept.
    notes = run(folder, clean=STEPS["clean"] + " AND amount > 0.5 -- the same rows").notes
    assert notes == ("clean: recomputed (its query changed), 16 rows", "joined: kept, 16 rows")
    notes = run(folder, clean=STEPS["clean"] + " AND amount > 1").notes
    assert notes == (
        "clean: recomputed (its query changed), 14 rows", "joined: recomputed (clean changed), 14 rows"
    )  # fmt: skip
    assert run(folder).notes[0] == "clean: kept, 16 rows"
    (folder / "customers.csv").write_text("customer,city\n0,Leeds\n1,York\n2,Bath\n")
    raw = run(folder)
    assert raw.notes == ("clean: kept, 16 rows", "joined: recomputed (customers changed), 16 rows")
    assert "Bath" in raw.table["city"].tolist()
    (folder / "orders" / "1.parquet").unlink()
    assert run(folder).notes == (
        "clean: recomputed (orders changed), 8 rows", "joined: recomputed (clean changed), 8 rows"
    )  # fmt: skip


def test_a_damaged_file_is_seen_and_made_anew(folder: Path) -> None:
    expected = run(folder).table["id"].tolist()
    steps = folder / ".smeaton" / "steps"
    (kept,) = steps.glob("joined-*.parquet")
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    raw = run(folder)
    assert raw.notes[1] == "joined: recomputed (what was kept was damaged), 16 rows"
    assert raw.table["id"].tolist() == expected
    (record,) = steps.glob("clean-*.json")
    record.write_bytes(b"{")
    assert run(folder).notes[0].startswith("clean: recomputed (what was kept was damaged)")
    (kept,) = steps.glob("clean-*.parquet")
    kept.unlink()
    assert run(folder).notes[0].startswith("clean: recomputed (what was kept is gone)")
    assert run(folder).notes[0] == "clean: kept, 16 rows"


def test_what_asks_for_the_time_is_never_kept(folder: Path) -> None:
    query = STEPS["clean"] + " AND now() > TIMESTAMP '2020-01-01'"
    run(folder, clean=query)
    assert run(folder, clean=query).notes == (
        "clean: recomputed (it asks for now), 16 rows", "joined: kept, 16 rows"
    )  # fmt: skip


def test_nothing_of_a_run_is_left_but_what_is_kept(folder: Path) -> None:
    run(folder)
    names = sorted(path.name for path in (folder / ".smeaton" / "steps").iterdir())
    assert [name.partition("-")[0] for name in names] == ["clean"] * 2 + ["joined"] * 2 + ["table_customers"] * 2
    old = folder / ".smeaton" / "steps" / f"gone-{'0' * 16}.parquet"
    left = folder / ".smeaton" / "steps" / f".clean-{'0' * 16}.1.parquet"
    scratch = folder / ".smeaton" / "steps" / ".run-abc"
    scratch.mkdir()
    (scratch / "x").touch()
    old.touch()
    left.touch()
    for path in (old, left, scratch):
        os.utime(path, (time.time() - 8 * 86_400,) * 2)
    run(folder)
    assert not old.exists()
    assert not left.exists()
    assert not scratch.exists()
    assert len(list((folder / ".smeaton" / "steps").iterdir())) == len(names)


def failure(folder: Path, **checks: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        run(folder, checks=checks, clean="SELECT * FROM orders")
    assert caught.value.exit_code == 2
    assert caught.value.where == "data.steps.clean.checks"
    return caught.value


def test_checks_that_hold(folder: Path) -> None:
    checks = {
        "rows": [">= 20", "<= 20"],
        "nulls": {"AMOUNT": 0, "maybe": "50%"},
        "range": {"amount": [-1, None], "day": ["2026-01-01", "2026-01-10"], "maybe": [0, 1]},
        "unique": [["id"], ["customer", "id"]],
        "fresh": {"today": "2d"},
        "values": {"customer": [0, 1, 2]},
        "holds": ["amount < id + 1 -- always", "day > DATE '2020-01-01'"],
    }
    columns = f"CASE WHEN id % 2 = 0 THEN 1.0::double END AS maybe, TIMESTAMP '{datetime.now(UTC).date()}' AS today"
    raw = run(folder, "clean", checks, clean=f"SELECT *, {columns} FROM orders")
    assert raw.notes[-2] == "clean: 12 checks hold"
    assert not list((folder / ".smeaton" / "steps").glob("*.failing.csv"))


def test_rows_that_fail_are_shown_and_put_into_a_file(folder: Path) -> None:
    error = failure(folder, range={"amount": [0, 5]})
    lines = error.message.splitlines()
    assert lines[:3] == [
        "step 'clean': a check fails",
        "  8 of 20 rows hold 'amount' that is not between 0 and 5",
        "    amount  id  customer  day",
    ]
    assert lines[3] == "    -1      0   0         2026-01-01"
    assert len(lines) == 9
    file = Path(lines[-1].removeprefix("    all of them: "))
    assert file.parent == folder / ".smeaton" / "steps"
    assert len(file.read_text().splitlines()) == 9
    # Corrected, the file is gone, and the rows were kept.
    raw = run(folder, "clean", {"range": {"amount": [-1, 8]}}, clean="SELECT * FROM orders")
    assert raw.notes[0] == "clean: kept, 20 rows"
    assert not file.exists()


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ({"rows": ">= 21"}, "there are 20 rows, expected >= 21"),
        ({"rows": "<= 19"}, "there are 20 rows, expected <= 19"),
        ({"nulls": {"id": 0, "none": 3}}, "20 of 20 rows have no 'none', expected at most 3"),
        ({"nulls": {"none": "12.5%"}}, "expected at most 12.5%"),
        ({"range": {"day": ["2026-01-03", None]}}, "4 of 20 rows hold 'day' that is not >= 2026-01-03"),
        ({"range": {"amount": [None, 7.5]}}, "2 of 20 rows hold 'amount' that is not <= 7.5"),
        ({"unique": ["customer"]}, "20 of 20 rows share their 'customer' with another row"),
        ({"unique": ["customer", "day"]}, "20 of 20 rows share their 'customer' and 'day' with"),
        ({"values": {"customer": [0, 1]}}, "6 of 20 rows hold another 'customer' than 0, 1"),
        ({"holds": ["amount < 8"]}, "2 of 20 rows do not meet the condition 'amount < 8'"),
        ({"holds": ["none > 0"]}, "20 of 20 rows do not meet"),
        ({"fresh": {"day": "1d"}}, "the newest 'day' is 2020-01-02 00:00:00"),
        ({"fresh": {"none_at": "1d"}}, "'none_at' holds no moment"),
        ({"rows": ">= 21", "unique": ["customer"]}, "step 'clean': 2 checks fail"),
        ({"nulls": {"ids": 0}}, "about the column 'ids', which the step does not have; did you mean 'id'?"),
        ({"range": {"amount": ["a", "b"]}}, "compares 'amount' with 'a'; its type needs a value of type bigint"),
        ({"range": {"day": ["soon", None]}}, "needs a moment in ISO 8601"),
        ({"fresh": {"id": "1d"}}, "needs moments, and 'id' is of type bigint"),
        ({"holds": ["nothing > 0"]}, 'column "nothing" not found'),
    ],
)
def test_checks_that_fail(folder: Path, checks: dict[str, Any], words: str) -> None:
    query = "SELECT *, NULL::int AS none, NULL::date AS none_at FROM orders"
    if "fresh" in checks:
        query = query.replace("*", "* REPLACE (day - INTERVAL 6 YEAR - INTERVAL 8 DAY AS day)")
    with pytest.raises(DataError) as caught:
        run(folder, checks=checks, clean=query)
    assert words.casefold() in caught.value.message.casefold()
    assert caught.value.fix


def test_missing_values_are_in_any_range_and_in_no_key(folder: Path) -> None:
    query = "SELECT *, NULL::int AS none, 'nan'::double AS nan FROM orders"
    checks = {"range": {"none": [0, 1], "nan": [0, 1]}, "unique": [["none"]], "values": {"none": [1]}}
    run(folder, "clean", checks, clean=query)
    with pytest.raises(DataError, match="20 of 20 rows have no 'nan'"):
        run(folder, "clean", {"nulls": {"nan": 0}}, clean=query)


def test_a_query_that_duckdb_refuses(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        run(folder, joined="SELECT nothing FROM clean")
    assert caught.value.where == "data.steps.joined"
    assert "nothing" in caught.value.message
    with pytest.raises(DataError) as caught:
        run(folder, joined="SELECT * FROM clean, read_csv('customers.csv')")
    assert "disabled" in caught.value.message


def test_steps_built_by_hand_are_checked_as_strictly(folder: Path) -> None:
    tables = {"orders": "orders/*.parquet"}
    with pytest.raises(TaskError, match="reads 'order_', which is neither") as caught:
        read(Source(tables=tables, steps={"a": Step(query="SELECT * FROM order_")}), folder)
    assert caught.value.where == "data.steps.a"
    with pytest.raises(TaskError, match="circle"):
        read(Source(tables=tables, steps={"a": Step(query="SELECT * FROM a")}), folder)
    with pytest.raises(TaskError, match="no step 'b'"):
        read(Source(tables=tables, steps={"a": Step(query="SELECT 1 AS x")}, use="b"), folder)
    checks = StepChecks(unique=(("id",),))
    raw = read(Source(tables=tables, steps={"a": Step(query="SELECT * FROM orders", checks=checks)}), folder)
    assert raw.table["day"].dtype == np.dtype("datetime64[us]")


def test_types_outlive_the_disk(folder: Path) -> None:
    query = (
        "SELECT sum(id) AS wide, 1.25::decimal(9, 2) AS price, [1, 2] AS list, true AS flag, DATE '2026-01-01' AS day,"
        " TIMESTAMPTZ '2026-01-01 12:00+02' AS at, 'x'::varchar AS word, 7::tinyint AS small FROM orders"
    )
    table = run(folder, clean=query, joined="SELECT *, wide + 1 AS more FROM clean").table
    assert {name: column.tolist()[0] for name, column in table.items() if column.dtype.kind != "M"} == {
        "wide": 190.0, "price": 1.25, "list": [1, 2], "flag": True, "word": "x", "small": 7, "more": 191.0
    }  # fmt: skip
    assert table["at"][0] == np.datetime64("2026-01-01T10:00:00")


def test_two_runs_at_once(folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: run(folder).table["id"].tolist(), range(3)))
    assert found[0] == found[1] == found[2]


def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / ".smeaton").write_text("")
    with pytest.raises(DataError, match="rows of steps cannot be kept"):
        run(folder)


def test_a_task_keeps_its_steps(folder: Path) -> None:
    task = task_from({"smeaton": 1, "data": source(), "output": {"amount": "number"}}, folder)
    assert isinstance(task, Task)
    assert task.data.examples is not None
    assert list(task.data.examples.steps) == ["clean", "joined"]
