"""Labels with an order: `low/medium/high`, `S/M/L`, `<18`, `18-25`, `26+`, months, answers on a Likert scale.

The words of a column must all be steps of one scale, at least three of them; a step may be written in several ways, but
in one way within a column. Ranges must not overlap.
"""

import math
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import pairwise

_FEWEST = 3
#: Scales from low to high: steps between commas, ways to write a step between slashes.
_SCALES = (
    "lowest, very low/extremely low, low, below average, medium low/medium-low,"
    " medium/moderate/mid/middle/average/normal, medium high/medium-high, above average, high,"
    " very high/extremely high, highest, urgent, critical",
    "xxxs/3xs, xxs/2xs, xs, s, m, l, xl, xxl/2xl, xxxl/3xl, 4xl, 5xl",
    "tiny, extra small/very small, small, medium, large, extra large/very large, huge",
    "very poor/very bad/terrible, poor/bad, below average, fair/average/typical/ok/acceptable, good, very good,"
    " excellent, outstanding",
    "po, fa, ta, gd, ex",
    "fair, good, very good, premium, ideal",
    "strongly disagree/completely disagree/totally disagree, disagree, somewhat disagree/slightly disagree,"
    " neutral/neither agree nor disagree/undecided/neither, somewhat agree/slightly agree, agree,"
    " strongly agree/completely agree/totally agree",
    "very dissatisfied/very unsatisfied, dissatisfied/unsatisfied, somewhat dissatisfied, neutral, somewhat satisfied,"
    " satisfied, very satisfied",
    "very unlikely, unlikely, neutral/neither, likely, very likely",
    "never, rarely/seldom/almost never, occasionally/sometimes, often/frequently/usually,"
    " almost always/very often, always",
    "hourly, daily, weekly, biweekly/fortnightly, monthly, quarterly, semiannually/half-yearly, annually/yearly",
    "january, february, march, april, may, june, july, august, september, october, november, december",
    "jan, feb, mar, apr, may, jun, jul, aug, sep/sept, oct, nov, dec",
    "januar, februar, märz, april, mai, juni, juli, august, september, oktober, november, dezember",
    "monday, tuesday, wednesday, thursday, friday, saturday, sunday",
    "mon, tue/tues, wed, thu/thur/thurs, fri, sat, sun",
    "montag, dienstag, mittwoch, donnerstag, freitag, samstag, sonntag",
    "none, primary/primary school/elementary, middle school, secondary/high school/highschool, some college, associate,"
    " bachelor/bachelors/bachelor's/undergraduate, master/masters/master's/graduate/postgraduate,"
    " phd/doctorate/doctoral",
    "intern/trainee, entry/entry level, junior, mid/intermediate/mid-level, senior, lead, principal, director,"
    " executive",
    "beginner/novice, elementary, intermediate, advanced, expert",
    "none, trivial, minor, mild, moderate, major, serious, severe, critical, blocker, fatal",
    "first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth",
    "1st, 2nd, 3rd, 4th, 5th, 6th, 7th, 8th, 9th, 10th",
    "iron, bronze, silver, gold, platinum, diamond",
    "free, basic, standard, plus, premium, pro/professional, business, enterprise, ultimate",
    "freezing, cold, cool, mild, warm, hot",
    "infant/baby, toddler, child, teen/teenager, young adult, adult, middle aged, senior/elderly",
    "sehr niedrig/sehr gering, niedrig/gering, mittel, hoch, sehr hoch",
    "sehr klein, klein, mittel, groß/gross, sehr groß/sehr gross",
    "nie, selten, manchmal/gelegentlich, oft/häufig, immer",
    "ungenügend, mangelhaft, ausreichend, befriedigend, gut, sehr gut",
    "muy bajo, bajo, medio, alto, muy alto",
    "très faible, faible, moyen, élevé/fort, très élevé",
    "dawn/early morning, morning, noon/midday, afternoon, evening, night, midnight",
)
_NUMBER = r"[$€£]? ?(?P<{0}>[0-9](?:[0-9.,]*[0-9])?) ?(?P<{0}unit>[kKmM](?![a-zA-Z]))? ?%?"
_LOW, _HIGH, _END = (_NUMBER.format(name) for name in ("a", "b", "c"))
_BETWEEN = re.compile(rf"[\[(]? ?{_LOW} ?(?:-|–|—|to|\.\.|,|bis|and) ?{_HIGH} ?[\])]?")
_BELOW = re.compile(
    rf"(?:<=?|≤|under|below|less than|up to|unter|bis) ?{_HIGH}|{_END} (?:or|and) (?:less|under|younger|below)"
)
_ABOVE = re.compile(
    rf"(?:>=?|≥|over|above|more than|ab|über) ?{_LOW}\+?"
    rf"|{_END} ?(?:\+|plus|(?:or|and) (?:more|over|older|above|up))"
)
_SINGLE = re.compile(_LOW)
_AFTER = re.compile(
    r" (?:years?|yrs?|months?|days?|weeks?|hours?|hrs?|minutes?|employees|people|items|kg|km|usd|eur)(?: old)?$"
)


def find_scale(labels: Collection[str]) -> tuple[str, ...] | None:
    """The labels from low to high, None where they have no order that is known."""
    if not _FEWEST <= len(labels) <= 60:
        return None
    words = {" ".join(label.casefold().replace("_", " ").split()): label for label in labels}
    if len(words) < len(labels):
        return None  # the same step in two ways: no order among them
    for scale in _scales():
        if words.keys() <= scale.keys():
            steps = sorted((scale[word], label) for word, label in words.items())
            if len({step for step, _ in steps}) == len(steps):
                return tuple(label for _, label in steps)
    return _ranges(words)


@lru_cache(maxsize=1)
def _scales() -> tuple[dict[str, int], ...]:
    def ways(scale: str) -> Iterator[tuple[str, int]]:
        for place, step in enumerate(scale.split(",")):
            for way in step.split("/"):
                yield way.strip(), place

    return tuple(dict(ways(scale)) for scale in _SCALES)


def _ranges(words: dict[str, str]) -> tuple[str, ...] | None:
    found = {label: _range(_AFTER.sub("", word)) for word, label in words.items()}
    known = {label: ends for label, ends in found.items() if ends is not None}
    if len(known) < len(found) or all(low == high for low, high in known.values()):
        return None
    ordered = sorted(known, key=lambda label: known[label])
    for one, other in pairwise(ordered):
        if known[other][0] < known[one][1]:
            return None
    return tuple(ordered)


def _range(word: str) -> tuple[float, float] | None:
    """The ends of a range in words; a number alone is one of its own."""
    found = _BETWEEN.fullmatch(word)
    if found is not None:
        low, high = _value(found, "a", found["bunit"]), _value(found, "b")
        return (low, high) if low < high else None
    found = _BELOW.fullmatch(word)
    if found is not None:
        return _ends(-math.inf, _value(found, "b" if found["b"] else "c"))
    found = _ABOVE.fullmatch(word)
    if found is not None:
        return _ends(_value(found, "a" if found["a"] else "c"), math.inf)
    found = _SINGLE.fullmatch(word)
    return None if found is None else _ends(*(_value(found, "a"),) * 2)


def _ends(low: float, high: float) -> tuple[float, float] | None:
    return (low, high) if low <= high else None  # not a number is neither


def _value(found: re.Match[str], name: str, unit: str | None = None) -> float:
    scale = {"k": 1e3, "m": 1e6}.get((found[f"{name}unit"] or unit or "").lower(), 1.0)
    text = re.sub(r"[.,](?=[0-9]{3}(?:[^0-9]|$))", "", found[name]).rstrip(".,").replace(",", ".")
    return scale * float(text) if text.count(".") <= 1 else math.nan
