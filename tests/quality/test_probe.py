import time
from typing import Any

import numpy as np
import pytest
from tests.data._make import DAY, classes, numbers, with_table

from smeaton.data.dataset import Dataset
from smeaton.data.split import split_test
from smeaton.quality.leaks.copies import COPIES
from smeaton.quality.leaks.future import FUTURE
from smeaton.quality.probe import probe
from smeaton.task.table import object_column
from smeaton.task.task import Accept
from smeaton.task.types import Type

RNG = np.random.default_rng(3)
ROWS = 1_000
Y2 = RNG.integers(0, 2, ROWS)
Y5 = RNG.integers(0, 5, ROWS)
REAL = RNG.normal(size=ROWS) ** 3
OTHERS = {f"x{i}": RNG.normal(size=ROWS) for i in range(4)}


def inputs(dataset: Dataset, **columns: Any) -> Dataset:
    table = {**OTHERS, **columns}
    kinds = {"f": "number", "i": "integer", "M": "timestamp", "O": "category"}
    return with_table(dataset, table, {name: Type(type=kinds[col.dtype.kind]) for name, col in table.items()})  # type: ignore[arg-type]


def found(dataset: Dataset) -> list[tuple[str, ...]]:
    train, test = split_test(dataset, 0)
    return [suspect.columns for suspect in probe(dataset, train, test)[0]]


LEAKS = {
    "the target itself": (classes(Y2), object_column(Y2.astype(str).tolist())),
    "other names": (classes(Y5), object_column([f"team {'qwert'[y]}" for y in Y5])),
    "null tells": (classes(Y2), np.where(Y2 == 1, RNG.normal(size=ROWS), np.nan)),
    "a date only for churned": (
        classes(Y2),
        np.where(Y2 == 1, DAY + RNG.integers(0, 10**12, ROWS), np.datetime64("NaT")),
    ),
    "a threshold": (classes(Y2), Y2 * 2 + RNG.uniform(-0.9, 0.9, ROWS)),
    "scaled": (numbers(REAL), REAL * 1.21 + 4),
    "monotone": (numbers(REAL), np.exp(REAL / 5)),
    "rounded": (numbers(REAL), REAL.round(2)),
    "a copy with errors": (classes(Y5), np.where(RNG.random(ROWS) < 0.93, Y5, 0).astype(float)),
    "a rank": (classes((REAL > 0).astype(int)), REAL + RNG.normal(size=ROWS) * 0.001),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_gives_the_target_away(name: str) -> None:
    dataset, column = LEAKS[name]
    assert found(inputs(dataset, leak=column)) == [("leak",)]


HONEST = {
    "strong for two classes": (classes(Y2), Y2 * 2 + RNG.normal(size=ROWS)),
    "strong for a number": (numbers(REAL), REAL + RNG.normal(size=ROWS) * REAL.std() / 4),
    "a fine category": (classes(Y2), object_column([f"id{i}" for i in range(ROWS)])),
    "mostly right": (classes(Y5), np.where(RNG.random(ROWS) < 0.8, Y5, 0).astype(float)),
    "noise": (classes(Y5), RNG.normal(size=ROWS)),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_column_is_not_suspected(name: str) -> None:
    dataset, column = HONEST[name]
    assert found(inputs(dataset, good=column)) == []


def test_a_handful_of_rows_is_no_evidence() -> None:
    rare = (np.arange(ROWS) % 200 == 0).astype(int)
    assert found(inputs(classes(rare), lucky=rare.astype(float))) == []


def test_an_easy_task_is_no_leak() -> None:
    easy = {f"x{i}": Y2 * 8 + RNG.normal(size=ROWS) for i in range(4)}
    assert found(inputs(classes(Y2), **easy)) == []


def test_acceptance_and_the_line_to_add() -> None:
    task = {"accept": Accept(leak=("end date",))}
    dataset = inputs(classes(Y2, task=task), **{"end date": Y2.astype(float), "reason_2": Y2.astype(float)})
    train, test = split_test(dataset, 0)
    first, second = sorted(probe(dataset, train, test)[0], key=lambda suspect: suspect.columns)
    assert (first.accepted, first.accept) == (True, 'accept: {leak: ["end date"]}')
    assert (second.accepted, second.accept) == (False, "accept: {leak: [reason_2]}")
    assert "is it known" in first.why.lower()


@pytest.mark.parametrize("given", [(), (COPIES,)])
def test_copies_across_the_split(given: tuple[str, ...]) -> None:
    twice = np.arange(ROWS) // 2
    table = {name: column[twice] for name, column in OTHERS.items()}
    dataset = inputs(classes(Y2[twice], task={"accept": Accept(leak=given)}), **table)
    train, test = split_test(dataset, 0)
    [suspect] = probe(dataset, train, test)[0]
    assert suspect.kind == "copies"
    assert "exact copies" in suspect.why
    assert suspect.accepted == bool(given)


def test_copies_in_a_small_world_are_only_said() -> None:
    table = {"a": object_column(RNG.choice(["x", "y"], ROWS).tolist()), "b": RNG.integers(0, 3, ROWS)}
    dataset = with_table(classes(Y2), table, {"a": Type(type="category"), "b": Type(type="integer")})
    train, test = split_test(dataset, 0)
    suspects, notes = probe(dataset, train, test)
    assert suspects == []
    assert "exact copies" in notes[0]


def test_the_future() -> None:
    moments = DAY + np.arange(ROWS) * np.timedelta64(1, "h")
    late = moments + np.timedelta64(3, "D")
    early = moments - np.timedelta64(3, "D")
    dataset = inputs(classes(Y2, time=moments), closed=late, opened=early)
    assert found(dataset) == [("closed",)]
    older = inputs(classes(Y2, time=moments[::-1], sealed=np.arange(900, ROWS)))
    train, test = split_test(older, 0)
    [suspect] = probe(older, train, test)[0]
    assert suspect.kind == "future"
    assert suspect.accept == f'accept: {{leak: ["{FUTURE}"]}}'
    assert "100 of 100 rows" in suspect.why


def test_the_cost_is_bounded() -> None:
    rows = 100_000
    y = RNG.integers(0, 2, rows)
    table = {f"x{i}": RNG.normal(size=rows) for i in range(30)}
    dataset = with_table(classes(y), table, {name: Type(type="number") for name in table})
    start = time.process_time()
    assert probe(dataset, np.arange(80_000), np.arange(80_000, rows)) == ([], [])
    assert time.process_time() - start < 3
