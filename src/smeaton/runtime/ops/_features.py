"""What the feature steps of a program speak in: names, the null category, parts of a moment."""

from collections.abc import Callable

import numpy as np

from smeaton.task.table import Array
from smeaton.task.values import NULL_TEXT

__all__ = ["CATEGORIES", "NULL_TEXT", "NUMBERS", "PARTS", "moment_part", "text_output", "words_output"]

NUMBERS = "numbers"
CATEGORIES = "categories"

_HOUR = np.timedelta64(3_600_000_000, "us")
_MINUTE = np.timedelta64(60_000_000, "us")


def text_output(name: str) -> str:
    """Output of the `table` step that holds the text column `name`."""
    return f"text:{name}"


def words_output(name: str) -> str:
    """Output of the `text` step that holds the words of the text column `name`."""
    return f"words:{name}"


def _unix(moment: Array) -> Array:
    return moment.astype(np.int64) / 1e6


def _weekday(moment: Array) -> Array:
    # 1970-01-01 was a Thursday; Monday is 0.
    return (moment.astype("datetime64[D]").astype(np.int64) + 3) % 7


def _dayofyear(moment: Array) -> Array:
    days = moment.astype("datetime64[D]")
    return np.asarray((days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) + 1)


def _day(moment: Array) -> Array:
    days = moment.astype("datetime64[D]")
    return np.asarray((days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1)


PARTS: dict[str, Callable[[Array], Array]] = {
    "unix": _unix,
    "year": lambda moment: moment.astype("datetime64[Y]").astype(np.int64) + 1970,
    "month": lambda moment: moment.astype("datetime64[M]").astype(np.int64) % 12 + 1,
    "day": _day,
    "weekday": _weekday,
    "hour": lambda moment: (moment - moment.astype("datetime64[D]")) // _HOUR,
    "minute": lambda moment: (moment - moment.astype("datetime64[h]")) // _MINUTE,
    "dayofyear": _dayofyear,
}


def moment_part(moment: Array, part: str) -> Array:
    """A part of each moment (datetime64[us]) as float64, NaN for nulls: `unix` is in seconds, the others count as
    calendars do (months and days from 1, weekday 0 = Monday)."""
    known = np.isnat(moment)
    values = np.asarray(PARTS[part](np.where(known, np.datetime64(0, "us"), moment)), dtype=np.float64)
    return np.where(known, np.nan, values)
