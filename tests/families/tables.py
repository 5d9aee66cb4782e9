"""Small generated tables with every kind of input, for the tests of families."""

from pathlib import Path

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Fitted, Run
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import Array, Table, object_column, take
from smeaton.task.task import Data, Source, Task
from smeaton.task.types import Label, Type

INPUTS = {
    "size": Type(type="number"),
    "price": Type(type="number", optional=True),
    "count": Type(type="integer"),
    "active": Type(type="boolean", optional=True),
    "city": Type(type="category", optional=True),
    "opened": Type(type="timestamp", optional=True),
    "note": Type(type="text", optional=True),
}
CITIES = ("Leeds", "York", "Hull", "Ripon", "Selby", "Whitby")
WORDS = ("late", "early", "broken", "fine", "good", "bad", "slow", "fast")


def make_task(kind: str, inputs: dict[str, Type] | None = None, metric: str | None = None) -> Task:
    """A pinned task: `number`, `binary`, or a number of classes such as `4`."""
    if kind == "number":
        output = Type(type="number")
    elif kind == "binary":
        output = Type(type="boolean", labels=(False, True))
    else:
        labels: tuple[Label, ...] = tuple(f"c{code}" for code in range(int(kind)))
        output = Type(type="category", labels=labels)
    data = Data(examples=Source(files=("x.csv",)))
    return Task(data=data, output={"y": output}, inputs=INPUTS if inputs is None else inputs, metric=metric)


def make_rows(rows: int, kind: str, seed: int = 0, weights: bool = False) -> Rows:
    """Typed rows with a target that depends on most inputs."""
    rng = np.random.default_rng(seed)
    size, price = rng.normal(size=rows), np.exp(rng.normal(size=rows) * 1.5)
    price[rng.random(rows) < 0.1] = np.nan
    city = rng.choice(len(CITIES), rows, p=[0.4, 0.3, 0.15, 0.1, 0.04, 0.01])
    day = rng.integers(0, 700, rows)
    word = rng.choice(len(WORDS), (rows, 3))
    score = size + 0.5 * np.log(np.nan_to_num(price, nan=1.0)) + 0.8 * (city == 1) + (word == 2).any(axis=1)
    score = score + 0.3 * np.sin(day / 50) + rng.normal(size=rows) * 0.5
    nulls = rng.random((rows, 3)) < 0.08
    opened = np.datetime64("2024-01-01T08:30:00.000000", "us") + day.astype("timedelta64[D]")
    x = {
        "size": size,
        "price": price,
        "count": rng.poisson(3, rows).astype(np.int64),
        "active": object_column(
            [None if null else bool(value > 0) for value, null in zip(size, nulls[:, 0], strict=True)]
        ),
        "city": object_column([None if null else CITIES[c] for c, null in zip(city, nulls[:, 1], strict=True)]),
        "opened": np.where(nulls[:, 2], np.datetime64("NaT", "us"), opened),
        "note": object_column([None if i % 17 == 0 else " ".join(WORDS[w] for w in row) for i, row in enumerate(word)]),
    }
    if kind == "number":
        y = np.exp(score / 2) * 1000
    else:
        classes = 2 if kind == "binary" else int(kind)
        y = np.searchsorted(np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]), score).astype(np.int64)
    weight = rng.uniform(0.5, 2, rows) if weights else None
    return Rows(x, y, weight, np.arange(rows))


def some(rows: Rows, index: Array) -> Rows:
    """The rows of an index."""
    weight = None if rows.weight is None else rows.weight[index]
    return Rows(take(rows.x, index), rows.y[index], weight, rows.index[index])


def make_fold(rows: int, kind: str, seed: int = 0, weights: bool = False) -> tuple[Fold, Array]:
    """A fold (70 % train, 10 % stop, 20 % held) and the held-out targets."""
    every = make_rows(rows, kind, seed, weights)
    a, b = int(0.7 * rows), int(0.8 * rows)
    index = np.arange(rows)
    held = some(every, index[b:])
    return Fold(0, some(every, index[:a]), some(every, index[a:b]), held.x, held.index), held.y


def make_run(folder: Path, seconds: float = 60.0, seed: int = 0) -> Run:
    """A run without limits that matter."""
    return Run(seed=seed, fidelity=1.0, seconds=seconds, scratch=folder)


def make_profile(rows: int, task: Task, y: Array) -> Profile:
    """What a family asks of a profile."""
    columns = tuple(ColumnProfile(name=name, type=form.type) for name, form in task.input_types.items())
    if task.is_class:
        return Profile(rows=rows, columns=columns, shares=tuple(np.bincount(y) / len(y)))
    spots = np.quantile(y, [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1])
    return Profile(rows=rows, columns=columns, target_quantiles=tuple(float(spot) for spot in spots))


def as_program(fitted: Fitted, task: Task, folder: Path) -> Engine:
    """Export and open what was fitted."""
    program = fitted.export(folder)
    save_program(program, folder)
    return Engine(program, folder, types=task.input_types)


def strange_rows(rows: Table, task: Task) -> Table:
    """Rows with nulls and categories never seen, large and zero numbers."""
    odd = {name: column[:12].copy() for name, column in rows.items()}
    odd["size"] = np.array([0.0, -0.0, 1e-36, -1e-36, 1e300, -1e300, 1.7e9, 123456789012.0, 1e-30, 5.0, -5.0, 0.1])
    odd["price"] = np.where(np.arange(12) % 2, np.nan, odd["size"])
    odd["count"] = np.array([0, -1, 2**53, -(2**53), 7, 8, 9, 10, 10**12, 3, 2, 1], dtype=np.int64)
    odd["city"] = object_column(
        ["Atlantis", None, "", "York", "york", "Whitby", "Leeds", "Hull", " ", "\u00e9", None, "Y"]
    )
    odd["note"] = object_column([None, "", "late late LATE", "\u6771\u4eac", "!!!", "a" * 500, *["fine"] * 6])
    odd["opened"] = np.array(
        ["NaT", "1900-02-28", "2400-12-31T23:59:59.999999", *["2024-02-29"] * 9], dtype="datetime64[us]"
    )
    return {name: odd[name] for name in task.input_types}


TEXT_INPUTS = {
    "body": Type(type="text", optional=True),
    "title": Type(type="text", optional=True),
    "area": Type(type="category", optional=True),
    "length": Type(type="number", optional=True),
}
#: Letters that generated words are made of, and what stands between words.
SCRIPTS = {
    "latin": ("abdefiklmnoprstu\u00e9", " "),
    "cyrillic": ("\u0430\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u043a\u043b\u043c", " "),
    "han": ("\u5929\u6c14\u4eac\u6771\u65e5\u672c\u6708\u706b\u6c34\u6728\u91d1\u571f\u4eba\u5927\u5c0f", ""),
    "thai": ("\u0e01\u0e02\u0e04\u0e07\u0e08\u0e0a\u0e14\u0e15\u0e19\u0e1a\u0e1b\u0e21", ""),
}


def make_text_task(kind: str, inputs: tuple[str, ...] = ("body",), metric: str | None = None) -> Task:
    """A pinned task on texts: `number`, `binary`, a number of classes such as `4`, or `many` (any of 4 labels)."""
    chosen = {name: TEXT_INPUTS[name] for name in inputs}
    if kind != "many":
        return make_task(kind, chosen, metric)
    form = Type(type="list", of=Type(type="category", labels=("red", "green", "blue", "grey")))
    return Task(data=Data(examples=Source(files=("x.csv",))), output={"y": form}, inputs=chosen, metric=metric)


def make_text_rows(rows: int, kind: str, seed: int = 0, script: str = "latin") -> Rows:
    """Rows of generated texts; words of their own tell the labels, beside words that tell nothing."""
    letters, space = SCRIPTS[script]
    rng = np.random.default_rng([seed, 5])
    lexicon = np.random.default_rng(11)
    word = ["".join(lexicon.choice(list(letters), lexicon.integers(2, 6))) for _ in range(400)]
    classes = {"number": 8, "binary": 2, "many": 4}.get(kind) or int(kind)
    code = rng.integers(0, classes, rows)
    held = np.zeros((rows, classes), dtype=np.int8)
    held[np.arange(rows), code] = 1
    if kind == "many":
        held = (rng.random((rows, classes)) < 0.4).astype(np.int8)
    body = []
    for row in range(rows):
        told = [word[5 * label + rng.integers(0, 5)] for label in np.flatnonzero(held[row]) for _ in range(2)]
        other = [word[200 + place] for place in rng.integers(0, 200, 6)]
        body.append(space.join(rng.permutation([*told, *other]).tolist()))
    x = {
        "body": object_column([None if row % 19 == 0 else text for row, text in enumerate(body)]),
        "title": object_column([word[5 * code[row]] if row % 3 else "" for row in range(rows)]),
        "area": object_column([None if row % 7 == 0 else f"area {code[row] % 3}" for row in range(rows)]),
        "length": np.where(rng.random(rows) < 0.1, np.nan, code + rng.normal(size=rows)),
    }
    y = {"many": held, "number": code + 0.1 * rng.normal(size=rows)}.get(kind, code.astype(np.int64))
    return Rows(x, y, None, np.arange(rows))


def make_text_fold(rows: int, kind: str, seed: int = 0, script: str = "latin") -> tuple[Fold, Array]:
    """A fold of generated texts (70 % train, 10 % stop, 20 % held) and the held-out targets."""
    every = make_text_rows(rows, kind, seed, script)
    a, b = int(0.7 * rows), int(0.8 * rows)
    index = np.arange(rows)
    held = some(every, index[b:])
    return Fold(0, some(every, index[:a]), some(every, index[a:b]), held.x, held.index), held.y
