"""Odd tables: columns of what people, programs and attackers put into cells, under names that nobody should give."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Draw = random.Random
Cell = Any


_WORDS = (
    "late",
    "early",
    "fine",
    "bad",
    "Straße",
    "naïve",
    "東京",
    "שלום",
    "مرحبا",
    "🦊",
    "e\u0301",
    "\u202eevil\u202c",
)
_HUGE = (
    "1e308",
    "-1e308",
    "1e309",
    "inf",
    "-Infinity",
    "nan",
    "NaN",
    "9" * 400,
    "0." + "0" * 400 + "1",
    "1e-320",
    "9007199254740993",
    "-9223372036854775809",
    "18446744073709551616",
    "0x1F",
    "1_000",
    "١٢٣",
    "１２３",
    "1,234.5",
    "1.234,5",
    "--5",
    "+-5",
    "5-",
    "1e",
    "e5",
    ".",
    "-",
    "∞",
    "½",
    "٫٥",
)
_DATES = (
    "2024-02-30",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "-0001-01-01",
    "1582-10-10",
    "31/02/2020",
    "2024-13-01",
    "24:00",
    "2024-01-01T25:61:61Z",
    "2024-01-01T00:00:00+99:99",
    "1970-01-01",
    "1e10",
    "20240101",
    "Feb 29 2023",
    "2016-12-31T23:59:60Z",
    "0001-01-01T00:00:00Z",
    "294277-01-10",
    "now",
)
_FORMULAS = ("=1+1", "=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3", '=HYPERLINK("http://x","y")', "#REF!", "#DIV/0!")
_NULLS = ("", "NULL", "null", "None", "N/A", "n/a", "?", "unknown", "-999", "-", "NaN", "\\N", "#N/A", " ", "\u00a0")
_NASTY = (
    '"',
    "'",
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\x1a",
    "\x1b[31m",
    "\ufeff",
    "\u2028",
    "\ud7ff",
    "\U0010ffff",
    '""',
    '"\n"',
    "a\0b",
    "\\",
    "\\n",
    "${HOME}",
    "%s%n",
    "{{7*7}}",
    "<script>",
    "'; drop table t;--",
    "../../etc/passwd",
)
_NAMES = (
    "prediction",
    "probability",
    "error",
    "row",
    "rowid",
    "index",
    "id",
    "select",
    "from",
    "NULL",
    "null",
    "true",
    "con",
    "__class__",
    "__proto__",
    "a b",
    " a",
    "a ",
    'a"b',
    "a'b",
    "a,b",
    "a\nb",
    "a\tb",
    "",
    " ",
    "0",
    "-1",
    "é",
    "e\u0301",
    "名前",
    "🦊",
    "\u202e",
    "x" * 300,
    "A",
    "a",
    "target",
    "weight",
    "time",
    "group",
    "file",
    "c0",
    "numbers",
    "words:a",
    "$ref",
    "%",
    "#",
    "?",
    "*",
    "[0]",
    "a.b",
    "a/b",
    "\x00",
    "\ufeffa",
)


def _number(draw: Draw, row: int) -> Cell:
    return round(draw.gauss(0, 10), 3)


def _whole(draw: Draw, row: int) -> Cell:
    return draw.randint(-5, 50)


def _huge(draw: Draw, row: int) -> Cell:
    return draw.choice(_HUGE) if draw.random() < 0.5 else draw.gauss(0, 1) * 10.0 ** draw.randint(-300, 300)


def _date(draw: Draw, row: int) -> Cell:
    return draw.choice(_DATES) if draw.random() < 0.3 else f"20{draw.randint(10, 30)}-{draw.randint(1, 12):02}-15"


def _word(draw: Draw, row: int) -> Cell:
    return draw.choice(_WORDS)


def _text(draw: Draw, row: int) -> Cell:
    return " ".join(draw.choices((*_WORDS, *_NASTY), k=draw.randint(0, 12))).replace("\0", "\ufffd")


def _zero(draw: Draw, row: int) -> Cell:
    return "a\0b" if row % 9 == 0 else "a"


def _long(draw: Draw, row: int) -> Cell:
    return "x" * draw.choice((0, 10, 70_000)) if row % 29 == 0 else "short"


def _mixed(draw: Draw, row: int) -> Cell:
    return draw.choice((1, 2.5, "three", True, None, "2024-01-01", "", "1e309", [1], {"a": 1}))


def _nothing(draw: Draw, row: int) -> Cell:
    return None


def _nulls(draw: Draw, row: int) -> Cell:
    return draw.choice(_NULLS) if draw.random() < 0.6 else draw.randint(0, 9)


def _same(draw: Draw, row: int) -> Cell:
    return "same"


def _unique(draw: Draw, row: int) -> Cell:
    return f"id-{row}-{draw.getrandbits(40):x}"


def _formula(draw: Draw, row: int) -> Cell:
    return draw.choice(_FORMULAS)


def _flag(draw: Draw, row: int) -> Cell:
    return draw.choice(("yes", "no", "Y", "N", "TRUE", "false", "1", "0", "ja", "да"))


def _deep(draw: Draw, row: int) -> Cell:
    depth = draw.choice((1, 3, 50, 3_000)) if row % 17 == 0 else 2
    return "[" * depth + "]" * depth


def _nested(draw: Draw, row: int) -> Cell:
    return {"a": {"b": [draw.randint(0, 3)] * draw.randint(0, 3)}, "c": draw.choice((None, "x", 1, []))}


def _list(draw: Draw, row: int) -> Cell:
    return draw.choices(_WORDS, k=draw.randint(0, 3))


_USUAL = (_number, _whole, _huge, _date, _word, _text, _mixed, _nulls, _unique, _formula, _flag, _nested, _list)
_KINDS: tuple[Callable[[Draw, int], Cell], ...] = (*_USUAL * 3, _long, _nothing, _same, _deep, _zero)


def _learnable(draw: Draw, row: int) -> Cell:
    return ("no", "yes")[row % 3 == 0]


def _many(draw: Draw, row: int) -> Cell:
    return f"class {draw.randint(0, 30)}"


def _rare(draw: Draw, row: int) -> Cell:
    return "rare" if row == 5 else draw.choice(("a", "b"))


_GOOD = (_learnable, _flag, _many, _rare, _number, _whole, _word)
_BAD = (_huge, _date, _same, _nothing, _nulls, _unique, _mixed, _text, _nested, _list)
_TARGETS: tuple[Callable[[Draw, int], Cell], ...] = (*_GOOD * 4, *_BAD)


@dataclass(slots=True)
class Odd:
    """A table with names that may be twice there, and rows that may be ragged."""

    names: list[str]
    rows: list[list[Cell]]
    what: list[str]


def odd_table(draw: Draw) -> tuple[Odd, str | None]:
    """A table and the name of its target."""
    count = draw.choice((1, 2, 19, 20, 21) if draw.random() < 0.15 else (40, 60, 60, 120, 120, 250))
    wide = draw.random()
    width = 10_000 if wide < 0.006 else 300 if wide < 0.02 else draw.choice((0, *(1, 2, 3, 4, 5, 7) * 3))
    if width > 1_000:
        count = min(count, 40)
    kinds = draw.choices(_KINDS, k=width)
    target = draw.choice(_TARGETS)
    odd_names = draw.random() < 0.25
    names = [draw.choice(_NAMES) if odd_names and draw.random() < 0.5 else f"c{number}" for number in range(width)]
    name = draw.choice(_NAMES) if odd_names and draw.random() < 0.3 else "target"
    rows = [[*(kind(draw, row) for kind in kinds), target(draw, row)] for row in range(count)]
    what = [
        f"{count} rows",
        f"{width} columns",
        f"target {target.__name__[1:]}",
        *sorted({k.__name__[1:] for k in kinds}),
    ]
    table = Odd([*names, name], rows, what)
    for change in draw.choices(_TABLE_CHANGES, k=draw.choice((0, 0, 0, 0, 1, 2))):
        change(table, draw)
    asked = draw.random()
    return table, None if asked < 0.04 else "no such column" if asked < 0.07 else name


def _ragged(table: Odd, draw: Draw) -> None:
    table.what.append("ragged rows")
    for row in draw.sample(table.rows, k=min(3, len(table.rows))):
        if draw.random() < 0.5:
            row.append("more")
        elif row:
            row.pop()


def _doubled_names(table: Odd, draw: Draw) -> None:
    table.what.append("a name twice")
    table.names[0] = table.names[-1]


def _doubled_rows(table: Odd, draw: Draw) -> None:
    table.what.append("every row twice")
    table.rows.extend([list(row) for row in table.rows])


def _no_rows(table: Odd, draw: Draw) -> None:
    table.what.append("no rows")
    table.rows.clear()


def _blank_rows(table: Odd, draw: Draw) -> None:
    table.what.append("blank rows")
    for _ in range(3):
        table.rows.insert(draw.randint(0, len(table.rows)), [])


def _header_again(table: Odd, draw: Draw) -> None:
    table.what.append("the header again in the middle")
    table.rows.insert(len(table.rows) // 2, list(table.names))


_TABLE_CHANGES = (_ragged, _doubled_names, _doubled_rows, _no_rows, _blank_rows, _header_again)
