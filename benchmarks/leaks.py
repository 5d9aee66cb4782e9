"""Leak probes on generated tables: 20 with a planted leak, 20 clean ones.

    python benchmarks/leaks.py                 one table of each kind
    python benchmarks/leaks.py --seed 7        fresh ones: other sizes, targets, strengths
    python benchmarks/leaks.py --cost          seconds on 50,000 rows of 50 columns
    python benchmarks/leaks.py --json

A planted leak counts as found if a suspect names the column (or, where the leak is in the rows, is of the kind). A
clean table raises a false alarm by any suspect. All leaks must be found, with at most one false alarm; exits 1 if not.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smeaton.data.load import load
from smeaton.data.split import split_test
from smeaton.quality.probe import probe
from smeaton.task.table import object_column
from smeaton.task.task import Data, RowRoles, Task
from smeaton.task.types import Type

DAY = np.datetime64("2024-01-01", "us")
HOUR = 3_600_000_000
WORDS = [
    "account",
    "amount",
    "branch",
    "call",
    "card",
    "client",
    "credit",
    "date",
    "delay",
    "desk",
    "email",
    "fee",
    "form",
    "help",
    "item",
    "line",
    "loan",
    "note",
]


@dataclass
class Made:
    """A table with target `y`. `leaks` are the columns that leak, `kind` the kind of suspect where none does."""

    rng: np.random.Generator
    table: dict[str, Any]
    y: np.ndarray
    answer: str
    signal: np.ndarray
    roles: dict[str, Any] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    kind: str = ""

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.y)

    @property
    def hit(self) -> np.ndarray:
        """Half of the rows by the target: class 1, or above the median."""
        return self.y == 1 if self.answer == "class" else self.y > np.median(self.y)

    def order(self, index: np.ndarray) -> None:
        """Take the rows in another order, or other rows."""
        self.table = {name: column[index] for name, column in self.table.items()}
        self.y, self.signal = self.y[index], self.signal[index]


def base(rng: np.random.Generator, answer: str = "", rows: int = 0) -> Made:
    """Honest inputs and a target that follows them with noise: numbers, categories, a moment, some of it missing."""
    rows = rows or int(rng.integers(700, 3_000))
    answer = answer or str(rng.choice(["class", "number"]))
    count = int(rng.integers(3, 8))
    x = rng.normal(size=(rows, count)) @ (np.eye(count) + 0.3 * rng.normal(size=(count, count)))
    levels = rng.normal(size=int(rng.integers(3, 9)))
    kind = rng.integers(0, len(levels), rows)
    signal = x @ rng.normal(size=count) * 0.6 + np.sin(2 * x[:, 0]) + levels[kind]
    signal = (signal - signal.mean()) / signal.std()
    noisy = signal + rng.normal(size=rows) * rng.uniform(0.5, 1.0)
    share = rng.uniform(0.25, 0.6)
    y = (noisy > np.quantile(noisy, 1 - share)).astype(np.int64) if answer == "class" else noisy * 40 + 200
    if answer == "number":
        y = np.round(y, 2)
    table: dict[str, Any] = {f"x{place}": np.round(x[:, place] * 10 ** rng.integers(0, 3), 3) for place in range(count)}
    table["kind"] = object_column([f"kind {'abcdefghij'[code]}" for code in kind])
    table["size"] = object_column(rng.choice(["small", "medium", "large"], rows).tolist())
    table["opened"] = DAY + (rng.integers(0, 700 * 24, rows) * HOUR).astype("timedelta64[us]")
    gaps = rng.random(rows) < 0.08
    table["x1"] = np.where(gaps, np.nan, table["x1"])
    return Made(rng, table, y, answer, signal)


def leak(made: Made, column: Any, name: str = "extra") -> Made:
    """With the leaking column in a place of its own."""
    names = list(made.table)
    place = int(made.rng.integers(0, len(names) + 1))
    items = [(one, made.table[one]) for one in names]
    made.table = dict([*items[:place], (name, column), *items[place:]])
    made.leaks = (*made.leaks, name)
    return made


def series(rng: np.random.Generator, groups: int = 0) -> Made:
    """Rows with a time, and targets that follow those before them."""
    count = groups or 1
    length = int(rng.integers(60, 110)) if groups else int(rng.integers(900, 2_000))
    level = np.zeros((count, length))
    for moment in range(1, length):
        level[:, moment] = 0.7 * level[:, moment - 1] + rng.normal(size=count)
    season = np.sin(np.arange(length) * 2 * np.pi / 7)
    y = np.round(100 + 10 * level + 15 * season + rng.normal(size=(count, length)) * 6, 2)
    made = base(rng, "number", count * length)
    made.y = y.ravel()
    made.signal = level.ravel()
    made.table = {name: column for name, column in made.table.items() if name.startswith("x")}
    made.table["season"] = np.tile(np.round(season, 6), count)
    lag = np.concatenate([np.full((count, 1), np.nan), y[:, :-1]], axis=1)
    made.table["yesterday"] = lag.ravel()
    made.table["week"] = np.stack([_past_mean(row, 7) for row in y]).ravel()
    made.table["when"] = np.tile(DAY + (np.arange(length) * 24 * HOUR).astype("timedelta64[us]"), count)
    made.roles["time"] = "when"
    if groups:
        made.table["shop"] = np.repeat(np.arange(count) + 1, length)
    return made


def _past_mean(row: np.ndarray, width: int) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(row)])
    first = np.maximum(np.arange(len(row)) - width, 0)
    count = np.arange(len(row)) - first
    return np.where(count > 0, (total[np.arange(len(row))] - total[first]) / np.maximum(count, 1), np.nan)


def copy(rng: np.random.Generator) -> Made:
    """The target under another name and in other words."""
    made = base(rng, "class")
    return leak(made, object_column(np.where(made.y == 1, "gone", "here").tolist()))


def near_copy(rng: np.random.Generator) -> Made:
    """A copy with one row in a hundred changed."""
    made = base(rng, "class")
    flip = rng.random(made.rows) < rng.uniform(0.002, 0.01)
    return leak(made, np.where(flip, 1 - made.y, made.y))


def noisy_copy(rng: np.random.Generator) -> Made:
    """A copy with three to six rows in a hundred changed, or a number with an error of a tenth of its spread."""
    made = base(rng)
    if made.answer == "class":
        flip = rng.random(made.rows) < rng.uniform(0.03, 0.05)
        return leak(made, np.where(flip, 1 - made.y, made.y))
    return leak(made, made.y + rng.normal(size=made.rows) * made.y.std() * rng.uniform(0.03, 0.09))


def monotone(rng: np.random.Generator) -> Made:
    """A curve of the target."""
    made = base(rng, "number")
    z = (made.y - made.y.mean()) / made.y.std()
    curve = [np.exp(z), z**3, np.log1p(np.exp(2 * z)), -np.sqrt(z - z.min())][int(rng.integers(0, 4))]
    return leak(made, np.round(curve, 6))


def encoded(rng: np.random.Generator) -> Made:
    """Codes whose first letter is the class."""
    made = base(rng, "class")
    first = np.where(made.y == 1, "K", "R")
    return leak(
        made, object_column([f"{a}{n:05}" for a, n in zip(first, rng.integers(0, 99_999, made.rows), strict=True)])
    )


def many_codes(rng: np.random.Generator) -> Made:
    """Reasons, forty of them, each of one class."""
    made = base(rng, "class")
    reason = rng.integers(0, 20, made.rows) * 2 + made.y
    names = rng.permutation(40)
    return leak(made, object_column([f"reason {names[code]}" for code in reason]))


def mean_by_id(rng: np.random.Generator) -> Made:
    """The mean of the target over the rows of each client, this row among them."""
    made = base(rng)
    client = rng.integers(0, made.rows // int(rng.integers(3, 12)), made.rows)
    total, count = np.bincount(client, weights=made.y), np.bincount(client)
    value = (total / np.maximum(count, 1))[client]
    if rng.random() < 0.5:  # drawn towards the whole
        strength = rng.uniform(2, 20)
        value = ((total + strength * made.y.mean()) / (count + strength))[client]
    made.table["client"] = object_column([f"c{code}" for code in client])
    return leak(made, value)


def mean_of_others(rng: np.random.Generator) -> Made:
    """The mean of the target over the other rows of each client."""
    made = base(rng)
    client = rng.integers(0, made.rows // int(rng.integers(4, 12)), made.rows)
    total, count = np.bincount(client, weights=made.y), np.bincount(client)
    several = count[client] > 1
    value = np.where(several, (total[client] - made.y) / np.maximum(count[client] - 1, 1), made.y.mean())
    made.table["client"] = client + 1_000
    return leak(made, value)


def future_fact(rng: np.random.Generator) -> Made:
    """Days until the client left: known only of those who did, far off for the others."""
    made = base(rng, "class")
    days = np.where(made.y == 1, rng.integers(1, 300, made.rows), rng.integers(366, 999, made.rows))
    return leak(made, days)


def future_mean(rng: np.random.Generator) -> Made:
    """A mean around the row, its next days in it."""
    made = series(rng, int(rng.choice([0, 20])))
    shops = made.table.get("shop", np.zeros(made.rows, dtype=np.int64))
    ahead = int(rng.integers(1, 4))
    first = -ahead if rng.random() < 0.5 else 1
    value = np.full(made.rows, np.nan)
    for shop in np.unique(shops):
        rows = np.flatnonzero(shops == shop)
        y = made.y[rows]
        window = [np.roll(y, -step) for step in range(first, ahead + 1)]
        value[rows] = np.mean(window, axis=0)
    if "shop" in made.table:
        made.roles["group"] = None
    return leak(made, value)


def future_rest(rng: np.random.Generator) -> Made:
    """What is still to come until the end of the record."""
    made = series(rng)
    return leak(made, made.y[::-1].cumsum()[::-1] - made.y)


def straddling(rng: np.random.Generator) -> Made:
    """Visits of patients, whose diagnosis is theirs, dealt to both sides."""
    made = base(rng, "class", 2_000)
    patients = int(rng.integers(250, 600))
    patient = rng.integers(0, patients, made.rows)
    sick = rng.random(patients) < 0.4
    flip = rng.random(made.rows) < rng.uniform(0.02, 0.08)
    made.y = np.where(flip, 1 - sick[patient], sick[patient]).astype(np.int64)
    numbers = rng.permutation(patients * 3)[:patients]
    code = numbers[patient] if rng.random() < 0.5 else object_column([f"P{numbers[one]:05}" for one in patient])
    return leak(made, code, "patient")


def duplicated(rng: np.random.Generator) -> Made:
    """A fifth of the rows stands in the file twice."""
    made = base(rng)
    again = rng.choice(made.rows, made.rows // 5, replace=False)
    made.order(rng.permutation(np.concatenate([np.arange(made.rows), again])))
    made.kind = "copies"
    return made


def nearly_duplicated(rng: np.random.Generator) -> Made:
    """A fifth of the rows stands there twice, typed anew: numbers rounded, words in other case."""
    made = base(rng)
    again = rng.choice(made.rows, made.rows // 5, replace=False)
    first = made.rows
    made.order(np.concatenate([np.arange(made.rows), again]))
    for column in made.table.values():
        if column.dtype.kind == "f":
            scale = 10 ** np.floor(np.log10(np.nanstd(column)) - 2)
            column[first:] = np.round(column[first:] / scale) * scale
        elif column.dtype == object:
            column[first:] = [f" {cell.upper()}." for cell in column[first:]]
    made.order(rng.permutation(made.rows))
    made.kind = "copies"
    return made


def id_order(rng: np.random.Generator) -> Made:
    """Numbers given after the outcome: first those who stayed, then those who left; the file is shuffled."""
    made = base(rng, "class")
    number = np.empty(made.rows, dtype=np.int64)
    number[np.argsort(made.y + rng.normal(size=made.rows) * rng.uniform(0.1, 0.35), kind="stable")] = np.arange(
        made.rows
    )
    return leak(made, number + 5_000, "record")


def file_order(rng: np.random.Generator) -> Made:
    """A file sorted by the target, with the moment at which each row was written."""
    made = base(rng)
    made.order(np.argsort(made.y, kind="stable"))
    steps = np.cumsum(rng.integers(1, 2_000, made.rows)) * 1_000
    return leak(made, DAY + np.timedelta64(900, "D") + steps.astype("timedelta64[us]"), "exported")


def filled_after(rng: np.random.Generator) -> Made:
    """A reason that is filled in only for those who left, nearly always."""
    made = base(rng, "class")
    there = np.where(made.y == 1, rng.random(made.rows) < 0.97, rng.random(made.rows) < 0.02)
    values = rng.choice(["price", "service", "moved"], made.rows).astype(object)
    values[~there] = None
    return leak(made, object_column(values.tolist()))


def text_label(rng: np.random.Generator) -> Made:
    """Notes that say how it ended."""
    made = base(rng, "class")
    said = np.where(made.y == 1, "cancelled", "renewed")
    quiet = rng.random(made.rows) < rng.uniform(0, 0.005)
    texts = [
        " ".join([*rng.choice(WORDS, 6), "" if q else f"[status: {word}]", *rng.choice(WORDS, 4)])
        for word, q in zip(said, quiet, strict=True)
    ]
    return leak(made, object_column(texts), "notes")


def touched_after(rng: np.random.Generator) -> Made:
    """When the record was touched last: months after it was opened for those who left, soon for the others."""
    made = base(rng, "class")
    days = np.where(made.y == 1, rng.integers(60, 200, made.rows), rng.integers(0, 57, made.rows))
    return leak(made, made.table["opened"] + (days * 24 * HOUR).astype("timedelta64[us]"), "touched")


def parts_of_it(rng: np.random.Generator) -> Made:
    """What the target is made of: price and cost of a margin."""
    made = base(rng, "number")
    cost = np.round(rng.lognormal(5, 0.6, made.rows), 2)
    leak(made, cost, "cost")
    return leak(made, np.round(cost + made.y, 2), "price")


LEAKS: tuple[Callable[[np.random.Generator], Made], ...] = (
    copy, near_copy, noisy_copy, monotone, encoded, many_codes, mean_by_id, mean_of_others, future_fact, future_mean,
    future_rest, straddling, duplicated, nearly_duplicated, id_order, file_order, filled_after, text_label,
    touched_after, parts_of_it,
)  # fmt: skip


def plain_class(rng: np.random.Generator) -> Made:
    """Two classes, nothing special."""
    return base(rng, "class")


def plain_number(rng: np.random.Generator) -> Made:
    """A number, nothing special."""
    return base(rng, "number")


def strong_class(rng: np.random.Generator) -> Made:
    """A score with an AUC of about 0.95."""
    made = base(rng, "class")
    made.table["score"] = np.round(made.y * 2.4 + rng.normal(size=made.rows), 3)
    return made


def strong_number(rng: np.random.Generator) -> Made:
    """A measure with an R2 of 0.9 to 0.97."""
    made = base(rng, "number")
    made.table["area"] = np.round(made.y + rng.normal(size=made.rows) * made.y.std() * rng.uniform(0.18, 0.33), 1)
    return made


def law_with_noise(rng: np.random.Generator) -> Made:
    """A law of nature, measured with an error of one to five in a hundred."""
    made = base(rng, "number")
    mass, speed = rng.lognormal(1, 0.5, made.rows), rng.uniform(1, 9, made.rows)
    made.table |= {"mass": np.round(mass, 3), "speed": np.round(speed, 3)}
    made.y = np.round(mass * speed**2 / 2 * np.exp(rng.normal(size=made.rows) * rng.uniform(0.01, 0.05)), 3)
    return made


def easy(rng: np.random.Generator) -> Made:
    """Three kinds that several measures tell apart nearly always."""
    made = base(rng, "class")
    made.y = rng.integers(0, 3, made.rows)
    for place in range(4):
        made.table[f"petal{place}"] = np.round(made.y * rng.uniform(3, 5) + rng.normal(size=made.rows), 2)
    return made


def many_ids(rng: np.random.Generator) -> Made:
    """Customers in numbers and codes without a say, each in a few rows."""
    made = base(rng)
    made.table["customer"] = rng.integers(10_000, 10_000 + made.rows // 3, made.rows)
    made.table["device"] = object_column([f"D{one:06}" for one in rng.integers(0, made.rows // 4, made.rows)])
    return made


def car_models(rng: np.random.Generator) -> Made:
    """Names of hundreds of models, which tell half and more of the price."""
    made = base(rng, "number")
    models = made.rows // 12
    level = rng.normal(size=models)
    model = rng.integers(0, models, made.rows)
    names = [" ".join(rng.choice(WORDS, 2)) + " " + "abcdefghij"[int(rng.integers(0, 10))] for _ in range(models)]
    made.table["model"] = object_column([names[one] for one in model])
    made.y = np.round(made.y + level[model] * made.y.std() * 1.3, 2)
    return made


def towns(rng: np.random.Generator) -> Made:
    """Postal codes whose neighbours are alike."""
    made = base(rng, "number")
    code = rng.integers(0, 300, made.rows)
    level = np.cumsum(rng.normal(size=300)) / 5
    made.table["postcode"] = 10_000 + code * 7
    made.y = np.round(made.y + level[code] * made.y.std(), 2)
    return made


def grouped(rng: np.random.Generator) -> Made:
    """Visits of patients, and the task says so."""
    made = straddling(rng)
    made.leaks = ()
    made.roles["group"] = "patient"
    return made


def timed(rng: np.random.Generator) -> Made:
    """A series with a season, what was yesterday, and the mean of the week before."""
    return series(rng)


def timed_groups(rng: np.random.Generator) -> Made:
    """The same of many shops."""
    return series(rng, 20)


def drifting(rng: np.random.Generator) -> Made:
    """A table by time whose target rises slowly."""
    made = base(rng, "number")
    made.table["when"] = np.sort(made.table.pop("opened"))
    made.roles["time"] = "when"
    made.y = np.round(made.y + np.linspace(0, 2, made.rows) * made.y.std(), 2)
    return made


def asked_of_some(rng: np.random.Generator) -> Made:
    """A value taken more often of the ill, as doctors do."""
    made = base(rng, "class")
    taken = rng.random(made.rows) < np.where(made.y == 1, 0.85, 0.25)
    made.table["blood"] = np.where(taken, np.round(rng.normal(size=made.rows) + made.y, 2), np.nan)
    return made


def small_world(rng: np.random.Generator) -> Made:
    """Answers to a few questions: many rows are alike, by nature."""
    made = base(rng, "class")
    asked = {f"q{place}": rng.integers(1, 4, made.rows) for place in range(5)}
    made.table = {**asked, "sex": object_column(rng.choice(["f", "m"], made.rows).tolist())}
    noisy = asked["q0"] + asked["q1"] + rng.normal(size=made.rows)
    made.y = (noisy > np.median(noisy)).astype(np.int64)
    return made


def correlated_world(rng: np.random.Generator) -> Made:
    """Ten measures of one rounded thing: rows are alike because the columns are."""
    made = base(rng)
    thing = rng.integers(0, 60, made.rows)
    made.table = {f"m{place}": thing * (place + 1) + (rng.random(made.rows) < 0.05) for place in range(10)}
    noisy = thing + rng.normal(size=made.rows) * 15
    made.y = (noisy > np.median(noisy)).astype(np.int64) if made.answer == "class" else np.round(noisy, 1)
    return made


def honest_text(rng: np.random.Generator) -> Made:
    """Texts whose words lean to a class."""
    made = base(rng, "class")
    pools = [WORDS[:12], WORDS[6:]]
    texts = [" ".join(rng.choice(pools[code], 9)) for code in made.y]
    made.table["notes"] = object_column(texts)
    return made


def honest_means(rng: np.random.Generator) -> Made:
    """Means of the target over older rows of each client, as a good pipeline takes them."""
    made = base(rng)
    clients = made.rows // 8
    effect = rng.normal(size=clients) * 0.5
    client = rng.integers(0, clients, made.rows)
    old = rng.integers(0, clients, made.rows)
    spread = made.y.std()
    if made.answer == "number":
        made.y = np.round(made.y + effect[client] * spread, 2)
        past = effect[old] * spread + rng.normal(size=made.rows) * spread + made.y.mean()
    else:
        past = (rng.random(made.rows) < 1 / (1 + np.exp(-effect[old]))).astype(float)
    count = np.bincount(old, minlength=clients)
    means = np.bincount(old, weights=past, minlength=clients) / np.maximum(count, 1)
    made.table["past"] = means[client]
    made.table["client"] = object_column([f"c{code}" for code in client])
    return made


def rare(rng: np.random.Generator) -> Made:
    """One row in fifty is of the class, and a flag that is right half of the time."""
    made = base(rng, "class", 3_000)
    made.y = (rng.random(made.rows) < 0.02 + 0.03 * (made.signal > 1)).astype(np.int64)
    made.table["flag"] = np.where(made.y == 1, rng.random(made.rows) < 0.6, rng.random(made.rows) < 0.01).astype(
        np.int64
    )
    return made


def two_moments(rng: np.random.Generator) -> Made:
    """An end after a start, and the time between tells something."""
    made = base(rng, "class")
    hours = np.round(rng.exponential(50, made.rows) * (1 + made.y)).astype(np.int64) + 1
    made.table["closed"] = made.table["opened"] + (hours * HOUR).astype("timedelta64[us]")
    return made


CLEAN: tuple[Callable[[np.random.Generator], Made], ...] = (
    plain_class, plain_number, strong_class, strong_number, law_with_noise, easy, many_ids, car_models, towns, grouped,
    timed, timed_groups, drifting, asked_of_some, small_world, correlated_world, honest_text, honest_means, rare,
    two_moments,
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What the probes said of one table."""

    name: str
    planted: bool
    right: bool
    said: tuple[str, ...]
    seconds: float
    rows: int


def judge(make: Callable[[np.random.Generator], Made], planted: bool, seed: int) -> Result:
    """Make a table, read it as a build does, probe it."""
    made = make(np.random.default_rng([seed, *make.__name__.encode()]))
    words = np.array(["renewed", "cancelled", "moved"], dtype=object)
    target = words[made.y] if made.answer == "class" else made.y
    roles = {name: column for name, column in made.roles.items() if column}
    kind = Type(type="category") if made.answer == "class" else Type(type="number")
    task = Task(data=Data(), output={"target": kind}, rows=RowRoles(**roles))
    dataset = load(task, {**made.table, "target": target})
    train, test = split_test(dataset, seed)
    start = time.perf_counter()
    suspects, _ = probe(dataset, train, test)
    seconds = time.perf_counter() - start
    said = tuple(f"{one.kind}: {', '.join(one.columns) or 'rows'}" for one in suspects)
    named = {column for one in suspects for column in one.columns}
    if planted:
        right = bool(named & set(made.leaks)) if made.leaks else any(one.kind == made.kind for one in suspects)
    else:
        right = not suspects
    return Result(make.__name__, planted, right, said, seconds, made.rows)


def results(seed: int) -> Iterator[Result]:
    """All tables of one seed."""
    for planted, kinds in ((True, LEAKS), (False, CLEAN)):
        for make in kinds:
            yield judge(make, planted, seed)


def cost() -> float:
    """Seconds of processor time on 50,000 rows of 50 columns."""
    rng = np.random.default_rng(0)
    rows = 50_000
    made = base(rng, "class", rows)
    while len(made.table) < 50:
        place = len(made.table)
        made.table[f"n{place}"] = rng.normal(size=rows)
        made.table[f"c{place}"] = object_column(rng.choice(WORDS, rows).tolist())
    words = np.array(["renewed", "cancelled"], dtype=object)
    dataset = load(Task(data=Data(), output={"target": Type(type="category")}), {**made.table, "target": words[made.y]})
    train, test = split_test(dataset, 0)
    start = time.process_time()
    probe(dataset, train, test)
    return time.process_time() - start


def main() -> int:
    """Print the table, and whether the bounds are held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds from there on")
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.cost:
        print(f"50,000 rows x 50 columns: {cost():.2f} s of processor time")
        return 0
    found = [one for seed in range(args.seed, args.seed + args.seeds) for one in results(seed)]
    missed = [one for one in found if one.planted and not one.right]
    alarms = [one for one in found if not one.planted and not one.right]
    planted = sum(one.planted for one in found)
    summary = {"leaks": planted, "found": planted - len(missed), "clean": len(found) - planted, "alarms": len(alarms)}
    if args.json:
        print(json.dumps({**summary, "tables": [vars(one) for one in found]}))
    else:
        for one in found:
            verdict = "ok " if one.right else "BAD"
            print(f"{verdict} {'leak ' if one.planted else 'clean'} {one.name:18} {one.rows:6} {one.seconds:5.2f}s "
                  f"{'; '.join(one.said)}")  # fmt: skip
        print(
            f"{summary['found']} of {planted} leaks found, {len(alarms)} of {summary['clean']} clean tables suspected"
        )
    return int(bool(missed) or len(alarms) > args.seeds)


if __name__ == "__main__":
    sys.exit(main())
