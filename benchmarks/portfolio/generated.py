"""Generated tables for the portfolio: each has one difficulty that real tables have and the bundled ones lack."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Make = Callable[[int, np.random.Generator], pd.DataFrame]


@dataclass(frozen=True)
class Made:
    """How a table is made, and at which sizes it is used."""

    make: Make
    sizes: tuple[int, ...]


def make(name: str, rows: int) -> pd.DataFrame:
    """A table with so many rows; its target is `y`. The same name and rows give the same table."""
    seed = sum(ord(letter) * (place + 1) for place, letter in enumerate(name))
    return TABLES[name].make(rows, np.random.default_rng([seed, 41]))


def _numbers(rng: np.random.Generator, rows: int, count: int) -> pd.DataFrame:
    return pd.DataFrame(rng.normal(size=(rows, count)), columns=[f"x{place}" for place in range(count)])


def _coin(score: Array, rng: np.random.Generator) -> list[str]:
    return ["yes" if hit else "no" for hit in rng.random(len(score)) < 1 / (1 + np.exp(-score))]


def _smooth(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """A number that bends smoothly: networks and curves are at home."""
    table = _numbers(rng, rows, 8)
    bent = np.sin(1.5 * table.x0 + table.x1) + 0.5 * table.x2 * table.x3 + 0.3 * table.x4**2
    return table.assign(y=bent + 0.3 * rng.normal(size=rows))


def _steps(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """A number of thresholds and interactions among noise columns: trees are at home."""
    table = _numbers(rng, rows, 20)
    told = 2.0 * (table.x0 > 0.3) * (table.x1 > 0) + 1.5 * (table.x2 > 1) - (table.x3 > -0.5) * (table.x4 > 0.5)
    return table.assign(y=told + 0.5 * rng.normal(size=rows))


def _straight(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """A chance that is linear in many weak columns."""
    table = _numbers(rng, rows, 40)
    return table.assign(y=_coin(table.to_numpy() @ rng.normal(scale=0.35, size=40), rng))


def _shops(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """A skewed number that depends on one of 300 shops, the day, and a ratio."""
    shop = rng.zipf(1.3, rows) % 300
    effect = rng.normal(scale=0.6, size=300)[shop]
    day = rng.integers(0, 900, rows)
    price, size = np.exp(rng.normal(size=rows)), np.exp(rng.normal(size=rows))
    spent = np.exp(effect + 0.6 * np.log(price / size) + 0.4 * np.sin(day / 58) + 0.4 * rng.normal(size=rows))
    moment = pd.Timestamp("2021-01-01") + pd.to_timedelta(day, unit="D")
    return pd.DataFrame(
        {"shop": [f"s{code}" for code in shop], "day": moment, "price": price, "size": size, "y": spent}
    )


def _crossed(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Two classes told by a crossing of two categories, with columns missing."""
    one, other, third = rng.integers(0, 12, rows), rng.integers(0, 10, rows), rng.integers(0, 30, rows)
    table = _numbers(rng, rows, 4)
    score = rng.normal(scale=1.6, size=(12, 10))[one, other] + 0.5 * table.x0
    table = table.mask(rng.random(table.shape) < 0.2)
    named = {"one": one, "other": other, "third": third}
    return table.assign(**{name: [f"{name} {c}" for c in codes] for name, codes in named.items()}, y=_coin(score, rng))


def _rare(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Two classes, one of them in about 3 % of the rows."""
    table = _numbers(rng, rows, 12)
    return table.assign(y=_coin(-4.6 + table.x0 + 0.8 * table.x1 * table.x2 + (table.x3 > 1), rng))


def _clouds(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Thirty classes as clouds of points, neighbours overlapping."""
    code = rng.integers(0, 30, rows)
    spots = rng.normal(scale=1.6, size=(30, 10))[code] + rng.normal(size=(rows, 10))
    table = pd.DataFrame(spots, columns=[f"x{place}" for place in range(10)])
    return table.assign(y=[f"c{number}" for number in code])


def _wide(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Three classes, 150 columns of which a dozen tell."""
    table = _numbers(rng, rows, 150)
    scores = table.to_numpy()[:, :12] @ rng.normal(scale=0.7, size=(12, 3)) + rng.gumbel(size=(rows, 3))
    scores[:, 0] += 1.5 * np.abs(table.x12)
    return table.assign(y=[f"c{code}" for code in scores.argmax(axis=1)])


def _orders(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Four classes told by words of a text and a number."""
    words = [f"w{place}" for place in range(200)]
    code = rng.integers(0, 4, rows)
    told = [[words[8 * c + rng.integers(0, 8)]] if rng.random() < 0.7 else [] for c in code]
    text = [" ".join([*own, *(words[40 + place] for place in rng.integers(0, 160, 9))]) for own in told]
    table = _numbers(rng, rows, 3)
    table["x0"] += 0.7 * code
    return table.assign(note=text, y=[f"c{number}" for number in code])


def _waits(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """A number told by the difference of two dates and by counts, with heavy tails."""
    sent = rng.integers(0, 500, rows)
    gap = rng.exponential(6, rows).astype(int)
    items, rate = rng.poisson(3, rows), rng.choice(["slow", "fast", "other"], rows)
    cost = 2.0 * gap + items * np.where(rate == "slow", 3.0, 1.0) + rng.standard_t(3, rows)
    first = pd.Timestamp("2022-03-01") + pd.to_timedelta(sent, unit="D")
    last = first + pd.to_timedelta(gap, unit="D")
    return pd.DataFrame({"sent": first, "received": last, "items": items, "rate": rate, "y": cost})


TABLES: Mapping[str, Made] = {
    "smooth": Made(_smooth, (800, 8000)),
    "steps": Made(_steps, (2500,)),
    "straight": Made(_straight, (1200,)),
    "shops": Made(_shops, (3000, 12_000)),
    "crossed": Made(_crossed, (2500, 10_000)),
    "rare": Made(_rare, (3000,)),
    "clouds": Made(_clouds, (3000,)),
    "wide": Made(_wide, (1000, 6000)),
    "orders": Made(_orders, (2000,)),
    "waits": Made(_waits, (1500,)),
}
