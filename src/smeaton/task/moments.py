"""Moments in text: ISO 8601, and the other layouts a timestamp column can be pinned to.

A layout is written with `Y` (four digits), `y` (two digits: 69-99 are 1969-1999, 00-68 are 2000-2068, as POSIX has
it), `m`, `d` (one or two digits), `b` (a month in words, `Jun`, `Sept.` or `June`, also in German, French, Spanish,
Italian, Portuguese and Dutch), `a` (a weekday, read over) and `q` (a quarter, `Q1`: its first day). Without a day it is
the first. Each may be followed by a time of day, `14:05`, `14:05:09`, `14:05:09.25` or `2:05 PM`, after a space, a `T`,
a comma or `at`, and by a zone (see `zones.py`). `T` in a layout is where the time stands if it is not at the end.
A moment without a zone is UTC.

`Ymd` is eight digits (`20240105`, also `20240105T143000Z` and fourteen digits), `unix` and `unix_ms` are seconds and
milliseconds since 1970. These three are also read from numbers.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from smeaton.task.forms import NUMBER
from smeaton.task.table import Array
from smeaton.task.zones import ZONE, to_utc

#: ISO 8601, the extended form with a date: `2024-06-12`, `2024-06-12T14:05`, `2024-06-12 14:05:09.25+02:00`, `...Z`.
ISO = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
LAYOUTS = (
    "m/d/Y", "d/m/Y", "Y/m/d", "m-d-Y", "d-m-Y", "d.m.Y", "Y.m.d", "m/d/y", "d/m/y", "d.m.y", "Y-m-d",
    "b d Y", "b d, Y", "d b Y", "d b, Y", "d-b-Y", "d-b-y", "d. b Y", "d de b de Y", "Y b d", "Y-b-d",
    "a, d b Y", "a, b d, Y", "a b d Y", "a d b Y", "a b d T Y", "a, d-b-Y", "a, d. b Y",
    "Y-m", "Y/m", "m/Y", "b Y", "b-Y", "b, Y", "Y-q", "Y q", "q Y", "q-Y",
)  # fmt: skip
#: Layouts of digits alone, which columns of numbers can be pinned to.
COUNTED = ("Ymd", "unix", "unix_ms")
_PARTS = {
    "Y": r"(?P<Y>[0-9]{4})", "y": r"(?P<y>[0-9]{2})", "m": r"(?P<m>[0-9]{1,2})", "d": r"(?P<d>[0-9]{1,2})",
    "b": r"(?P<b>[^\W\d_]{3,10})\.?", "a": r"(?P<a>[^\W\d_]{2,10})\.?", "q": r"Q(?P<q>[1-4])",
}  # fmt: skip
_CLOCK = r"[0-9]{1,2}:[0-9]{2}[0-9:.,]*(?:[ \u00a0\u202f]?[AaPp]\.?[Mm]\.?)?"
_TIME = re.compile(
    r"(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"(?:[ \u00a0\u202f]?(?P<p>[AaPp])\.?[Mm]\.?)?"
)
_COMPACT = re.compile(
    r"(?P<Y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"
    rf"(?:[T ]?(?P<H>[0-9]{{2}}):?(?P<M>[0-9]{{2}})(?::?(?P<S>[0-9]{{2}})(?:\.(?P<f>[0-9]{{1,9}}))?)?)? ?(?P<z>{ZONE})?"
)
_LANGUAGES = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
)
#: Month in words, lower case -> number: whole, and the first three letters where they tell it.
MONTHS = (
    {
        name: number
        for names in reversed(_LANGUAGES)  # the first language has the last word
        for number, full in enumerate(names.split(), 1)
        for name in (full, full[:3] if full[:3] != "jui" else full[:4])
    }
    | {"sept": 9, "mrt": 3, "mär": 3, "janv": 1, "févr": 2, "avr": 4, "juil": 7, "déc": 12}
)
_WEEK = (
    "monday tuesday wednesday thursday friday saturday sunday",
    "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles jueves viernes sábado domingo",
)
_WEEKDAYS = {"tues", "thur", "thurs"} | {
    short for week in _WEEK for name in week.split() for short in (name, name[:3], name[:2])
}
_DAY = 86_400_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 250_000_000_000  # seconds: to the year 9892
_CHUNK = 50_000  # texts read at once: their digits as a matrix stay within some megabytes


def moment_reader(layout: str, strict: bool = False) -> Callable[[str], np.datetime64]:
    """A function from text to a moment; raises ValueError (without a message) where the text is none.

    ISO 8601 is read under every layout (a service's JSON is), unless `strict`.
    """
    if layout in ("", "iso"):
        return read_iso
    read = _compact if layout == "Ymd" else _epoch(layout) if layout in COUNTED else _dated(layout)

    def read_either(text: str) -> np.datetime64:
        try:
            return read(text)
        except ValueError:
            return read_iso(text)

    return read if strict else read_either


def moment_of_number(layout: str, number: float) -> np.datetime64:
    """A number as a moment under a layout of `COUNTED`; raises ValueError where it is none."""
    if layout == "Ymd":
        if number != int(number):
            raise ValueError
        return _compact(str(int(number)))
    scale = 1e6 if layout == "unix" else 1e3
    if not abs(number) <= _LONGEST * 1e6 / scale:
        raise ValueError
    return np.datetime64(round(number * scale), "us")


def _epoch(layout: str) -> Callable[[str], np.datetime64]:
    def read(text: str) -> np.datetime64:
        if NUMBER.fullmatch(text) is None:
            raise ValueError
        return moment_of_number(layout, float(text))

    return read


def _compact(text: str) -> np.datetime64:
    """Eight digits, with or without a time of day behind them."""
    found = _COMPACT.fullmatch(text)
    if found is None:
        raise ValueError
    day = datetime(int(found["Y"]), int(found["m"]), int(found["d"])).toordinal() - 719_163
    clock = "" if found["H"] is None else f"{found['H']}:{found['M']}:{found['S'] or '00'}.{found['f'] or '0'}"
    local = day * _DAY + _clock(clock)
    return np.datetime64(local if found["z"] is None else to_utc(local, found["z"]), "us")


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


def _dated(layout: str) -> Callable[[str], np.datetime64]:
    """A reader of dates in a layout, with a time of day behind or inside them."""
    date, _, rest = layout.partition("T")
    clock = rf"(?P<clock>{_CLOCK})(?: ?(?P<z>{ZONE}))?"
    pattern = "".join(_PARTS[mark] if mark in _PARTS else re.escape(mark) for mark in _words(date))
    if rest:
        pattern += clock + "".join(_PARTS.get(mark, re.escape(mark)) for mark in rest)
    else:
        pattern = rf"(?P<date>{pattern})(?:(?:,? at |, |[T ]){clock})?"
    whole = re.compile(pattern.replace(r"\ ", " +"))

    def read(text: str) -> np.datetime64:
        found = whole.fullmatch(text)
        if found is None:
            raise ValueError
        named = found.groupdict()
        day = _days(*(named.get(part) for part in "Yymdbaq"))
        local = day * _DAY + _clock(found["clock"] or "")
        return np.datetime64(local if found["z"] is None else to_utc(local, found["z"]), "us")

    return read


def _words(layout: str) -> list[str]:
    """The letters of a layout, `de` in one piece."""
    return re.findall(r"de|.", layout)


# Dates repeat: a column of a million moments holds a few thousand of them.
@lru_cache(maxsize=65_536)
def _days(
    year: str | None, short: str | None, month: str | None, day: str | None, name: str | None, weekday: str | None,
    quarter: str | None,
) -> int:  # fmt: skip
    """Days since 1970."""
    if weekday is not None and weekday.lower() not in _WEEKDAYS:
        raise ValueError
    if name is not None:
        number = MONTHS.get(name.lower(), 0)
    else:
        number = int(month or 1) if quarter is None else 3 * int(quarter) - 2
    full = int(year) if year is not None else _century(int(short or 0))
    return datetime(full, number, int(day or 1)).toordinal() - 719_163  # 1970-01-01


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
        hour = hour % 12 + (12 if found["p"] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + int((found["f"] or "")[:6].ljust(6, "0"))


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
