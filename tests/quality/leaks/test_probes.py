"""Each probe by itself: what it is for is found, and what looks like it and is honest is not."""

from typing import Any

import numpy as np
import pytest
from tests.data._make import DAY, classes, numbers, with_table

from smeaton import plugins
from smeaton.data.dataset import Dataset
from smeaton.data.split import split_test
from smeaton.quality.leaks import Case, Finding, fewest_others, halves
from smeaton.quality.probe import probe
from smeaton.task.table import object_column
from smeaton.task.types import Type

ROWS = 1_200
HOUR = np.timedelta64(1, "h")


def made(dataset: Dataset, **columns: Any) -> Dataset:
    rng = np.random.default_rng(5)
    table: dict[str, Any] = {f"x{place}": rng.normal(size=len(dataset.target)) for place in range(3)}
    for name, column in columns.items():
        table[name] = column if isinstance(column, np.ndarray) else object_column(column)
    kinds = {"f": "number", "i": "integer", "M": "timestamp", "O": "category"}
    types = {name: Type(type=kinds[column.dtype.kind]) for name, column in table.items()}  # type: ignore[arg-type]
    return with_table(dataset, table, types)


def looked(name: str, dataset: Dataset) -> tuple[list[Finding], list[str]]:
    train, test = split_test(dataset, 0)
    case = Case(dataset, train, test)
    return list(plugins.load("leaks", name).look(case)), case.notes


def columns_of(found: list[Finding]) -> set[str]:
    return {name for one in found for name in one.columns}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_every_part_is_a_probe() -> None:
    names = plugins.names("leaks")
    assert {"value", "missing", "written", "means", "ahead", "pair", "total", "order", "groups", "copies"} <= set(names)
    assert all(callable(plugins.load("leaks", name).look) for name in names)


def test_gaps_that_follow_the_outcome(rng: np.random.Generator) -> None:
    y = rng.integers(0, 2, ROWS)
    after = np.where(rng.random(ROWS) < np.where(y == 1, 0.97, 0.02), rng.normal(size=ROWS), np.nan)
    asked = np.where(rng.random(ROWS) < np.where(y == 1, 0.8, 0.3), rng.normal(size=ROWS), np.nan)
    assert columns_of(looked("missing", made(classes(y), after=after, asked=asked))[0]) == {"after"}


WRITTEN = {
    "first letter": lambda y, n: [f"{'KR'[c]}{one:05}" for c, one in zip(y, n, strict=True)],
    "last letter": lambda y, n: [f"{one:05}{'pq'[c]}" for c, one in zip(y, n, strict=True)],
    "a word": lambda y, n: [f"wrote {one} {'stays' if c else 'goes'} {one % 7}" for c, one in zip(y, n, strict=True)],
    "the label": lambda y, n: [f"{one} about {one % 91}, [l{c}0] {one}" for c, one in zip(y, n, strict=True)],
    "the number": lambda y, n: [f"no {one}, {c * 500 + one % 400} days" for c, one in zip(y, n, strict=True)],
    "decimals": lambda y, n: np.round(n / 97, 2) + y * 0.0004,
    "the second": lambda y, n: DAY + n * HOUR + y.astype("timedelta64[s]"),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_ways_of_writing_that_tell(how: str, rng: np.random.Generator) -> None:
    y, n = rng.integers(0, 2, ROWS), rng.integers(0, 90_000, ROWS)
    assert columns_of(looked("written", made(classes(y), odd=WRITTEN[how](y, n)))[0]) == {"odd"}
    other = rng.integers(0, 2, ROWS)
    assert looked("written", made(classes(y), odd=WRITTEN[how](other, n)))[0] == []


def test_a_number_written_in_a_text(rng: np.random.Generator) -> None:
    y = np.round(rng.normal(size=ROWS) * 100, 1) + 500
    texts = [f"customer {rng.integers(0, 9_999)} paid {value}" for value in y]
    assert columns_of(looked("written", made(numbers(y), note=texts))[0]) == {"note"}


@pytest.mark.parametrize("number", [True, False])
def test_means_of_the_target(number: bool, rng: np.random.Generator) -> None:
    client = rng.integers(0, ROWS // 6, ROWS)
    y = rng.normal(size=ROWS) + rng.normal(size=ROWS // 6)[client] if number else rng.integers(0, 2, ROWS)
    total, count = np.bincount(client, weights=y), np.bincount(client)
    dataset = numbers(y) if number else classes(y)
    own = (total / np.maximum(count, 1))[client]
    drawn = ((total + 5 * y.mean()) / (count + 5))[client]
    others = np.where(count[client] > 1, (total[client] - y) / np.maximum(count[client] - 1, 1), y.mean())
    past = np.round(rng.normal(size=ROWS // 6)[client], 1)
    found = looked("means", made(dataset, client=client, own=own, drawn=drawn, others=others, past=past))[0]
    assert columns_of(found) == {"own", "drawn", "others"}
    assert columns_of(looked("means", made(dataset, own=own))[0]) == {"own"}  # without the key


def test_honest_means_stray(rng: np.random.Generator) -> None:
    effect = rng.uniform(0.1, 0.9, 60)
    client = rng.integers(0, 60, ROWS)
    y = (rng.random(ROWS) < effect[client]).astype(np.int64)
    known = effect[client]  # the very chance of each client, better than any mean
    assert looked("means", made(classes(y), client=client, known=known))[0] == []


def test_a_rare_label_found_where_values_repeat(rng: np.random.Generator) -> None:
    """Small leaves share their lengths, large ones hardly do; a species of small leaves strays among these alone."""
    small = rng.random(ROWS) < 0.2
    length = np.where(small, rng.integers(40, 80, ROWS), rng.integers(200, 3_000, ROWS)).astype(float)
    rare = small & (rng.random(ROWS) < 0.5)
    dataset = classes(np.where(rare, 1, 0))
    assert rare.sum() > 50
    assert looked("means", made(dataset, length=length))[0] == []
    mean = {value: float(rare[length == value].mean()) for value in np.unique(length)}
    told = np.array([mean[value] for value in length]) * 3 + 1
    assert columns_of(looked("means", made(dataset, length=length, told=told))[0]) == {"told"}


def test_what_is_made_of_later_rows(rng: np.random.Generator) -> None:
    y = np.cumsum(rng.normal(size=ROWS)) + 10 * np.sin(np.arange(ROWS) / 5)
    around = np.convolve(y, np.ones(5) / 5, "same")
    rest = y[::-1].cumsum()[::-1] - y
    past = np.concatenate([[np.nan], y[:-1]])
    week = np.convolve(np.concatenate([np.zeros(7), y]), np.ones(7) / 7, "valid")[:ROWS]
    trend = np.arange(ROWS) * 1.0
    season = np.sin(np.arange(ROWS) / 5)
    moments = DAY + np.arange(ROWS) * HOUR
    dataset = numbers(y, time=moments)
    found = looked("ahead", made(dataset, next=np.roll(y, -1), around=around, rest=rest, past=past, week=week,
                                 trend=trend, season=season))[0]  # fmt: skip
    assert columns_of(found) == {"next", "around", "rest"}
    assert looked("ahead", made(numbers(y), next=np.roll(y, -1)))[0] == []  # no time, no future


def test_later_rows_of_each_shop_without_a_group(rng: np.random.Generator) -> None:
    y = np.cumsum(rng.normal(size=(10, 120)), axis=1)
    shop = np.repeat(np.arange(10) * 3, 120)
    moments = np.tile(DAY + np.arange(120) * HOUR, 10)
    ahead = np.roll(y, -1, axis=1).ravel()
    found = looked("ahead", made(numbers(y.ravel(), time=moments), shop=shop, ahead=ahead))[0]
    assert columns_of(found) == {"ahead"}


def test_a_difference_of_two_columns(rng: np.random.Generator) -> None:
    y = rng.integers(0, 2, ROWS)
    start = DAY + rng.integers(0, 20_000, ROWS) * HOUR
    end = start + np.where(y == 1, rng.integers(900, 2_000, ROWS), rng.integers(0, 850, ROWS)) * HOUR
    honest = start + np.round(rng.exponential(500, ROWS) * (1 + y)).astype(int) * HOUR
    assert columns_of(looked("pair", made(classes(y), start=start, end=end))[0]) == {"start", "end"}
    assert looked("pair", made(classes(y), start=start, end=honest))[0] == []
    home = rng.poisson(40, ROWS)
    away = home + np.where(y == 1, -1, 1) * rng.integers(1, 4, ROWS)
    assert columns_of(looked("pair", made(classes(y), home=home, away=away))[0]) == {"home", "away"}


def test_sums_and_products(rng: np.random.Generator) -> None:
    price, cost, count = (np.round(rng.lognormal(3, 0.5, ROWS), 2) for _ in range(3))
    assert columns_of(looked("total", made(numbers(price - cost), price=price, cost=cost))[0]) == {"price", "cost"}
    assert columns_of(looked("total", made(numbers(price * count), price=price, count=count))[0]) == {"price", "count"}
    measured = price * count * np.exp(rng.normal(size=ROWS) * 0.02)
    assert looked("total", made(numbers(measured), price=price, count=count))[0] == []


def test_ids_and_files_in_order_of_the_outcome(rng: np.random.Generator) -> None:
    y = np.sort(rng.integers(0, 2, ROWS))
    place = np.arange(ROWS)
    written = DAY + np.cumsum(rng.integers(1, 50, ROWS)) * HOUR
    assert columns_of(looked("order", made(classes(y), written=written))[0]) == {"written"}
    found, notes = looked("order", made(classes(y)))
    assert found == []
    assert "sorted by the target" in notes[0]
    mixed = rng.permutation(ROWS)
    number = np.argsort(np.argsort(y + rng.normal(size=ROWS) * 0.3))
    assert columns_of(looked("order", made(classes(y[mixed]), ref=number[mixed]))[0]) == {"ref"}
    assert looked("order", made(classes(y[mixed]), ref=rng.permutation(ROWS)))[0] == []
    assert looked("order", made(classes(y, time=DAY + place * HOUR)))[0] == []


def test_things_on_both_sides(rng: np.random.Generator) -> None:
    patient = rng.integers(0, 200, ROWS)
    sick = rng.random(200) < 0.4
    y = np.where(rng.random(ROWS) < 0.05, ~sick[patient], sick[patient]).astype(np.int64)
    number = rng.permutation(900)[:200][patient]
    code = [f"P{one:04}" for one in number]
    words = [f"{'abcdefgh'[one % 8] * 3} {'klmnopqrst'[one // 8 % 10]} {'uvwxyzabcdef'[one // 80]}" for one in number]
    assert columns_of(looked("groups", made(classes(y), patient=number))[0]) == {"patient"}
    assert columns_of(looked("groups", made(classes(y), code=code))[0]) == {"code"}
    found, notes = looked("groups", made(classes(y), model=words))
    assert found == []
    assert "'model'" in notes[0]
    assert looked("groups", made(classes(y, group=patient), patient=number))[0] == []
    age = rng.integers(0, 200, ROWS)
    smooth = np.sin(age / 30) + rng.normal(size=ROWS) * 0.2
    assert looked("groups", made(numbers(smooth), age=age)) == ([], [])


def test_near_copies_in_the_test(rng: np.random.Generator) -> None:
    again = np.concatenate([np.arange(ROWS), np.arange(ROWS // 4)])
    mixed = rng.permutation(len(again))
    y = rng.integers(0, 2, ROWS)[again]
    x, z = rng.normal(size=ROWS)[again], rng.lognormal(size=ROWS)[again]
    x[ROWS:] *= 1.0005
    name = [f"thing {one}" for one in rng.integers(0, 500, ROWS)[again]]
    name[ROWS:] = [one.upper() + "." for one in name[ROWS:]]
    columns = {"a": x[mixed], "b": z[mixed], "name": object_column([name[place] for place in mixed])}
    types = {"a": Type(type="number"), "b": Type(type="number"), "name": Type(type="category")}
    dataset = with_table(classes(y[mixed]), columns, types)
    train, test = split_test(dataset, 0)
    [suspect] = probe(dataset, train, test)[0]
    assert suspect.kind == "copies"
    assert "near-copies" in suspect.why
    assert "(row " in suspect.why
    held = with_table(classes(y[mixed], time=DAY + np.arange(len(mixed)) * HOUR), columns, types)
    suspects, notes = probe(held, *split_test(held, 0))
    assert [one for one in suspects if one.kind == "copies"] == []
    assert any("near-copies" in note for note in notes)


def test_a_coordinate_of_a_vector(rng: np.random.Generator) -> None:
    y = rng.integers(0, 2, ROWS)
    vector = rng.normal(size=(ROWS, 50)).astype(np.float32)
    table = {"v": vector.copy(), "x": rng.normal(size=ROWS)}
    types = {"v": Type(type="vector", form="50"), "x": Type(type="number")}
    assert looked("value", with_table(classes(y), table, types))[0] == []
    table["v"][:, 31] = y * 4 + rng.normal(size=ROWS) * 0.2
    assert columns_of(looked("value", with_table(classes(y), table, types))[0]) == {"v"}


def test_halves_and_evidence() -> None:
    assert halves(5).tolist() == [True, True, False, False, False]
    assert fewest_others(np.array([0, 0, 1, 0, 0, 0]), halves(6)) == 0
