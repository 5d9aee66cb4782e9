import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from smeaton.data.load import load, start_task
from smeaton.errors import DataError, RowsError, TaskError
from smeaton.task.task import Data, RowRoles, Source, Task
from smeaton.task.types import Type

ROWS = 60


def columns(rows: int = ROWS) -> dict[str, list[Any]]:
    rng = np.random.default_rng(1)
    return {
        "customer_id": [f"c{i:04d}" for i in range(rows)],
        "age": rng.integers(18, 90, rows).tolist(),
        "income": [None if i % 7 == 0 else round(float(v), 2) for i, v in enumerate(rng.normal(3e4, 1e4, rows))],
        "city": rng.choice(["Rome", "Oslo", "Kyiv"], rows).tolist(),
        "since": [f"2026-{1 + i % 12:02d}-03" for i in range(rows)],
        "same": ["x"] * rows,
        "nothing": [None] * rows,
        "churned": rng.choice(["yes", "no"], rows).tolist(),
    }


def csv_text(table: dict[str, list[Any]]) -> str:
    lines = [",".join(table)]
    lines += [",".join("" if v is None else str(v) for v in row) for row in zip(*table.values(), strict=True)]
    return "\n".join(lines) + "\n"


def task(output: dict[str, Type] | None = None, **changes: Any) -> Task:
    return Task(data=Data(), output=output or {"churned": Type(type="boolean")}, **changes)


def test_a_csv_becomes_a_pinned_dataset(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text(csv_text(columns()))
    data = Data(examples=Source(files=("customers.csv",)))
    dataset = load(task().with_(data=data, folder=str(tmp_path)))
    kinds = {name: kind.type for name, kind in dataset.task.input_types.items()}
    assert kinds == {"age": "integer", "income": "number", "city": "category", "since": "timestamp"}
    assert dataset.task.labels == (False, True)
    assert dataset.target.tolist() == [int(value == "yes") for value in columns()["churned"]]
    assert dataset.table["since"].dtype == np.dtype("datetime64[us]")
    said = " ".join(dataset.notes)
    assert "'customer_id' left out: an id" in said
    assert "'same' left out: the same value" in said
    assert "'nothing' left out: no values" in said


def test_the_hash_is_of_content(tmp_path: Path) -> None:
    table = columns()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(csv_text(table).encode()))
    (tmp_path / "a.tsv").write_text(csv_text(table).replace(",", "\t"))
    lines = [json.dumps(dict(zip(table, row, strict=True))) for row in zip(*table.values(), strict=True)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    frame = pd.DataFrame(table)
    things = [table, frame, *(str(tmp_path / name) for name in ("a.csv.gz", "a.tsv", "a.jsonl"))]
    hashes = {load(task(), thing).hash for thing in things}
    assert len(hashes) == 1
    reordered = {name: table[name] for name in reversed(table)}
    assert {load(task(), reordered).hash} == hashes
    table["age"][3] += 1
    assert load(task(), table).hash not in hashes


def test_rows_without_target_are_dropped_and_said() -> None:
    table = columns()
    table["churned"][5] = table["churned"][6] = None
    dataset = load(task(), table)
    assert len(dataset) == ROWS - 2
    assert len(dataset.table["age"]) == ROWS - 2
    assert "2 of 60 rows have no 'churned' and are left out" in dataset.notes


def refused(words: str, given: Task, table: dict[str, list[Any]]) -> DataError | TaskError:
    with pytest.raises((DataError, TaskError), match=words) as caught:
        load(given, table)
    assert caught.value.fix
    return caught.value


def test_bad_targets() -> None:
    table = columns()
    refused("no target column 'churnd'; did you mean 'churned'", task({"churnd": Type(type="boolean")}), table)
    refused("is 'yes' in every row".replace("yes", "true"), task(), {**table, "churned": ["yes"] * ROWS})
    refused("null in 60 of 60 rows", task(), {**table, "churned": [None] * ROWS})
    mostly = [None] * 1960 + ["yes", "no"] * 20
    refused("null in 1,960 of 2,000", task(), {"a": list(range(2000)), "churned": mostly})
    refused("only 12 rows have a target; at least 20", task(), columns(12))
    number = task({"age": Type(type="number")})
    refused("is '7' in every row", number, {**table, "age": [7] * ROWS})
    words = task({"customer_id": Type(type="category")})
    refused("another value in every row", words, table)
    refused("of type json cannot be learnt", task({"city": Type(type="json")}), table)
    error = refused("expected true or false", task({"city": Type(type="boolean")}), table)
    assert isinstance(error, RowsError)


def test_a_class_of_one_row_is_kept_and_said() -> None:
    table = columns()
    table["city"][0] = "Bern"
    dataset = load(task({"city": Type(type="category")}), table)
    assert "Bern" in dataset.task.labels
    assert any("only one row has the label 'Bern'" in note for note in dataset.notes)


def test_stated_labels_without_rows_are_said() -> None:
    kind = Type(type="category", labels=("Kyiv", "Oslo", "Paris", "Rome"))
    dataset = load(task({"city": kind}), columns())
    assert dataset.task.labels == kind.labels
    assert any("no row has the label 'Paris'" in note for note in dataset.notes)
    refused("Kyiv|Oslo", task({"city": Type(type="category", labels=("Rome", "Oslo"))}), columns())


def test_stated_inputs_are_strict(tmp_path: Path) -> None:
    table = columns()
    table["income"][40] = "lots"
    path = tmp_path / "t.csv"
    path.write_text(csv_text(table))
    inputs = {"income": Type(type="number", optional=True), "same": Type(type="category")}
    with pytest.raises(RowsError) as caught:
        load(task(inputs=inputs), str(path))
    assert caught.value.where == f"{path}:42"
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(40, "income")]
    with pytest.raises(RowsError, match="null") as caught:
        load(task(inputs={"income": Type(type="number")}), {**columns()})
    assert len(caught.value.faults) == len(range(0, ROWS, 7))
    assert "number or null" in caught.value.fix
    refused("no column 'incme'; did you mean 'income'", task(inputs={"incme": Type(type="number")}), columns())
    kept = load(task(inputs={"same": Type(type="category"), "age": Type(type="number")}), columns())
    assert list(kept.table) == ["same", "age"]


def test_places_count_rows_without_target(tmp_path: Path) -> None:
    table = columns()
    table["churned"][3] = None
    table["age"][10] = "old"
    path = tmp_path / "t.csv"
    path.write_text(csv_text(table))
    with pytest.raises(RowsError) as caught:
        load(task(inputs={"age": Type(type="integer")}), str(path))
    assert caught.value.where == f"{path}:12"
    assert caught.value.faults[0].row == 10


def test_roles() -> None:
    table = columns()
    table["weight"] = [1.0, 2.0] * (ROWS // 2)
    rows = RowRoles(id="customer_id", group="city", time="since", weight="weight", ignore=("age",))
    dataset = load(task(rows=rows), table)
    assert list(dataset.table) == ["income"]
    assert dataset.ids is not None
    assert dataset.ids.tolist() == table["customer_id"]
    assert dataset.group is not None
    assert len(np.unique(dataset.group)) == 3
    assert dataset.time is not None
    assert str(dataset.time[1]) == "2026-02-03T00:00:00.000000"
    assert dataset.weight is not None
    assert dataset.weight.tolist() == table["weight"]


def test_roles_from_odd_columns() -> None:
    table = columns()
    table["city"][0] = table["city"][1] = None
    dataset = load(task(rows=RowRoles(group="city", time="age")), table)
    assert dataset.group is not None
    assert len(np.unique(dataset.group)) == 5
    assert dataset.time is not None
    assert np.argmax(dataset.time) == np.argmax(table["age"])
    assert any("taken as seconds" in note for note in dataset.notes)


def test_bad_roles() -> None:
    table = columns()
    refused("no column 'citty'; did you mean 'city'", task(rows=RowRoles(group="citty")), table)
    refused("no column 'x'", task(rows=RowRoles(ignore=("x",))), table)
    refused("is the output", task(rows=RowRoles(id="churned")), table)
    refused("is the output", task(inputs={"churned": Type(type="boolean")}), table)
    refused("is an input too", task(inputs={"age": Type(type="integer")}, rows=RowRoles(id="age")), table)
    refused("gives no order in time", task(rows=RowRoles(time="city")), table)
    refused("at least 0", task(rows=RowRoles(weight="w")), {**table, "w": [-1.0] * ROWS})
    refused("are 0", task(rows=RowRoles(weight="w")), {**table, "w": [0.0] * ROWS})
    refused("got null", task(rows=RowRoles(weight="income")), table)
    only_ids = {"customer_id": table["customer_id"], "churned": table["churned"]}
    refused("no column is left to learn from", task(), only_ids)


@pytest.mark.parametrize(
    ("name", "values", "dropped"),
    [
        ("order_id", list(range(ROWS))[::-1], True),
        ("orderId", np.random.default_rng(0).permutation(ROWS).tolist(), True),
        ("number", list(range(100, 100 + ROWS)), True),
        ("distance", np.random.default_rng(0).permutation(ROWS).tolist(), False),
        ("paid", [1] * ROWS, True),
        ("price", [i * 1.5 for i in range(ROWS)], False),
        ("code", [f"K-{i}" for i in range(ROWS)], True),
        ("story", [f"this is story number {i}" for i in range(ROWS)], False),
        ("user_id", [i % 20 for i in range(ROWS)], False),
        ("nested", [[1, "a"]] * ROWS, True),
    ],
)
def test_what_is_left_out(name: str, values: list[Any], dropped: bool) -> None:
    table = {"age": columns()["age"], name: values, "churned": columns()["churned"]}
    dataset = load(task(), table)
    assert (name not in dataset.table) == dropped
    assert any(f"{name!r} left out" in note for note in dataset.notes) == dropped


def test_a_given_test_is_sealed(tmp_path: Path) -> None:
    table, test = columns(), columns(10)
    (tmp_path / "test.csv").write_text(csv_text(test))
    given = task(rows=RowRoles(group="city")).with_(
        data=Data(test=Source(files=("test.csv",))), folder=str(tmp_path)
    )  # fmt: skip
    dataset = load(given, table)
    assert dataset.sealed is not None
    assert dataset.sealed.tolist() == list(range(ROWS, ROWS + 10))
    assert dataset.group is not None
    towns = dict(zip(table["city"], dataset.group[:ROWS].tolist(), strict=True))
    assert dataset.group[ROWS:].tolist() == [towns[city] for city in test["city"]]
    test["churned"] = ["maybe"] * 10
    (tmp_path / "test.csv").write_text(csv_text(test))
    error = refused("maybe", given, table)
    assert error.where == f"{tmp_path}/test.csv:2"
    test.pop("churned")
    (tmp_path / "test.csv").write_text(csv_text(test))
    refused("no target column 'churned'", given, table)


def test_header_only_and_no_source(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("age,churned\n")
    with pytest.raises(DataError, match="no rows, only column names"):
        load(task(), str(path))
    with pytest.raises(TaskError, match="names no examples"):
        load(task())


def test_start_task(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(csv_text(columns()))
    begun, raw = start_task("t.csv", "city", tmp_path, "towns")
    assert (begun.name, begun.target, begun.output_type.type) == ("towns", "city", "category")
    assert load(begun, raw).hash == load(begun).hash
    with pytest.raises(DataError, match="did you mean 'city'"):
        start_task("t.csv", "City", tmp_path)
