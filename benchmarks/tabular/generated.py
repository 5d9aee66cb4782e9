"""Hard tables made from a seed: each holds one thing that plain boosting or a hasty AutoML gets wrong.

Every generator returns a frame and the name of its target. The same version of numpy gives the same table everywhere;
numbers are rounded, so that the CSV file says exactly what was generated.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]
Made = tuple[pd.DataFrame, str]

SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "ar", "en", "il")]


def sigmoid(score: Array) -> Array:
    """Probabilities of log-odds."""
    return 1.0 / (1.0 + np.exp(-score))


def named(values: Array, prefix: str) -> Array:
    """Codes as names, such as `city_017`."""
    width = len(str(int(values.max())))
    return np.array([f"{prefix}_{int(value):0{width}d}" for value in values], dtype=object)


def words(rng: np.random.Generator, count: int) -> list[str]:
    """Different made-up words."""
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(SYLLABLES, rng.integers(2, 5)))] = None
    return list(found)


def rare(rng: np.random.Generator) -> Made:
    """20,000 rows of which about 1 % are fraud: two interactions, four kinds of merchant, much noise."""
    rows = 20_000
    amount = np.exp(rng.normal(3.5, 1.2, rows))
    hour = rng.integers(0, 24, rows)
    merchant = rng.integers(0, 40, rows)
    age = rng.exponential(400, rows)
    noise = rng.normal(size=(rows, 12))
    distance = np.abs(rng.standard_t(3, rows)) * 10
    score = -6.2 + 1.1 * (np.log(amount) - 3.5) * (hour < 6) + 1.8 * (merchant % 10 == 3)
    score += 1.5 * (age < 60) + 0.9 * np.minimum(distance / 20, 3) * (age < 200) + 0.5 * noise[:, 0]
    frame = pd.DataFrame(noise.round(3), columns=[f"v{place}" for place in range(12)])
    frame["amount"], frame["hour"], frame["merchant"] = amount.round(2), hour, named(merchant, "merchant")
    frame["account_days"], frame["distance"] = age.round(0).astype(int), distance.round(2)
    frame["fraud"] = np.where(rng.random(rows) < sigmoid(score), "yes", "no")
    return frame, "fraud"


def classes(rng: np.random.Generator) -> Made:
    """12,000 rows of 120 classes of uneven size: each class a centre in 10 of 24 columns, and a taste for brands."""
    rows, many, columns = 12_000, 120, 24
    share = rng.dirichlet(np.full(many, 3.0))
    own = rng.choice(many, rows, p=share)
    centre = rng.normal(0, 1.3, (many, columns)) * (np.arange(columns) < 10)
    values = centre[own] + rng.normal(0, 1.0, (rows, columns))
    taste = rng.dirichlet(np.full(15, 0.3), many)
    brand = np.array([rng.choice(15, p=taste[one]) for one in own])
    frame = pd.DataFrame(values.round(3), columns=[f"m{place}" for place in range(columns)])
    frame["brand"], frame["kind"] = named(brand, "brand"), named(own, "kind")
    return frame, "kind"


def ids(rng: np.random.Generator) -> Made:
    """20,000 rows with 5,000 customers, each with an effect of its own, and 300 postcodes whose effects are smooth."""
    rows, many = 20_000, 5_000
    popularity = rng.gamma(0.8, 1.0, many)
    customer = rng.choice(many, rows, p=popularity / popularity.sum())
    effect = rng.normal(0, 1.5, many)
    post = rng.integers(0, 300, rows)
    height = np.sin(np.arange(300) / 17.0) * 1.2 + rng.normal(0, 0.3, 300)
    values = rng.normal(size=(rows, 6))
    target = effect[customer] + height[post] + 0.8 * values[:, 0] - 0.6 * values[:, 1] * (values[:, 2] > 0)
    frame = pd.DataFrame(values.round(3), columns=[f"x{place}" for place in range(6)])
    frame["customer"], frame["postcode"] = named(customer * 7 + 13, "c"), (10_000 + post * 31).astype(str)
    frame["spend"] = (20 + 4 * (target + rng.normal(0, 1.0, rows))).round(2)
    return frame, "spend"


def missing(rng: np.random.Generator) -> Made:
    """8,000 rows, a fifth of all cells missing, the more so the larger the value or the likelier the class."""
    rows, columns = 8_000, 16
    mixing = rng.normal(0, 0.5, (5, columns))
    values = rng.normal(size=(rows, 5)) @ mixing + rng.normal(0, 0.8, (rows, columns))
    score = 1.2 * values[:, 0] - values[:, 1] + 0.9 * values[:, 2] * values[:, 3] + np.abs(values[:, 4]) - 0.8
    group = rng.integers(0, 5, rows)
    label = rng.random(rows) < sigmoid(score + 0.7 * (group == 2))
    pull = np.where(np.arange(columns) % 2 == 0, 0.9 * values, 0.5 * label[:, None])
    gone = rng.random(values.shape) < sigmoid(pull - 1.75)
    frame = pd.DataFrame(np.where(gone, np.nan, values.round(3)), columns=[f"f{place}" for place in range(columns)])
    site = named(group, "site").astype(object)
    site[rng.random(rows) < np.where(label, 0.28, 0.12)] = None
    frame["site"], frame["sick"] = site, np.where(label, "sick", "well")
    return frame, "sick"


def texts(rng: np.random.Generator) -> Made:
    """4,000 rows with a note of 6 to 25 words; about 60 of 1,500 words carry the class, some only beside a channel."""
    rows = 4_000
    known = words(rng, 1_500)
    common = 1.0 / np.arange(1, 1_501) ** 0.9
    common /= common.sum()
    weight = np.zeros(1_500)
    weight[rng.choice(np.arange(20, 600), 60, replace=False)] = rng.choice([-1.6, 1.6], 60)
    turned = rng.choice(np.flatnonzero(weight), 15, replace=False)
    channel = rng.integers(0, 4, rows)
    price, urgency = np.exp(rng.normal(4, 0.7, rows)), rng.normal(size=rows)
    notes, score = [], 0.7 * urgency - 0.4 * (np.log(price) - 4)
    for row in range(rows):
        picks = rng.choice(1_500, rng.integers(6, 26), p=common)
        own = weight.copy()
        own[turned] *= -1 if channel[row] == 2 else 1
        score[row] += own[picks].sum()
        notes.append(" ".join(known[pick] for pick in picks).capitalize() + ".")
    frame = pd.DataFrame({"note": notes, "channel": named(channel, "channel"), "price": price.round(2)})
    frame["urgency"] = urgency.round(3)
    frame["escalated"] = np.where(rng.random(rows) < sigmoid(score), "yes", "no")
    return frame, "escalated"


def wide(rng: np.random.Generator) -> Made:
    """2,000 rows and 500 columns, of which 12 matter: eight by themselves, four in pairs."""
    rows, columns = 2_000, 500
    values = rng.normal(size=(rows, columns))
    values[:, 50:150] = values[:, :100] * 0.6 + 0.8 * values[:, 50:150]
    places = rng.choice(columns, 12, replace=False)
    part = values[:, places]
    target = (
        part[:, :8] @ np.linspace(1.2, 0.4, 8) + 1.0 * part[:, 8] * part[:, 9] + np.maximum(part[:, 10], part[:, 11])
    )
    frame = pd.DataFrame(values.round(3), columns=[f"g{place:03d}" for place in range(columns)])
    frame["response"] = (target + rng.normal(0, 1.0, rows)).round(3)
    return frame, "response"


def groups(rng: np.random.Generator) -> Made:
    """6,000 rows of 300 shops: each shop has a level and a slope of its own, and its size says a part of both."""
    rows, many = 6_000, 300
    shop = rng.integers(0, many, rows)
    size = np.exp(rng.normal(5, 0.5, many))
    level, slope = rng.normal(0, 1.0, many) + 0.8 * (np.log(size) - 5), rng.normal(0.5, 0.5, many)
    promo, week = rng.integers(0, 2, rows), rng.integers(1, 53, rows)
    price, weather = rng.normal(10, 1.5, rows), rng.normal(size=rows)
    target = level[shop] - slope[shop] * (price - 10) + 0.6 * promo + 0.5 * np.sin(week / 52 * 2 * np.pi)
    target += 0.3 * weather * (week > 26)
    frame = pd.DataFrame({"shop": named(shop, "shop"), "floor_m2": size[shop].round(0).astype(int), "promo": promo})
    frame["week"], frame["price"], frame["weather"] = week, price.round(2), weather.round(2)
    frame["sales"] = np.exp(3 + 0.35 * (target + rng.normal(0, 0.6, rows))).round(2)
    return frame, "sales"


def dates(rng: np.random.Generator) -> Made:
    """5,000 orders with four dates; late or not follows from the days between them, the weekday and the season."""
    rows = 5_000
    ordered = np.datetime64("2022-01-01") + rng.integers(0, 900, rows).astype("timedelta64[D]")
    promised = ordered + (2 + rng.gamma(2.0, 4.0, rows)).astype("timedelta64[D]")
    member = ordered - rng.exponential(500, rows).astype("timedelta64[D]")
    packed = ordered + rng.gamma(1.5, 2.0, rows).astype("timedelta64[D]")
    slack = (promised - packed).astype(float)
    weekday = (ordered.astype("datetime64[D]").astype(int) + 3) % 7
    tenure = (ordered - member).astype(float)
    weight, carrier = rng.gamma(2.0, 2.0, rows), rng.integers(0, 6, rows)
    score = -0.55 * (slack - 3) + 0.9 * (weekday >= 5) + 0.7 * (tenure < 60) + 0.15 * weight - 0.4 * (carrier == 1)
    score += 0.8 * np.isin(ordered.astype("datetime64[M]").astype(int) % 12, [10, 11]) - 0.3
    frame = pd.DataFrame({
        "ordered": ordered.astype(str), "promised": promised.astype(str), "packed": packed.astype(str),
        "member_since": pd.to_datetime(member).strftime("%d/%m/%Y"), "weight_kg": weight.round(2),
        "carrier": named(carrier, "carrier"),
    })  # fmt: skip
    frame["late"] = np.where(rng.random(rows) < sigmoid(score), "late", "on time")
    return frame, "late"


GENERATORS: dict[str, tuple[str, Callable[[np.random.Generator], Made]]] = {
    "made_rare": ("binary", rare),
    "made_classes": ("multiclass", classes),
    "made_ids": ("regression", ids),
    "made_missing": ("binary", missing),
    "made_texts": ("binary", texts),
    "made_wide": ("regression", wide),
    "made_groups": ("regression", groups),
    "made_dates": ("binary", dates),
}


def make(name: str) -> Made:
    """The table of that name, from a seed that is its name's."""
    return GENERATORS[name][1](np.random.default_rng([2026, *name.encode()]))
