"""Small generated tables to check a family on, each with something that families stumble over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold
from smeaton.task.profile import Profile
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Type

_CITIES = ("Leeds", "York", "Hull", "Ripon", "Selby", "Whitby")
_WORDS = ("late", "early", "broken", "fine", "good", "bad", "slow", "fast")
_YES_NO = Type(type="boolean", labels=(False, True))
_NUMBER = Type(type="number")
_ROWS = 240

_Made = tuple[dict[str, Type], dict[str, Array], Type, Array]


def _columns(rows: int, seed: int) -> tuple[dict[str, Type], dict[str, Array], Array]:
    """One column of each kind with nulls, and a score that depends on most of them."""
    rng = np.random.default_rng(seed)
    size, price = rng.normal(size=rows), np.exp(1.5 * rng.normal(size=rows))
    city, day, word = rng.integers(0, len(_CITIES), rows), rng.integers(0, 700, rows), rng.integers(0, 8, (rows, 3))
    score = size + 0.5 * np.log(price) + 0.8 * (city == 1) + (word == 2).any(axis=1) + 0.5 * rng.normal(size=rows)
    null = rng.random((rows, 4)) < 0.08
    price[null[:, 0]] = np.nan
    opened = np.datetime64("2024-01-01T08:30:00.000000", "us") + day.astype("timedelta64[D]")
    texts = [" ".join(_WORDS[one] for one in row) for row in word.tolist()]
    types = {
        "size": Type(type="number"),
        "price": Type(type="number", optional=True),
        "count": Type(type="integer"),
        "active": Type(type="boolean", optional=True),
        "city": Type(type="category", optional=True),
        "opened": Type(type="timestamp", optional=True),
        "note": Type(type="text", optional=True),
    }
    table = {
        "size": size,
        "price": price,
        "count": rng.poisson(3, rows).astype(np.int64),
        "active": object_column([None if gone else bool(one > 0) for one, gone in zip(size, null[:, 1], strict=True)]),
        "city": object_column([None if gone else _CITIES[one] for one, gone in zip(city, null[:, 2], strict=True)]),
        "opened": np.where(null[:, 3], np.datetime64("NaT", "us"), opened),
        "note": object_column([None if row % 17 == 0 else text for row, text in enumerate(texts)]),
    }
    return types, table, score


def _classes(score: Array, count: int) -> tuple[Type, Array]:
    """The score as classes of about equal size."""
    y = np.searchsorted(np.quantile(score, np.linspace(0, 1, count + 1)[1:-1]), score).astype(np.int64)
    return (_YES_NO if count == 2 else Type(type="category", labels=tuple(f"c{code}" for code in range(count)))), y


def _two_classes() -> _Made:
    types, table, score = _columns(_ROWS, 1)
    return types, table, *_classes(score, 2)


def _many_classes() -> _Made:
    types, table, score = _columns(_ROWS, 2)
    return types, table, *_classes(score, 5)


def _rare_class() -> _Made:
    """One label of which a fold may hold no row at all."""
    types, table, score = _columns(_ROWS, 3)
    return types, table, Type(type="category", labels=("often", "rarely")), (score >= np.sort(score)[-4]).astype(int)


def _numbers() -> _Made:
    types, table, score = _columns(_ROWS, 4)
    return types, table, _NUMBER, 1000 * np.exp(score / 2)


def _huge_numbers() -> _Made:
    """A column whose values lie twelve orders of magnitude apart, and a target far from zero."""
    types, table, score = _columns(_ROWS, 5)
    table["size"] = np.sign(table["size"]) * 10.0 ** (6 * table["size"])
    return types, table, _NUMBER, 1e9 + score


def _one_number() -> _Made:
    types, table, score = _columns(_ROWS, 6)
    return {"size": types["size"]}, {"size": table["size"]}, *_classes(score, 2)


def _one_category() -> _Made:
    """Values so rare that none is kept."""
    _, _, score = _columns(_ROWS, 7)
    names = object_column([f"name {row // 2}" for row in range(_ROWS)])
    return {"name": Type(type="category")}, {"name": names}, *_classes(score, 2)


def _only_texts() -> _Made:
    types, table, score = _columns(_ROWS, 8)
    return {"note": types["note"]}, {"note": table["note"]}, *_classes(score, 3)


def _constants() -> _Made:
    """Columns that say nothing: one value in every row, and nothing but nulls."""
    _, _, score = _columns(_ROWS, 9)
    table = {"same": np.full(_ROWS, 7.0), "none": np.full(_ROWS, np.nan)}
    return {"same": _NUMBER, "none": Type(type="number", optional=True)}, table, *_classes(score, 2)


def _few_rows() -> _Made:
    types, table, score = _columns(24, 10)
    return types, table, *_classes(score, 2)


_MAKERS: dict[str, Callable[[], _Made]] = {
    "two classes": _two_classes,
    "many classes": _many_classes,
    "a rare class": _rare_class,
    "numbers": _numbers,
    "huge numbers": _huge_numbers,
    "one number": _one_number,
    "one category": _one_category,
    "only texts": _only_texts,
    "constants": _constants,
    "few rows": _few_rows,
}
#: Names of the tables.
TABLES = tuple(_MAKERS)


def example(name: str, weights: bool = False) -> tuple[Task, Fold, Profile]:
    """A pinned task, one fold of its rows (of three), and the profile of the rows: what `check_family` is given.

    Args:
        name: one of `TABLES`.
        weights: whether rows count more or less than one.
    """
    from smeaton.data.dataset import Dataset
    from smeaton.data.profile import profile
    from smeaton.data.split import fold, make_folds

    types, table, output, target = _MAKERS[name]()
    every = np.arange(len(target))
    task = Task(
        data=Data(examples=Source(files=("table.csv",))), inputs=types, output={"y": output}, folder=str(Path())
    )
    more: dict[str, Any] = {"weight": np.linspace(0.5, 2.0, len(target))} if weights else {}
    dataset = Dataset(task, table, target, hash=name, **more)
    return task, fold(dataset, make_folds(dataset, every, 3, 0)[0], 0), profile(dataset, every)
