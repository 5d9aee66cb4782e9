"""Which layout of `notation.py` the texts of a column are in: one that reads every value, and no other reads otherwise.

`1,234` is 1234 where commas group and 1.234 where a comma is the decimal point. The rest of the column decides:

- a value that only one of the two reads (`1,234,567`, `0,123`, `12,5`), or a whole number beyond 999 without a comma;
- a currency whose prices have no third decimal, with a value below 1000 or of several digits before the mark;
- fractions with a zero at the end (so zeros are not cut off) beside numbers without any fraction (so zeros are not
  filled up either): then they are no fractions;
- at least 45 values with exactly three digits behind the mark, beside whole ones without: of fractions whose zeros are
  cut off, 1 in 100 such columns would be left (0.9^45).

Where nothing decides, nothing is guessed.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from smeaton.task.notation import NOTATIONS, SPACES, Layout, is_unit, magnitude, number_text, to_plain

_MANY = 45
_SAMPLE = 200
_WORDS = (
    "USD EUR GBP CHF JPY CNY RMB INR AUD CAD NZD SEK NOK DKK PLN CZK HUF RON BRL MXN ZAR RUB TRY KRW SGD HKD THB ILS"
    " US$ A$ C$ R$ NZ$ HK$ S$ Rs Rs. kr zł Kč Ft Fr. SFr. lei R"
)
_CURRENCY_WORDS = frozenset(_WORDS.split())
_SIGNS = frozenset("$€£¥₹₩₽₺₪฿₴₦₱₫¢")
#: Units that may stand right behind a number although they are one letter.
_LETTERS = frozenset("%‰°kKMgGmlLhsWVtT″′µ€$£¥")
_DOLLARS = ("$", "£", "USD", "US$", "A$", "C$", "AUD", "CAD", "GBP", "NZD", "NZ$", "HK$", "S$", "₹", "INR", "Rs", "Rs.")
_CORE = re.compile(
    rf"(?P<o1>\(?)(?P<s1>[+\-−]?)(?P<before>(?:Rs|S?Fr)\.|[^0-9(),.+\-−']{{0,8}}?)(?P<o2>\(?)(?P<s2>[+\-−]?)[{SPACES}]*"
    rf"(?P<core>[.,]?[0-9](?:[0-9.,'’{SPACES}]*[0-9])?[.,]?(?:[eE][+-]?[0-9]+(?!\w))?)(?P<after>[^|\n]{{0,22}})"
)


class Found(NamedTuple):
    """The layout of a column; or, where there are two ways to read it, what to say (`about`) and no layout."""

    layout: Layout | None
    about: str = ""


class _Taken(NamedTuple):
    """Texts taken apart: what stands before and behind the numbers, and these."""

    before: str
    after: str
    cores: list[str]
    accounting: bool


def find_layout(texts: Sequence[str]) -> Found | None:
    """The layout that reads all the texts (distinct, not blank); None where they are no numbers."""
    for part in (texts[:: max(1, len(texts) // _SAMPLE)], texts):
        taken = _taken(part)
        if taken is None:
            return None
    assert taken is not None
    readable = [name for name in NOTATIONS if _all_read(name, taken.cores)]
    if not readable or any(_is_code(core) for core in taken.cores):
        return None
    chosen = _chosen(readable, taken)
    if chosen is None:
        names = [str(Layout(name, taken.before, taken.after, taken.accounting)) for name in _readings(readable, taken)]
        return Found(None, f"looks like numbers; if so, state the form: {' or '.join(names)}")
    layout = Layout(chosen, taken.before, taken.after, taken.accounting)
    read = number_text(layout)
    return Found(layout) if all(read(text) is not None for text in texts) else None


def grouped_by_points(texts: Collection[str]) -> bool | None:
    """Whether plain numbers (`1.234`, `950`) are whole ones grouped by points; None where nobody can tell."""
    marked = [text.lstrip("+-") for text in texts if "." in text]
    pattern = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
    if len(set(marked)) < 2 or not all(map(pattern.fullmatch, marked)):
        return False
    return _grouped([text.lstrip("+-") for text in texts], ".", money=False)


def _taken(texts: Iterable[str]) -> _Taken | None:
    """The texts taken apart, if all have the same in front and behind; a unit may be one or many (`1 year`)."""
    befores, afters, cores, enclosed = set[str](), set[str](), list[str](), 0
    for text in texts:
        found = _CORE.fullmatch(text)
        if found is None:
            return None
        before, after = found["before"].strip(SPACES), found["after"].strip(SPACES)
        opened = (found["o1"] + found["o2"]).count("(")
        if opened:
            if opened > 1 or after.count(")") != 1 or not (after[0] == ")" or after[-1] == ")"):
                return None
            enclosed, after = enclosed + 1, after.replace(")", "").strip(SPACES)
        elif after[-1:] in ("-", "−") and not found["s1"] + found["s2"]:
            after = after[:-1].strip(SPACES)
        befores.add(before)
        afters.add(after if not after.isalpha() or len(after) < 3 else after.removesuffix("s"))
        if len(befores) > 1 or len(afters) > 1:
            return None
        cores.append(found["core"])
    before, after = befores.pop(), afters.pop()
    if (before and not is_currency(before)) or enclosed == len(cores):  # all in parentheses: notes, not amounts
        return None
    spaced = any(space + after in text for text in texts for space in SPACES) if after else False
    if after and not _is_measure(after, spaced):
        return None
    return _Taken(before, (" " if spaced else "") + after, cores, enclosed > 0)


def is_currency(text: str) -> bool:
    """Whether a text names a currency, so that it may stand in front of a number (`A12` is a code)."""
    return text in _CURRENCY_WORDS or (len(text) <= 2 and any(mark in _SIGNS for mark in text))


def _is_measure(after: str, spaced: bool) -> bool:
    """Whether what stands behind a number may be a unit: a single letter without a space is more likely a code."""
    return is_unit(after) and after[0] != ":" and (spaced or len(after) > 1 or after in _LETTERS)


def _all_read(name: str, cores: Collection[str]) -> bool:
    return all(map(re.compile(magnitude(name)).fullmatch, cores))


def _is_code(core: str) -> bool:
    return len(core) > 1 and core[0] == "0" and core.isdigit()


def _readings(names: Sequence[str], taken: _Taken) -> list[str]:
    """Of layouts that read the same, the first."""
    found: dict[tuple[float, ...], str] = {}
    for name in names:
        found.setdefault(tuple(float(to_plain(name, core)) for core in taken.cores), name)
    return list(found.values())


def _chosen(names: Sequence[str], taken: _Taken) -> str | None:
    """The notation that reads all in the one way there is, or that the rest of the column decides for."""
    left = _readings(names, taken)
    if len(left) == 1:
        return left[0]
    mark = "," if any("," in core for core in taken.cores) else "."
    currency = next((unit for unit in (taken.before, taken.after.strip()) if is_currency(unit)), "")
    if mark == "," and currency in _DOLLARS:
        grouped: bool | None = True
    else:
        grouped = _grouped(taken.cores, mark, money=bool(currency))
    if grouped is None:
        return None
    return next((name for name in left if (NOTATIONS[name][0] == mark) == grouped), None)


def _grouped(cores: Sequence[str], mark: str, *, money: bool) -> bool | None:
    """Whether a mark groups digits, for numbers whose every mark has three digits behind it; None: nobody can tell."""
    marked = [core for core in cores if mark in core]
    whole = [core for core in cores if mark not in core]
    if any(len(core) > 3 for core in whole):
        return False
    if money and (whole or any(core.index(mark) > 1 for core in marked)):
        return True
    if whole and (any(core.endswith("0") for core in marked) or len(set(marked)) >= _MANY):
        return True
    return None
