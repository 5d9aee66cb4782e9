"""Numbers as people write them: `1,234.56`, `1.234,56 EUR`, `(45.00)`, `12%`. (Which it is: `numerals.py`.)

A layout is written as an example: a notation, what always stands in front of it and behind it, and parentheses where
negative numbers are in them.

| notation | reads |
|---|---|
| `1234.5` | `1234.56`, `3.2e5`, `+7` |
| `1,234.5` | `1,234.56`; `12,34,567.8` groups as India does |
| `1.234,5` | `1.234,56`, `1234,5` |
| `1 234,5`, `1 234.5` | with spaces between the groups (also those that do not break) |
| `1'234.5` | with apostrophes |

So `$1,234.5`, `1.234,5 EUR`, `1234.5%`, `(1,234.5)`, `1234.5 kg` are layouts. Numbers may do without groups, spaces
around the unit may be there or not, and the minus may stand at the end or be U+2212. A percent is the number as it is
written: `12%` is 12, as it is when a client sends the number 12.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

#: Notation -> (marks between groups, mark before the fraction).
NOTATIONS: dict[str, tuple[str, str]] = {
    "1234.5": ("", "."), "1,234.5": (",", "."), "1.234,5": (".", ","), "1 234,5": (" ", ","), "1 234.5": (" ", "."),
    "1'234.5": ("'", "."), "12,34,567.8": (",", "."),
}  # fmt: skip
#: Spaces as they stand in numbers: plain, no-break, narrow no-break, thin.
SPACES = " \u00a0\u202f\u2009"
_MARKS = {"": "", ",": ",", ".": r"\.", " ": f"[{SPACES}]", "'": "['\u2019]"}
_SIGN = "[+\\-\u2212]"
_GAP = f"[{SPACES}]*"
_UNIT = re.compile(r"[^|\n0-9(),.'+\-](?:[^|\n(),.'+\-]|-(?=\w)){0,19}\.?")
#: Longest first: `1,234.5` is a part of no other, but `1234.5` must not be found inside one.
_IN_LAYOUT = re.compile("|".join(re.escape(name) for name in sorted(NOTATIONS, key=len, reverse=True)))


class Layout(NamedTuple):
    """A layout taken apart. `accounting`: negative numbers stand in parentheses."""

    notation: str
    before: str = ""
    after: str = ""
    accounting: bool = False

    def __str__(self) -> str:
        text = f"{self.before}{self.notation}{self.after}"
        return f"({text})" if self.accounting else text


@lru_cache(maxsize=1_024)
def layout_of(text: str) -> Layout | None:
    """The layout a text stands for, None where it is none (`plain` is not one: it needs no layout)."""
    accounting = text.startswith("(") and text.endswith(")")
    text = text[1:-1] if accounting else text
    found = _IN_LAYOUT.search(text)
    if found is None:
        return None
    before, after = text[: found.start()], text[found.end() :]
    if any(unit and not is_unit(unit.strip(SPACES)) for unit in (before, after)):
        return None
    return Layout(found[0], before, after, accounting)


def is_unit(text: str) -> bool:
    """Whether a text may stand at a number: no digit in front, none of the marks of numbers, at most 20 characters."""
    return _UNIT.fullmatch(text) is not None


def magnitude(notation: str) -> str:
    """The pattern of a number without a sign in a notation. Groups never begin with 0: `0,123` is a fraction."""
    group, point = NOTATIONS[notation]
    mark, dot = _MARKS[group], _MARKS[point]
    whole = "[0-9]+"
    if notation == "12,34,567.8":
        whole = f"[1-9][0-9]?(?:{mark}[0-9]{{2}})*{mark}[0-9]{{3}}|[0-9]+"
    elif mark:
        whole = f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|[0-9]+"
    return f"(?:(?:{whole})(?:{dot}[0-9]*)?|{dot}[0-9]+)(?:[eE][+-]?[0-9]+)?"


def to_plain(notation: str, text: str) -> str:
    """A number in a notation, as `float` reads it."""
    group, point = NOTATIONS[notation]
    if group == " ":
        text = re.sub(f"[{SPACES}]", "", text)
    elif group == "'":
        text = text.replace("'", "").replace("\u2019", "")
    elif group:
        text = text.replace(group, "")
    return text.replace(",", ".") if point == "," else text


@lru_cache(maxsize=256)
def number_text(layout: Layout) -> Callable[[str], str | None]:
    """A function from a number's text to the same number as plain text (`-45.00`), None where it is none."""
    number = f"(?P<n>{magnitude(layout.notation)})"
    before, after = (re.escape(unit.strip(SPACES)) for unit in (layout.before, layout.after))
    if after and layout.after[-1:].isalpha():
        after += "s?" if not layout.after.endswith("s") else ""
    plain = re.compile(
        f"(?P<a>{_SIGN})?{_GAP}{before}{_GAP}(?P<b>{_SIGN})?{_GAP}{number}{_GAP}{after}{_GAP}(?P<c>[\\-\u2212])?"
    )
    inside = f"(?:{before})?{_GAP}{number}{_GAP}(?:{after})?"
    enclosed = re.compile(f"(?:{before})?{_GAP}\\({_GAP}{inside}{_GAP}\\){_GAP}(?:{after})?")

    def read(text: str) -> str | None:
        found = plain.fullmatch(text)
        if found is not None:
            signs = [sign for sign in found.group("a", "b", "c") if sign]
            if len(signs) > 1:
                return None
            negative = signs not in ([], ["+"])
            return ("-" if negative else "") + to_plain(layout.notation, found["n"])
        found = enclosed.fullmatch(text) if layout.accounting else None
        return None if found is None else "-" + to_plain(layout.notation, found["n"])

    return read
