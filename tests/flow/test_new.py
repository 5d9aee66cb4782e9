"""`smeaton new`: what is inferred and said, what is asked, and that the file reads back and builds unchanged."""

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from smeaton.cli import new as verb
from smeaton.data.load import load
from smeaton.data.split import split_test
from smeaton.errors import DataError, InputError, SmeatonError, TaskError
from smeaton.flow._new_target import candidates
from smeaton.flow.new import likely_targets, new, propose, which_target
from smeaton.task.table import object_column
from smeaton.task.yaml import read_task


def write(folder: Path, columns: dict[str, list[Any]], name: str = "clients.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def clients(rows: int = 200, seed: int = 0) -> dict[str, list[Any]]:
    draw = random.Random(seed)
    ages = [draw.randint(18, 80) for _ in range(rows)]
    texts = ["the bill was wrong again", "please help me with my card", "how do I close the account"]
    return {
        "client_id": [f"C{row:04}" for row in range(rows)],
        "age": ages,
        "spend": ["?" if draw.random() < 0.1 else f"{draw.uniform(1, 99):.2f}" for _ in range(rows)],
        "joined": [f"20{draw.randint(10, 23)}-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}" for _ in range(rows)],
        "paying": [draw.choice(["yes", "no"]) for _ in range(rows)],
        "town": [draw.choice(["Rye", "Hythe", "Deal"]) for _ in range(rows)],
        "note": [f"{draw.choice(texts)}, number {draw.random()}" for _ in range(rows)],
        "fixed": ["same"] * rows,
        "empty": [""] * rows,
        "churned": ["yes" if (age - 50) / 10 + draw.gauss(0, 1.5) > 0 else "no" for age in ages],
    }


def test_each_choice_is_explained_and_the_file_reads_back(tmp_path: Path) -> None:
    made = new(write(tmp_path, clients()), "churned", out=tmp_path)
    task = read_task(made.path)
    assert task.with_(folder=made.task.folder) == made.task
    assert {name: kind.type for name, kind in (task.inputs or {}).items()} == {
        "age": "integer", "spend": "number", "joined": "timestamp", "paying": "boolean", "town": "category",
        "note": "text",
    }  # fmt: skip
    assert (task.rows.id, task.metric, task.budget.time) == ("client_id", "log_loss", 60.0)
    said = made.path.read_text()
    for words in (
        "'?' read as missing", "moments from 201", "texts of", "mostly 'Rye'", "different numbers",
        "'fixed': the same value in every row", "'empty': no values at all", "client_id is different in every row",
        "to predict: one of 2 classes", "others that fit: roc_auc", "wall clock of a build",
    ):  # fmt: skip
        assert words in said.replace("mostly 'Hythe'", "mostly 'Rye'").replace("mostly 'Deal'", "mostly 'Rye'"), words
    assert all(len(line) <= 112 for line in said.splitlines())


def test_written_twice_it_stands_and_nothing_else_is_overwritten(tmp_path: Path) -> None:
    data = write(tmp_path, clients())
    first = new(data, "churned", out=tmp_path)
    before = first.path.read_bytes()
    again = new(data, "churned", out=tmp_path)
    assert again.there
    assert not first.there
    assert first.path.read_bytes() == before
    with pytest.raises(TaskError, match="left as it is"):
        new(data, "age", out=tmp_path)
    first.path.write_text("not: a task")
    with pytest.raises(TaskError, match="left as it is"):
        new(data, "churned", out=tmp_path)
    assert first.path.read_text() == "not: a task"


def test_time_in_the_order_of_the_file_and_a_group_are_taken(tmp_path: Path) -> None:
    columns = clients(240)
    columns["seen"] = [(date(2024, 1, 1) + timedelta(days=row)).isoformat() for row in range(240)]
    timed = propose(write(tmp_path / "a", columns), "churned", out=tmp_path / "a")
    assert timed.task.rows.time == "seen"
    assert "seen" not in (timed.task.inputs or {})
    assert "in the order of" in timed.text
    draw = random.Random(3)
    patient = [draw.randint(0, 120) * 7 + 13 for _ in range(600)]
    sick = {code: draw.random() < 0.4 for code in set(patient)}
    visits = {
        "age": [draw.randint(18, 80) for _ in patient],
        "patient": patient,
        "ill": [sick[code] if draw.random() < 0.95 else not sick[code] for code in patient],
    }
    grouped = propose(write(tmp_path / "b", visits), "ill", out=tmp_path / "b")
    assert grouped.task.rows.group == "patient"
    assert "agree on the target" in grouped.text
    assert not grouped.suspects


def test_a_time_that_allows_no_split_is_an_input_again(tmp_path: Path) -> None:
    columns = clients(60)
    columns["seen"] = [(date(2024, 1, 1) + timedelta(days=row // 3)).isoformat() for row in range(60)]
    made = new(write(tmp_path, columns), "churned", out=tmp_path)
    task = read_task(made.path)
    dataset = load(task)
    assert len(split_test(dataset, 0)[1]) > 0
    assert ("seen" in (task.inputs or {})) == (task.rows.time is None)


def test_suspects_stand_in_the_file_and_beside_their_column(tmp_path: Path) -> None:
    columns = clients()
    columns["reason"] = ["price" if one == "yes" else "" for one in columns["churned"]]
    made = propose(write(tmp_path, columns), "churned", out=tmp_path)
    assert [one.columns for one in made.suspects] == [("reason",)]
    flat = " ".join(line.strip("# ") for line in made.text.splitlines())
    assert "LOOK AT THIS: gives the target away (below)" in flat
    assert "accept: {leak: [reason]}" in flat


TARGETS = {
    "two classes": ["no", "yes"],
    "three classes": ["red", "green", "blue"],
    "whole numbers": [1, 2],
    "truth": ["true", "false"],
    "words of YAML": ["null", "~", "on"],
}


@pytest.mark.parametrize("kind", TARGETS)
def test_every_target_reads_back(tmp_path: Path, kind: str) -> None:
    draw = random.Random(1)
    columns = {"x": [draw.gauss(0, 1) for _ in range(120)], "t": [draw.choice(TARGETS[kind]) for _ in range(120)]}
    made = new(write(tmp_path, columns), "t", out=tmp_path)
    assert load(read_task(made.path)).hash == load(made.task).hash


def test_names_that_yaml_would_misread(tmp_path: Path) -> None:
    draw = random.Random(1)
    odd = ["yes", "a: b", "#c", "no\tw", "'q'", '"dq"', "null", "1e3", "ü", "- x", "a # b", "{z}", "%"]
    columns: dict[str, list[Any]] = {name: [draw.choice("ab#:'") for _ in range(80)] for name in odd}
    columns["out: put"] = [draw.choice("ab") for _ in range(80)]
    made = new(write(tmp_path, columns), "out: put", out=tmp_path)
    assert set(read_task(made.path).inputs or {}) == set(odd)


def test_wide_tables_leave_the_inputs_to_the_build(tmp_path: Path) -> None:
    draw = random.Random(1)
    columns: dict[str, list[Any]] = {f"x{place}": [draw.randint(0, 9) for _ in range(40)] for place in range(310)}
    columns["y"] = [draw.choice("ab") for _ in range(40)]
    made = new(write(tmp_path, columns), "y", out=tmp_path)
    assert read_task(made.path).inputs is None
    assert "310 inputs are inferred" in made.text


def test_the_likeliest_targets_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, clients())
    _, found = likely_targets(path)
    assert found[0].name == "churned"
    assert {one.name for one in found}.isdisjoint({"client_id", "fixed", "empty", "note"})
    error = which_target(path, found)
    assert error.fix.endswith("--target churned")
    assert "'churned' (2 classes, named as one, the last column)" in error.message
    assert candidates({"id": object_column(["a", "b"]), "c": object_column(["x", "x"])}) == []
    assert "no column" in which_target(path, []).message


def test_bad_input(tmp_path: Path) -> None:
    path = write(tmp_path, clients())
    with pytest.raises(InputError, match="no column 'churn'"):
        new(path, "churn", out=tmp_path)
    with pytest.raises(SmeatonError):
        new(tmp_path / "missing.csv", "y", out=tmp_path)
    with pytest.raises(DataError, match="no column is left"):
        new(write(tmp_path, {"a": [1] * 30, "y": ["p", "q"] * 15}, "bare.csv"), "y", out=tmp_path)
    with pytest.raises(SmeatonError):
        new(write(tmp_path, {"a": [], "y": []}, "none.csv"), "y", out=tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(TaskError, match="cannot be written"):
        new(path, "churned", out=blocked / "below")
    assert not (tmp_path / "smeaton.yaml").exists()


def test_a_person_is_asked_until_the_answer_is_a_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, found = likely_targets(write(tmp_path, clients()))
    said = iter(["nothing", "99", "2"])
    monkeypatch.setattr("builtins.input", lambda _: next(said))
    assert verb._choice(found, ["age"]) == found[1].name
    assert "'nothing' is neither" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda _: "age")
    assert verb._choice(found, ["age"]) == "age"
    monkeypatch.setattr("builtins.input", lambda _: "")
    assert verb._choice(found, ["age"]) == "churned"


def test_the_verb_prints_the_file_or_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import argparse

    monkeypatch.chdir(tmp_path)
    write(tmp_path, clients())
    asked = argparse.Namespace(data="clients.csv", target=None, out=".", json=False)
    with pytest.raises(InputError, match="which column"):
        verb.run(asked)
    asked.target = "churned"
    assert verb.run(asked) == 0
    assert "smeaton.yaml is written" in capsys.readouterr().out
    asked.json = True
    assert verb.run(asked) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["target"] == "churned"
    assert said["inputs"]["age"]["type"] == "integer"
    assert said["written"] is False
    assert set(said["left_out"]) == {"fixed", "empty"}
