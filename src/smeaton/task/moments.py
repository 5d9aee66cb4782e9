"""Moments in text: ISO 8601, and the other layouts a timestamp column can be pinned to.

A layout is written with `Y` (four digits), `y` (two digits: 69-99 are 1969-1999, 00-68 are 2000-2068, as POSIX has
it), `m`, `d` (one or two digits) and `b` (an English month, `Jun` or `June`). Each may be followed by a time of day,
`14:05`, `14:05:09`, `14:05:09.25` or `2:05 PM`. A moment without a zone is UTC.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from smeaton.task.table import Array

#: ISO 8601, the extended form with a date: `2024-06-12`, `2024-06-12T14:05`, `2024-06-12 14:05:09.25+02:00`, `...Z`.
ISO = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
LAYOUTS = (
    "m/d/Y", "d/m/Y", "Y/m/d", "m-d-Y", "d-m-Y", "d.m.Y", "Y.m.d", "m/d/y", "d/m/y",
    "b d Y", "b d, Y", "d b Y", "d-b-Y", "d-b-y",
)  # fmt: skip
_PARTS = {
    "Y": r"(?P<Y>[0-9]{4})", "y": r"(?P<y>[0-9]{2})", "m": r"(?P<m>[0-9]{1,2})", "d": r"(?P<d>[0-9]{1,2})",
    "b": r"(?P<b>[A-Za-z]{3,9})",
}  # fmt: skip
_TIME = re.compile(
    r"(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:\.(?P<f>[0-9]{1,6}))?)?(?: ?(?P<p>AM|PM|am|pm))?"
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
MONTHS = {name: number for number, full in enumerate(_MONTHS, 1) for name in (full, full[:3])} | {"sept": 9}
_DAY = 86_400_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_CHUNK = 50_000  # texts read at once: their digits as a matrix stay within some megabytes


def moment_reader(layout: str, strict: bool = False) -> Callable[[str], np.datetime64]:
    """A function from text to a moment; raises ValueError (without a message) where the text is none.

    ISO 8601 is read under every layout (a service's JSON is), unless `strict`.
    """
    if layout in ("", "iso"):
        return read_iso
    dates = _date_reader(layout)
    spaces = layout.count(" ")

    def read(text: str) -> np.datetime64:
        words = text.split(" ", spaces + 1)
        clock = words.pop() if len(words) == spaces + 2 else ""
        return np.datetime64(dates(" ".join(words)) * _DAY + _clock(clock), "us")

    def read_either(text: str) -> np.datetime64:
        try:
            return read(text)
        except ValueError:
            return read_iso(text)

    return read if strict else read_either


def read_iso(text: str) -> np.datetime64:
    """An ISO 8601 moment in UTC."""
    if ISO.fullmatch(text) is None:
        raise ValueError
    return from_datetime(datetime.fromisoformat(text[:-1] if text[-1] == "Z" else text))


def from_datetime(moment: datetime) -> np.datetime64:
    """A datetime in UTC; one without a zone is taken as UTC."""
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        except OverflowError as error:
            raise ValueError from error
    return np.datetime64((moment - _EPOCH) // _MICROSECOND, "us")  # three times as fast as from the datetime itself


def _date_reader(layout: str) -> Callable[[str], int]:
    pattern = re.compile("".join(_PARTS.get(mark, re.escape(mark)) for mark in layout))

    # Dates repeat: a column of a million moments holds a few thousand of them.
    @lru_cache(maxsize=65_536)
    def days(text: str) -> int:
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError
        parts = found.groupdict()
        month = MONTHS.get(parts["b"].lower(), 0) if "b" in parts else int(parts["m"])
        year = int(parts["Y"]) if "Y" in parts else _century(int(parts["y"]))
        return datetime(year, month, int(parts["d"])).toordinal() - 719_163  # 1970-01-01

    return days


def _century(year: int) -> int:
    return year + (1900 if year >= 69 else 2000)


@lru_cache(maxsize=65_536)
def _clock(text: str) -> int:
    """Microseconds since midnight; none for no text."""
    if not text:
        return 0
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError
    hour, minute, second = int(found["H"]), int(found["M"]), int(found["S"] or 0)
    if found["p"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if found["p"] in ("PM", "pm") else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + int((found["f"] or "").ljust(6, "0"))


def iso_column(texts: list[str]) -> tuple[Array, Array]:
    """ISO texts without a zone, or with Z, in bulk: (datetime64[us], whether each was read). The rest is left to the
    reader: other zones, odd lengths, and what is no moment."""
    moments = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[us]")
    read = np.zeros(len(texts), dtype=bool)
    widths = np.fromiter(map(len, texts), np.int64, len(texts))
    for width in np.unique(widths):
        body = int(width) if width in (10, 16, 19, 23, 26) else int(width) - 1  # the same, with a Z at the end
        if body not in (10, 16, 19, 23, 26) or (body == 10 and width != 10):
            continue
        same = np.flatnonzero(widths == width)
        for start in range(0, len(same), _CHUNK):
            where = same[start : start + _CHUNK]
            marks = np.array([texts[i] for i in where], dtype=f"U{width}").view(np.uint32).reshape(len(where), width)
            moments[where], read[where] = _bulk(marks, body)
    moments[~read] = np.datetime64("NaT")
    return moments, read


def _bulk(marks: Array, body: int) -> tuple[Array, Array]:
    """Moments of equally long texts, given as a matrix of code points."""
    separators = {4: "-", 7: "-", 10: "T ", 13: ":", 16: ":", 19: "."}
    good = np.ones(len(marks), dtype=bool)
    for place in range(marks.shape[1]):
        column = marks[:, place]
        if place >= body:
            good &= column == ord("Z")
        elif place in separators:
            good &= np.isin(column, [ord(mark) for mark in separators[place]])
        else:
            good &= (column >= ord("0")) & (column <= ord("9"))
    digits = np.where(good[:, None], marks, ord("0")).astype(np.int64) - ord("0")

    def part(start: int, stop: int) -> Array:
        value = np.zeros(len(marks), dtype=np.int64)
        for place in range(start, min(stop, body)):
            value = value * 10 + digits[:, place]
        return value

    year, month, day = part(0, 4), part(5, 7), part(8, 10)
    hour, minute, second = part(11, 13), part(14, 16), part(17, 19)
    fraction = part(20, 26) * (1_000 if body == 23 else 1)
    good &= (year >= 1) & (month >= 1) & (month <= 12) & (hour <= 23) & (minute <= 59) & (second <= 59)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[D]") - days).astype(np.int64)
    good &= (day >= 1) & (day <= length)
    clock = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    return (days + (day - 1)).astype("datetime64[us]") + clock.astype("timedelta64[us]"), good
