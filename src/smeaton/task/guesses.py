"""What the texts of a column are (CSV, or text in JSON). Rules, in order; empty text is missing everywhere.

1. Words such as `NA`, `?` or `unknown` (`forms.py`) are missing where all other values are booleans, numbers or
   moments; so are up to three other words that make up at most 1 % of an otherwise numeric column. They are pinned in
   the form (`plain|NA`). In a category or text column every word is a value: `NA` may be Namibia.
2. boolean: the two words of a known form (`yes/no`, `T/F`; one of `true/false` is enough), in any case. `0/1` are
   numbers.
3. timestamp of eight digits (`20240105`), if all are days of the years 1900 to 2100; of seconds or milliseconds since
   1970, if the name of the column says a time and all lie between 1990 and 2100.
4. integer, number: plain or scientific text. Codes with leading zeros (`007`) and whole numbers beyond 2^53 are not.
5. timestamp: ISO 8601, or one of the layouts of `moments.py` if exactly one reads every value. Where both m/d and d/m
   would, the column is left as it is, and `about` says which form to state.
6. number of seconds, of times of day and durations (`14:30`, `1:23:45`).
7. number in another notation (`1.234,50 EUR`), if the column decides for one (`numerals.py`).
8. text: mostly distinct values of several words, or over 40 characters on average, or over 1,000 distinct values
   that make up over half of the rows. Else category.
"""

import re
from collections import Counter
from typing import Literal

import msgspec
import numpy as np

from smeaton.task.clock import CLOCK, clock_text
from smeaton.task.forms import NUMBER, boolean_layout, is_missing_word, join_form
from smeaton.task.moments import LAYOUTS, iso_column, moment_of_number, moment_reader
from smeaton.task.notation import number_text
from smeaton.task.numerals import find_layout, grouped_by_points
from smeaton.task.readers import LARGEST_INTEGER, SPACE
from smeaton.task.table import Array
from smeaton.task.types import Type
from smeaton.task.values import object_numbers
from smeaton.task.zones import ABBREVIATED

_DIGIT = re.compile(r"\d")  # a cell may be a book: a pattern is some twenty times faster than a loop
_ODD_WORDS = 3
_ODD_SHARE = 0.01
_SAMPLE = 200  # distinct values a layout must read before all are tried
#: Names of columns whose numbers may be seconds.
_TIME_NAME = re.compile(
    r"(?i)(?:^|[_\W])(?:time|date|datetime|timestamp|ts|epoch|unix|when|created|updated|modified|at|on|utc)(?:$|[_\W0-9])"
    r"|(?:time|timestamp|date|epoch)(?:_?ms|_?s|_?utc)?$"
)
_FIRST_DAY, _LAST_DAY = 19_000_101, 21_001_231
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800  # of 1990, of 2100
_MOST_WORDS = 40  # of a boolean column
#: Lines of plain numbers below ten millions, one at least with a sign of not being whole ones grouped by points.
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,6})(?:\.[0-9]+)?(?:\n-?(?:0|[1-9][0-9]{0,6})(?:\.[0-9]+)?)*+")
_NO_GROUPS = re.compile(r"(?m)\.[0-9]{1,2}$|\.[0-9]{4}|^-?0\.|[0-9]{4}\.")
_FEWEST_DAYS = 3  # distinct numbers of eight digits that are all days: fewer may be chance


def text_type(texts: list[str], optional: bool, name: str) -> Type:
    """The type of texts, none of them empty; `optional` says that nulls or empty ones were there."""
    if not texts:
        return Type(type="category", optional=True)
    plain = _plain_numbers(texts)
    if plain is not None:
        return Type(type=plain, optional=optional)
    counts = Counter(texts)
    words: Counter[str] = Counter()
    for text, number in counts.items():
        words[text.strip(SPACE)] += number
    gaps = frozenset(filter(is_missing_word, words))
    rest = [word for word in words if word and word not in gaps]
    about = None
    for guess in (_boolean, _counted, _number, _moment, _clock, _notation) if rest else ():
        found = guess(words, rest, gaps, name)
        if found is not None and found.type != "category":
            return msgspec.structs.replace(found, optional=optional or found.optional or len(rest) < len(words))
        about = about or (found.about if found is not None else None)
    return msgspec.structs.replace(_words(texts, counts, optional), about=about)


def _plain_numbers(texts: list[str]) -> Literal["integer", "number"] | None:
    """What texts are that can be nothing but plain numbers, told in one pass: most columns of wide tables are such."""
    if len(set(texts[:_SAMPLE])) <= _MOST_WORDS:
        return None  # words of booleans, marks, years: looked at closely, which few words make cheap
    lines = "\n".join(texts)
    if lines.count("\n") != len(texts) - 1 or _PLAIN.fullmatch(lines) is None:
        return None
    if "." not in lines:
        return "integer"
    return "number" if _NO_GROUPS.search(lines) else None


def counted_layout(numbers: Array, name: str) -> str | None:
    """The layout under which numbers (float64, none null) are moments; None where they are just numbers."""
    if not len(numbers):
        return None
    low, high = float(numbers.min()), float(numbers.max())
    if low >= _FIRST_DAY and high <= _LAST_DAY:
        days = np.unique(numbers)
        return "Ymd" if len(days) >= _FEWEST_DAYS and all(map(_is_day, days.tolist())) else None
    if _TIME_NAME.search(name) is None:
        return None
    if low >= _FIRST_SECOND and high <= _LAST_SECOND:
        return "unix"
    whole = bool((numbers == np.floor(numbers)).all())
    return "unix_ms" if whole and low >= _FIRST_SECOND * 1e3 and high <= _LAST_SECOND * 1e3 else None


def _is_day(number: float) -> bool:
    try:
        moment_of_number("Ymd", number)
    except ValueError:
        return False
    return True


def _boolean(words: Counter[str], rest: list[str], gaps: frozenset[str], name: str) -> Type | None:
    layout = boolean_layout(set(rest)) if len(rest) <= _MOST_WORDS else None
    return Type(type="boolean", form=join_form(layout, gaps, "")) if layout else None


def _counted(words: Counter[str], rest: list[str], gaps: frozenset[str], name: str) -> Type | None:
    if not all(8 <= len(text) <= 17 and text[:8].isdigit() and text.isascii() for text in rest):
        return None
    if any(NUMBER.fullmatch(text) is None for text in rest):
        return None  # with a time of day: the layouts of moments know them
    layout = counted_layout(np.array(rest, dtype=np.float64), name)
    return Type(type="timestamp", form=join_form(layout, gaps, "")) if layout else None


def _number(words: Counter[str], rest: list[str], gaps: frozenset[str], name: str) -> Type | None:
    if object_numbers(list(rest[:: max(1, len(rest) // _SAMPLE)]))[1].mean() > 0.5:
        return None
    good = list(filter(NUMBER.fullmatch, rest))
    odd = set(rest).difference(good) if len(good) < len(rest) else set()
    if not good or not _few(odd, words) or any(_is_code(text) for text in good):
        return None
    digits = np.array([text.lstrip("+-").isdigit() for text in good])
    values = np.abs(np.array(good, dtype=np.float64))
    if np.isinf(values).any() or (values[digits] >= LARGEST_INTEGER).any():
        return None
    points = False if digits.all() else grouped_by_points(good)
    if points:
        return Type(type="integer", form=join_form("1.234,5", gaps | odd, ""), optional=bool(odd))
    about = None
    if points is None:
        about = "may be whole numbers grouped by points; if so, state the form: 1.234,5"
    form = join_form("plain", gaps | odd, "plain")
    return Type(type="integer" if digits.all() else "number", form=form, optional=bool(odd), about=about)


def _few(odd: set[str], words: Counter[str]) -> bool:
    rows = sum(words[text] for text in odd)
    plain = all(len(text) <= 20 and "|" not in text and "\n" not in text for text in odd)
    return plain and len(odd) <= _ODD_WORDS and rows <= _ODD_SHARE * words.total()


def _is_code(text: str) -> bool:
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits.isdigit()


def _notation(words: Counter[str], rest: list[str], gaps: frozenset[str], name: str) -> Type | None:
    some = [text for text in rest[:: max(1, len(rest) // _SAMPLE)] if _DIGIT.search(text)]
    if not some or find_layout(some) is None:  # texts and labels end here
        return None
    numeric = list(filter(_DIGIT.search, rest))
    odd = set(rest).difference(numeric) if len(numeric) < len(rest) else set()
    if not numeric or not _few(odd, words):
        return None
    found = find_layout(numeric)
    if found is None or found.layout is None:
        return None if found is None else Type(type="category", about=found.about)
    layout = found.layout
    plain = [number or "" for number in map(number_text(layout), numeric)]
    values = np.abs(np.array(plain, dtype=np.float64))
    digits = np.array([text.lstrip("-").isdigit() for text in plain])
    if np.isinf(values).any() or (values[digits] >= LARGEST_INTEGER).any():
        return None
    unit = " ".join(filter(None, (layout.before.strip(), layout.after.strip()))) or None
    form = join_form(str(layout), gaps | odd, "")
    whole = bool(digits.all()) and unit is None
    return Type(type="integer" if whole else "number", form=form, unit=unit, optional=bool(odd))


def _moment(words: Counter[str], rest: list[str], gaps: frozenset[str], name: str) -> Type | None:
    if not _DIGIT.search(rest[0]):
        return None
    # Other layouts read plain ISO dates too; where it fits it is what they are.
    fits = ["iso"] if _reads("iso", rest) else [layout for layout in ("Ymd", *LAYOUTS) if _reads(layout, rest)]
    if not fits:
        return _abbreviated(rest)
    if len(fits) > 1:
        return Type(type="category", about=f"looks like dates; if so, state the form: {' or '.join(fits)}")
    return Type(type="timestamp", form=join_form(fits[0], gaps, "iso"))


def _clock(words: Counter[str], rest: list[str], gaps: frozenset[str], name: str) -> Type | None:
    if not all(":" in text and clock_text(text) is not None for text in rest):
        return None
    return Type(type="number", form=join_form(CLOCK, gaps, ""), unit="s")


def _abbreviated(rest: list[str]) -> Type | None:
    """Moments with a zone such as EST, which says too little."""
    found = [ABBREVIATED.fullmatch(text) for text in rest[:_SAMPLE]]
    cut = [text if match is None else match["moment"] for text, match in zip(rest, found, strict=False)]
    zones = sorted({match["zone"] for match in found if match is not None} - {"AM", "PM", "UTC", "GMT", "Z"})
    if not zones or not any(_reads(layout, cut) for layout in ("iso", "Y-m-d", *LAYOUTS)):
        return None
    return Type(
        type="category",
        about=f"looks like moments in the zone {zones[0]}, which stands for several; write the offset (-05:00) or the "
        "name (America/New_York)",
    )


def _reads(layout: str, texts: list[str]) -> bool:
    reader = moment_reader(layout, strict=True)

    def good(part: list[str]) -> bool:
        try:
            for text in part:
                reader(text)
        except ValueError:
            return False
        return True

    if not good(texts[:: max(1, len(texts) // _SAMPLE)]):
        return False
    if layout == "iso":
        read = iso_column(texts)[1]
        texts = [text for text, done in zip(texts, read.tolist(), strict=True) if not done]
    return good(texts)


def _words(texts: list[str], counts: Counter[str], optional: bool) -> Type:
    rows, distinct = len(texts), len(counts)
    length = sum(map(len, texts)) / rows
    spaces = sum(text.count(" ") * number for text, number in counts.items()) / rows
    sentences = distinct > 0.5 * rows and spaces >= 2
    many = distinct > 1_000 and distinct > 0.5 * rows
    return Type(type="text" if sentences or length > 40 or many else "category", optional=optional)
