"""Targets of many labels, of labels in order and of structures: read from every form, split, profiled, probed."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smeaton.data.dataset import Dataset
from smeaton.data.load import load
from smeaton.data.profile import profile
from smeaton.data.split import make_folds, split_test
from smeaton.errors import DataError, RowsError, TaskError
from smeaton.quality.probe import probe
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type

TAGS = Type(type="list", of=Type(type="category"))
FIELDS = {"kind": Type(type="category"), "start": Type(type="integer"), "end": Type(type="integer")}
SPANS = Type(type="list", of=Type(type="object", fields=FIELDS))
INPUTS = {"text": Type(type="text")}


def rows(count: int = 60) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    found = []
    for number in range(count):
        text = f"{rng.choice(['red', 'blue', 'green'])} thing number {number}"
        size = text.index(" ")
        spans = [{"kind": "colour", "start": 0, "end": size}] if number % 3 else []
        tags = [label for label in ("a", "b", "c") if rng.random() < 0.4] if number else ["a", "b"]
        found.append({"text": text, "tags": tags, "slots": spans, "level": ["low", "mid", "high"][number % 3]})
    return found


def load_as(kind: Type, table: Any, name: str = "tags", **changes: Any) -> Dataset:
    return load(Task(data=Data(), inputs=INPUTS, output={name: kind}, **changes), table)


def files(folder: Path) -> list[str]:
    made = rows()
    (folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(made), folder / "d.parquet")
    with (folder / "d.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(made[0])
        for row in made:
            writer.writerow([json.dumps(value) if isinstance(value, list) else value for value in row.values()])
    return ["d.jsonl", "d.parquet", "d.csv"]


@pytest.mark.parametrize(("kind", "name"), [(TAGS, "tags"), (SPANS, "slots")])
def test_every_format_is_the_same_dataset(kind: Type, name: str, tmp_path: Path) -> None:
    found = []
    for file in files(tmp_path):
        task = Task(data=Data(examples=Source(files=(file,))), inputs=INPUTS, output={name: kind}, folder=str(tmp_path))
        found.append(load(task))
    found += [load_as(kind, rows(), name), load_as(kind, pd.DataFrame(rows()), name)]
    assert len({dataset.hash for dataset in found}) == 1
    found[0].save(tmp_path / "kept")
    again = Dataset.open(tmp_path / "kept")
    assert again.hash == found[0].hash
    assert again.task.output_type == found[0].task.output_type
    assert again.rows_hash(np.arange(9)) == found[0].rows_hash(np.arange(9))


def test_many_labels_are_learnt_and_become_marks() -> None:
    dataset = load_as(TAGS, rows())
    assert dataset.task.labels == ("a", "b", "c")
    assert dataset.task.output_type.text_labels() == ("a", "b", "c")
    assert dataset.target.dtype == np.int8
    goal = [[int(label in row["tags"]) for label in "abc"] for row in rows()]
    assert dataset.target.tolist() == goal
    shares = profile(dataset, np.arange(60)).shares
    assert shares == pytest.approx(np.mean(goal, axis=0))


def test_repeats_collapse_nulls_are_left_out_and_unknown_labels_are_named() -> None:
    table = rows()
    table[1]["tags"], table[2]["tags"] = ["b", "a", "b"], None
    dataset = load_as(TAGS, table)
    assert dataset.target[1].tolist() == [1, 1, 0]
    assert len(dataset) == 59
    assert any("a row without a label is written []" in note for note in dataset.notes)
    stated = Type(type="list", of=Type(type="category", labels=("a", "b")))
    with pytest.raises(RowsError, match=r"column 'tags\[\d\]': expected one of: a, b, got the text 'c'"):
        load_as(stated, table)


def test_one_set_of_labels_in_every_row_is_nothing_to_learn() -> None:
    with pytest.raises(DataError, match="the target 'tags' is 'a, b' in every row"):
        load_as(TAGS, [{"text": f"t {i}", "tags": ["b", "a"]} for i in range(30)])


def test_rare_labels_are_even_over_the_parts() -> None:
    rng = np.random.default_rng(0)
    table = [{"text": f"text {i}", "tags": ["common"] + ["rare"] * bool(i % 20 == 0)} for i in range(400)]
    rng.shuffle(table)
    dataset = load_as(TAGS, table)
    train, test = split_test(dataset, 1)
    assert dataset.target[test].sum(axis=0).tolist() == [80, 4]
    held = [dataset.target[fold.held].sum(axis=0)[1] for fold in make_folds(dataset, train, 4, 1)]
    assert held == [4, 4, 4, 4]


def test_labels_in_order() -> None:
    stated = Type(type="category", labels=("low", "mid", "high"), ordered=True)
    assert load_as(stated, rows(), "level").task.labels == ("low", "mid", "high")
    with pytest.raises(TaskError, match="the order of the labels of 'level' is not known") as caught:
        load_as(Type(type="category", ordered=True), rows(), "level")
    assert "labels: [low, mid, high]" in caught.value.fix
    numbers = [{"text": f"text {i}", "stars": [10, 9, 2][i % 3]} for i in range(30)]
    assert load_as(Type(type="category", ordered=True), numbers, "stars").task.labels == (2, 9, 10)


def test_structures_are_json_with_their_labels_pinned() -> None:
    dataset = load_as(SPANS, rows(), "slots")
    assert dataset.task.labels == ()
    kind = dataset.task.output_type.of
    assert kind is not None
    assert (kind.fields or {})["kind"].labels == ("colour",)
    assert dataset.target.dtype == object
    assert dataset.target[1] == rows()[1]["slots"][0:1]
    train, test = split_test(dataset, 0)
    assert (len(train), len(test)) == (48, 12)
    assert len(make_folds(dataset, train, 3, 0)) == 3
    assert profile(dataset, train).shares == ()


def test_spans_outside_their_text_are_named() -> None:
    table = rows()
    table[7]["slots"] = [{"kind": "colour", "start": 0, "end": 3}, {"kind": "colour", "start": 5, "end": 500}]
    with pytest.raises(RowsError, match=r"row 7, column 'slots\[1\]': the span 5 to 500 does not lie in its text of"):
        load_as(SPANS, table, "slots")
    two = {**INPUTS, "other": Type(type="text")}
    more = [{**row, "other": "x"} for row in table]
    assert len(load(Task(data=Data(), inputs=two, output={"slots": SPANS}), more)) == 60, "two texts: which is meant?"


def test_a_path_leads_to_the_bad_value() -> None:
    table = rows()
    table[4]["slots"] = [{"kind": "colour", "start": "x", "end": 3}]
    with pytest.raises(RowsError, match=r"row 4, column 'slots\[0\].start': expected a whole number, got the text 'x'"):
        load_as(SPANS, table, "slots")


@pytest.mark.parametrize(("kind", "name", "what"), [(TAGS, "tags", "lists of labels"), (SPANS, "slots", "structures")])
def test_no_column_is_probed_and_it_is_said(kind: Type, name: str, what: str) -> None:
    dataset = load_as(kind, rows(), name)
    suspects, notes = probe(dataset, *split_test(dataset, 0))
    assert suspects == []
    assert notes == [f"no column was probed for giving the target away: it holds {what}"]


def test_copies_are_found_whatever_the_target() -> None:
    table = [{"text": f"text {i % 40}", "n": i % 40 / 7, "tags": ["a"] if i % 40 % 2 else ["b"]} for i in range(80)]
    inputs = {**INPUTS, "n": Type(type="number")}
    dataset = load(Task(data=Data(), inputs=inputs, output={"tags": TAGS}), table)
    suspects, _ = probe(dataset, *split_test(dataset, 0))
    assert [one.kind for one in suspects] == ["copies"]


def test_types_that_cannot_be_learnt_are_refused() -> None:
    for kind in (Type(type="json"), Type(type="list", of=Type(type="number"))):
        with pytest.raises(TaskError, match=f"an output of type {kind.type} cannot be learnt yet") as caught:
            load_as(kind, rows(), "level")
        assert "a list of spans" in caught.value.fix


def test_texts_are_kept_as_they_are() -> None:
    dataset = load_as(Type(type="text"), rows(), "level")
    assert dataset.target.dtype == object
    assert all(isinstance(value, str) for value in dataset.target.tolist())
    assert profile(dataset, np.arange(len(dataset))).shares == ()
