"""The tagger learns spans and fields, answers as its program does, repeats itself and keeps its time."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_run

from smeaton.data.fold import Fold, Rows
from smeaton.families import Refusal
from smeaton.families.tagger import TaggerModel, part
from smeaton.metrics._intervals import mean
from smeaton.metrics.field_f1 import part as field_f1
from smeaton.metrics.span_f1 import part as span_f1
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import PREDICTION, object_column
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type
from smeaton.testing import check_family

CITIES = ("Leeds", "York", "São Paulo", "Hull", "東京", "New York", "Bath", "Łódź")
SPAN = Type(
    type="list",
    of=Type(
        type="object",
        fields={
            "kind": Type(type="category", labels=("city", "number")),
            "start": Type(type="integer"),
            "end": Type(type="integer"),
            "text": Type(type="text"),
        },
    ),
)
ORDER = Type(
    type="object",
    fields={
        "due": Type(type="timestamp", optional=True),
        "amount": Type(type="number", optional=True),
        "count": Type(type="integer"),
        "item": Type(type="text"),
        "tone": Type(type="category", labels=("kind", "rude")),
        "urgent": Type(type="boolean"),
    },
)


def make_task(output: Type, inputs: dict[str, Type] | None = None) -> Task:
    given = {"note": Type(type="text", optional=True)} if inputs is None else inputs
    return Task(data=Data(examples=Source(files=("x.jsonl",))), output={"y": output}, inputs=given)


def span_rows(size: int, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    texts, values = list[str | None](), list[Any]()
    for _ in range(size):
        city, number = CITIES[rng.integers(len(CITIES))], str(rng.integers(1, 500))
        parts = [("go to ", ""), (city, "city"), (" by train ", ""), (number, "number"), (" please", "")]
        if rng.random() < 0.3:
            parts = [("see ", ""), (city, "city"), (" and come back", "")]
        text, spans = "", []
        for piece, kind in parts:
            if kind:
                spans.append({"kind": kind, "start": len(text), "end": len(text) + len(piece), "text": piece})
            text += piece
        texts.append(text)
        values.append(spans)
    texts[:1], values[:1] = [None][:size], [[]][:size]
    return Rows({"note": object_column(texts)}, object_column(values), None, np.arange(size))


def order_rows(size: int, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    texts, values = list[str | None](), list[Any]()
    items = ("blue chair", "desk lamp", "round table", "sofa")
    for _ in range(size):
        day = np.datetime64("2024-01-01") + rng.integers(0, 700)
        year, month, date = (int(number) for number in str(day).split("-"))
        amount, count = round(float(rng.uniform(1_000, 9_000)), 2), int(rng.integers(2, 40))
        item, rude, urgent = items[rng.integers(len(items))], bool(rng.random() < 0.5), bool(rng.random() < 0.4)
        dated, priced = rng.random() < 0.8, rng.random() < 0.8
        text = f"{'send at last' if rude else 'could you kindly send'} {count} x {item}"
        text += f" for ${amount:,.2f}" if priced else ""
        text += f" until {date}/{month}/{year}" if dated else ""
        texts.append(text + (" asap" if urgent else "."))
        values.append({
            "due": f"{day.astype('datetime64[us]')}Z" if dated else None,
            "amount": amount if priced else None,
            "count": count,
            "item": item,
            "tone": "rude" if rude else "kind",
            "urgent": urgent,
        })  # fmt: skip
    return Rows({"note": object_column(texts)}, object_column(values), None, np.arange(size))


def fold_of(train: Rows, stop: Rows, held: Rows) -> Fold:
    return Fold(0, train, stop, held.x, held.index)


def as_program(fitted: TaggerModel, task: Task, folder: Path) -> Engine:
    program = fitted.export(folder)
    save_program(program, folder)
    return Engine(program, folder, types=task.input_types)


def test_learns_spans_and_the_program_answers_the_same(tmp_path: Path) -> None:
    task, held = make_task(SPAN), span_rows(60, 3)
    fitted = part.fit(task, {}, fold_of(span_rows(150), span_rows(40, 1), held), make_run(tmp_path))
    answers = fitted.predict(held.x)
    assert mean(span_f1, span_f1.rows(answers, held.y, ()), None) > 0.97
    assert answers[PREDICTION][0] == []
    with as_program(fitted, task, tmp_path / "program") as engine:
        assert engine.predict(held.x)[PREDICTION].tolist() == answers[PREDICTION].tolist()
        alone = [engine.predict({"note": held.x["note"][i : i + 1]})[PREDICTION][0] for i in range(20)]
    assert alone == answers[PREDICTION].tolist()[:20]
    assert fitted.steps == 0
    assert fitted.note == ""
    assert fitted.refit is not None
    assert fitted.refit["_steps"] >= 1


def test_learns_fields_with_their_types(tmp_path: Path) -> None:
    task, held = make_task(ORDER), order_rows(80, 3)
    fitted = part.fit(task, {}, fold_of(order_rows(250), order_rows(50, 1), held), make_run(tmp_path))
    answers = fitted.predict(held.x)
    assert mean(field_f1, field_f1.rows(answers, held.y, ()), None) > 0.95
    with as_program(fitted, task, tmp_path / "program") as engine:
        assert engine.predict(held.x)[PREDICTION].tolist() == answers[PREDICTION].tolist()
        unseen = object_column(["could you kindly send 1,200 x sofa for $1,000.00 until 30/4/2025 asap", None])
        first, nothing = engine.predict({"note": unseen})[PREDICTION]
    assert first == {
        "due": "2025-04-30T00:00:00.000000Z", "amount": 1000.0, "count": 1200, "item": "sofa", "tone": "kind",
        "urgent": True,
    }  # fmt: skip
    assert isinstance(first["count"], int)
    assert nothing == dict.fromkeys(first)


def test_keeps_the_promises_of_a_family(tmp_path: Path) -> None:
    for output, rows in ((SPAN, span_rows), (ORDER, order_rows)):
        profile = Profile(rows=80, columns=(ColumnProfile(name="note", type="text"),))
        check_family(part, make_task(output), fold_of(rows(60), rows(10, 1), rows(10, 2)), profile)


def test_an_object_of_labels_alone_needs_no_chain(tmp_path: Path) -> None:
    kind = Type(type="object", fields={name: ORDER.fields[name] for name in ("tone", "urgent")} if ORDER.fields else {})
    rows, held = order_rows(120), order_rows(40, 3)
    task = make_task(kind)
    fitted = part.fit(task, {}, fold_of(rows, order_rows(20, 1), held), make_run(tmp_path))
    with as_program(fitted, task, tmp_path / "program") as engine:
        found = engine.predict(held.x)[PREDICTION].tolist()
    right = [one == {name: true[name] for name in one} for one, true in zip(found, held.y, strict=True)]
    assert np.mean(right) > 0.9
    again = part.fit(task, dict(fitted.refit or {}), fold_of(rows, order_rows(0), held), make_run(tmp_path))
    assert again.steps >= int((fitted.refit or {})["_steps"])


def test_values_that_are_not_in_the_text_are_counted(tmp_path: Path) -> None:
    rows = order_rows(60)
    for row in range(6):
        rows.y[row] = {**rows.y[row], "item": "wardrobe"}
    fitted = part.fit(make_task(ORDER), {}, fold_of(rows, order_rows(10, 1), rows), make_run(tmp_path))
    assert fitted.note == "of 60 rows, values that do not stand in their text: 6 of 'item'"


def test_the_clock_ends_a_fit_and_a_replay_repeats_it(tmp_path: Path) -> None:
    task, fold = make_task(SPAN), fold_of(span_rows(200), span_rows(40, 1), span_rows(30, 2))
    start = time.monotonic()
    cut = part.fit(task, {}, fold, make_run(tmp_path, seconds=0.05))
    assert time.monotonic() - start < 5
    assert cut.steps >= 1
    assert "the clock ended it" in cut.note
    assert cut.refit is not None
    assert cut.refit["_steps"] >= cut.steps  # as many epochs of all rows, of which there are more
    again = part.fit(task, {"_steps": cut.steps}, fold, make_run(tmp_path))
    assert again.steps == cut.steps
    cut.export(tmp_path / "one")
    again.export(tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_the_refit_on_all_rows_needs_no_rows_to_stop_on(tmp_path: Path) -> None:
    task, held = make_task(SPAN), span_rows(40, 3)
    fitted = part.fit(task, {}, fold_of(span_rows(100), span_rows(30, 1), held), make_run(tmp_path))
    assert fitted.refit is not None
    again = part.fit(task, fitted.refit, fold_of(span_rows(170), span_rows(0), span_rows(0)), make_run(tmp_path))
    assert again.steps >= fitted.refit["_steps"]
    assert again.refit is None
    assert mean(span_f1, span_f1.rows(again.predict(held.x), held.y, ()), None) > 0.97


def test_one_of_several_folds_is_fitted_with_the_rows_to_stop_on(tmp_path: Path) -> None:
    task, fold = make_task(SPAN), fold_of(span_rows(100), span_rows(30, 1), span_rows(30, 2))
    run = make_run(tmp_path)
    run.other_folds = {1: span_rows(30, 2).y}
    fitted, alone = part.fit(task, {}, fold, run), part.fit(task, {}, fold, make_run(tmp_path))
    assert fitted.steps == 0
    assert fitted.note == ""
    models = (fitted.tagger.model, alone.tagger.model)
    assert models[0] is not None
    assert models[1] is not None
    assert len(models[0].keys) > len(models[1].keys)


TEXT, NUMBER = Type(type="text"), Type(type="number")


@pytest.mark.parametrize(
    ("output", "inputs", "said"),
    [
        (NUMBER, None, "of type 'number'"),
        (SPAN, {"a": NUMBER}, "'a' is of type 'number'"),
        (SPAN, {"question": TEXT, "document": TEXT}, "the answer to a question"),
        (Type(type="list", of=Type(type="object", fields={"a": TEXT})), None, "`start` and `end`"),
        (Type(type="object", fields={"a": Type(type="list", of=TEXT)}), None, "'a' is of type 'list'"),
        (
            Type(
                type="list",
                of=Type(
                    type="object",
                    fields={"start": Type(type="integer"), "end": Type(type="integer"), "a": TEXT, "b": TEXT},
                ),
            ),
            None,
            "one category and one text",
        ),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(output: Type, inputs: dict[str, Type] | None, said: str) -> None:
    found = part.space(make_task(output, inputs), Profile(rows=10, columns=()))
    assert isinstance(found, Refusal)
    assert said in found.why
