"""Writes the pinned Unicode 14.0 tables of the text specification (docs/text_op.md).

    python benchmarks/text_tables.py            write src/smeaton/runtime/ops/unicode14.json and the TypeScript tables
    python benchmarks/text_tables.py --check    exit code 1 where a file differs from what would be written

Must run on a Python whose `unicodedata.unidata_version` is 14.0.0 (CPython 3.11): all that is in the tables is what
this module and `str.casefold` say there. Every code point has a class:

0  not assigned in 14.0 (category Cn) or a surrogate (Cs): replaced by a space before normalisation
1  separator: assigned, and no letter, digit or mark
2  letter, digit or mark (L*, N*, M*): part of a token
3  the same, and its compatibility decomposition begins with a combining mark (canonical combining class not 0)
"""

import json
import sys
import unicodedata
from pathlib import Path

VERSION = "14.0.0"
ROOT = Path(__file__).resolve().parents[1]
CLASSES = ROOT / "src/smeaton/runtime/ops/unicode14.json"
TABLES = ROOT / "clients/typescript/text/src/tables.ts"
POINTS = 0x110000


def kind(point: int) -> int:
    """The class of a code point."""
    letter = chr(point)
    category = unicodedata.category(letter)
    if category in ("Cn", "Cs"):
        return 0
    marks = unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]) != 0
    if category[0] not in "LNM":
        assert not marks, f"U+{point:04X} is a combining mark and in no token"
        return 1
    return 3 if marks else 2


def runs() -> list[int]:
    """Length and class of each run of code points of one class, from U+0000 on: length, class, length, class, ..."""
    found: list[int] = []
    for point in range(POINTS):
        this = kind(point)
        if found and found[-1] == this:
            found[-2] += 1
        else:
            found += [1, this]
    return found


def folds() -> list[tuple[int, str]]:
    """Every assigned code point that full case folding changes, with what it becomes."""
    letters = ((point, chr(point)) for point in range(POINTS) if kind(point))
    return [(point, letter.casefold()) for point, letter in letters if letter.casefold() != letter]


def classes_text() -> str:
    """The content of the file of classes."""
    return json.dumps({"unicode": VERSION, "runs": runs()}, separators=(",", ":")) + "\n"


def tables_text() -> str:
    """The content of the TypeScript tables. Numbers are written in base 36."""
    lengths = runs()
    packed = " ".join(f"{base36(lengths[i])}{'abcd'[lengths[i + 1]].upper()}" for i in range(0, len(lengths), 2))
    last, pairs = 0, []
    for point, folded in folds():
        pairs.append(":".join([base36(point - last), *(base36(ord(letter)) for letter in folded)]))
        last = point
    return (
        "// Written by benchmarks/text_tables.py from Unicode 14.0.0. Do not edit.\n"
        f'export const UNICODE = "{VERSION}";\n'
        "// Runs of code points of one class from U+0000 on: length in base 36, then the class, A to D for 0 to 3.\n"
        f'export const RUNS =\n  "{packed}";\n'
        "// Full case foldings: distance to the last code point, then the code points it becomes, in base 36.\n"
        f'export const FOLDS =\n  "{" ".join(pairs)}";\n'
    )


def base36(number: int) -> str:
    """A number from 0 on in base 36, small letters."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return base36(number // 36) + digits[number % 36] if number >= 36 else digits[number]


def main() -> int:
    """Write or check both files."""
    if unicodedata.unidata_version != VERSION:
        raise SystemExit(f"needs a Python with Unicode {VERSION}; this one has {unicodedata.unidata_version}")
    wrong = 0
    for path, text in ((CLASSES, classes_text()), (TABLES, tables_text())):
        if "--check" in sys.argv[1:]:
            wrong += not path.is_file() or path.read_text("utf-8") != text
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
