"""Distilling: what is asked, what is taught, and that what ships asks nobody."""

import csv
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tables import as_program, make_run, make_text_rows, make_text_task, some

from smeaton import plugins
from smeaton.data.fold import Fold
from smeaton.families import Refusal, Space, distil
from smeaton.families.distil import disputed, part, taught_rows
from smeaton.runtime.check import effect_of
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import ERROR, PROBABILITY, Array, Table, object_column, take
from smeaton.task.task import Data, Source, Task

LABELS, POOL = 4, 400
CONFIG: dict[str, Any] = {"model": "own:model", "student": "tfidf", "settings": {"c": 1.0}, "calls": 200}


def make_case(folder: Path, unlabelled_rows: bool = True) -> tuple[Task, Fold, Array, dict[str, int]]:
    """A task with few labelled rows, one fold of it, its held-out targets, and the true code of every text."""
    every = make_text_rows(800 + POOL, str(LABELS))
    every.x["body"][:] = [body or f"none {place}" for place, body in enumerate(every.x["body"])]
    pool = some(every, np.arange(800, 800 + POOL))
    with (folder / "more.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["body"])
        writer.writerows([text] for text in pool.x["body"])
    source = Source(files=("more.csv",)) if unlabelled_rows else None
    task = msgspec.structs.replace(
        make_text_task(str(LABELS)), data=Data(examples=Source(files=("x.csv",)), unlabelled=source), folder=str(folder)
    )
    held = some(every, np.arange(200, 800))
    rows = [some(every, np.arange(a, b)) for a, b in ((0, 40), (40, 100))]
    for one in (*rows, held):
        for name in ("title", "area", "length"):
            one.x.pop(name)  # type: ignore[attr-defined]
    truth = dict(zip(every.x["body"].tolist(), every.y.tolist(), strict=True))
    return task, Fold(0, rows[0], rows[1], held.x, held.index), held.y, truth


class Teacher:
    """Knows every text; the rows it is asked are counted, and every tenth has no answer."""

    def __init__(self, truth: dict[str, int], sure: float = 0.95) -> None:
        self.truth, self.sure, self.asked = truth, sure, list[str]()

    def predict(self, rows: Table) -> Table:
        texts = rows["body"].tolist()
        self.asked += texts
        chance = np.full((len(texts), LABELS), (1 - self.sure) / (LABELS - 1))
        chance[np.arange(len(texts)), [self.truth[text] for text in texts]] = self.sure
        failed = [None if place % 10 else "too late" for place in range(len(texts))]
        chance[[error is not None for error in failed]] = 1 / LABELS
        return {PROBABILITY: chance, ERROR: object_column(failed)}


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Teacher:
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "llm.toml"))
    (tmp_path / "llm.toml").write_text('[providers.own]\nwire = "openai"\nurl = "http://127.0.0.1:9/v1"\n')
    found = Teacher(make_case(tmp_path)[3])
    monkeypatch.setattr(distil, "fitted", lambda *given: found)
    return found


def right(chance: Array, target: Array) -> float:
    return float((chance.argmax(axis=1) == target).mean())


def test_the_student_learns_from_what_the_teacher_says(tmp_path: Path, teacher: Teacher) -> None:
    task, fold, target, _ = make_case(tmp_path)
    alone = plugins.load("families", "tfidf").fit(task, CONFIG["settings"], fold, make_run(tmp_path))
    taught = part.fit(task, CONFIG, fold, make_run(tmp_path))
    before = right(alone.predict(fold.held)[PROBABILITY], target)
    assert right(taught.predict(fold.held)[PROBABILITY], target) > before + 0.05
    assert len(teacher.asked) == CONFIG["calls"]
    assert "200 of 400 unlabelled rows" in taught.note  # type: ignore[attr-defined]
    assert "20 without an answer" in taught.note  # type: ignore[attr-defined]
    assert taught.refit is None  # type: ignore[attr-defined]


def test_what_ships_asks_nobody(tmp_path: Path, teacher: Teacher) -> None:
    task, fold, _, _ = make_case(tmp_path)
    taught = part.fit(task, {**CONFIG, "calls": 30}, fold, make_run(tmp_path))
    (tmp_path / "out").mkdir()
    engine = as_program(taught, task, tmp_path / "out")
    assert effect_of(engine.program) == "pure"
    expected = taught.predict(fold.held)[PROBABILITY]
    assert np.allclose(engine.predict(fold.held)[PROBABILITY], expected, atol=1e-9)


class Students:
    """A family whose fits answer as scripted, one after the other; keeps which rows each has seen."""

    def __init__(self, *chances: Array) -> None:
        self.chances, self.seen = list(chances), list[set[int]]()

    def fit(self, task: Task, config: Any, fold: Fold, run: Any) -> "Students":
        self.seen.append(set(fold.train.index.tolist()))
        return self

    def predict(self, rows: Table) -> Table:
        return {PROBABILITY: self.chances[len(self.seen) - 1]}


def test_the_rows_asked_first_are_those_that_students_dispute(tmp_path: Path) -> None:
    task, fold, *_ = make_case(tmp_path)
    sure, other, even = [0.97, 0.01, 0.01, 0.01], [0.01, 0.97, 0.01, 0.01], [0.25] * 4
    students: Any = Students(np.array([sure, sure, even]), np.array([sure, other, even]))
    order = disputed(task, students, {}, fold, make_run(tmp_path), take(fold.held, np.arange(3)))
    assert order.tolist() == [1, 2, 0]  # they say different things; neither knows; they agree
    assert not students.seen[0] & students.seen[1]
    assert students.seen[0] | students.seen[1] == set(fold.train.index.tolist())


def test_taught_rows_weigh_what_the_teacher_believes(tmp_path: Path) -> None:
    _, fold, _, _ = make_case(tmp_path)
    soft = np.array([[0.7, 0.29, 0.005, 0.005], [0.0, 0.0, 1.0, 0.0]])
    rows = taught_rows(fold.train, take(fold.held, np.arange(2)), soft)
    own = len(fold.train)
    assert rows.y[own:].tolist() == [0, 1, 2]
    assert rows.weight is not None
    assert rows.weight[:own].tolist() == [1.0] * own
    assert rows.weight[own:].tolist() == [0.7, 0.29, 1.0]
    assert rows.x["body"][own:].tolist() == [fold.held["body"][place] for place in (0, 0, 1)]


@pytest.mark.usefixtures("teacher")
def test_it_needs_unlabelled_rows_and_a_model(tmp_path: Path) -> None:
    profile = Profile(rows=100, columns=(ColumnProfile(name="body", type="text", mean_length=40),))
    task, *_ = make_case(tmp_path)
    named = task.with_(solutions=msgspec.structs.replace(task.solutions, add=("own:model",)))
    space = part.space(named, profile)
    assert isinstance(space, Space)
    assert {start["model"] for start in space.starts} == {"own:model"}
    assert space.external == ()
    assert space.masks
    bare, *_ = make_case(tmp_path, unlabelled_rows=False)
    refused = part.space(bare, profile)
    assert isinstance(refused, Refusal)
    assert "data.unlabelled" in refused.why
    assert isinstance(part.space(make_text_task("number"), profile), Refusal)
