"""Which mark separates the values of a text table, told from its first records."""

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from smeaton.errors import DataError

#: Longest value of one cell, in characters.
_LONGEST = 2**28
_FEWEST = 6
#: Characters that are looked at: a line may be as long as the file.
_MOST = 2_000_000
#: The usual marks; of two that cut alike the first is taken.
USUAL = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
#: Marks that stand in texts too: believed only if they cut the header and every record alike.
_RARE = {
    "\x01": "the character 0x01",
    "\x1f": "the character 0x1F",
    "\x1e": "the character 0x1E",
    "^": "carets",
    "~": "tildes",
    "¦": "broken bars",
    "§": "section signs",
    "¤": "currency signs",
    ":": "colons",
    "!": "exclamation marks",
    "#": "hashes",
    "*": "asterisks",
    "&": "ampersands",
    "%": "percent signs",
}
#: What the ending says; believed if it cuts the header.
_BY_ENDING = {".tsv": "\t", ".tab": "\t", ".psv": "|"}
_WORDS = {
    "tab": "\t",
    "space": " ",
    "comma": ",",
    "semicolon": ";",
    "bar": "|",
    "pipe": "|",
    "colon": ":",
    "slash": "/",
}


@dataclass(frozen=True, slots=True)
class Delimiter:
    """The mark; `runs`: several in a row are one (spaces); another usual mark that cuts the records as well."""

    mark: str
    runs: bool = False
    rival: str = ""

    @property
    def word(self) -> str:
        """The mark in words, in the plural."""
        known = USUAL | _RARE | {" ": "spaces"}
        return known.get(self.mark, f"the mark {self.mark!r}")

    def reader(self, lines: Iterable[str]) -> Any:
        """A strict reader of records (RFC 4180); raises csv.Error."""
        csv.field_size_limit(_LONGEST)
        if self.runs:
            lines = _trimmed(lines)
        return csv.reader(lines, delimiter=self.mark, strict=True, skipinitialspace=self.runs)


def _trimmed(lines: Iterable[str]) -> Iterator[str]:
    """Lines without spaces at their ends, which would be empty values."""
    for line in lines:
        text = line.rstrip("\r\n")
        yield text.rstrip(" ") + line[len(text) :]


def stated(words: str, where: str) -> Delimiter:
    """The delimiter that an address states: `;`, `tab`, `space`.

    Raises:
        DataError: it is not one character.
    """
    mark = _WORDS.get(words.lower(), words)
    if len(mark) != 1 or mark in '"\r\n\0':
        raise DataError(
            f"{words!r} is no delimiter", where=where, fix="name one character, or tab, space, comma, semicolon, bar"
        )
    return Delimiter(mark, runs=mark == " ")


def sniff(sample: str, ending: str, *, whole: bool) -> Delimiter:
    """The delimiter of a text whose first characters are `sample` (`whole`: there are no more).

    The usual mark that cuts the header and every record seen into equally many values, the most of all; else a rarer
    one that does; else the usual mark that cuts the header into most names, so that the records which do not fit are
    named as such; with none, the text has one column.
    """
    if len(sample) > _MOST:
        sample, whole = sample[:_MOST], False
    by_ending = _BY_ENDING.get(ending)
    if by_ending is not None and _names(sample, Delimiter(by_ending)) > 1:
        return Delimiter(by_ending)
    even = {mark: width for mark in USUAL if (width := _width(_cut(sample, Delimiter(mark), whole))) > 1}
    if even:
        most = max(even.values())
        alike = [mark for mark, width in even.items() if width == most]
        return Delimiter(_better(sample, alike), rival=_rival(sample, alike))
    usual = {mark: _names(sample, Delimiter(mark)) for mark in USUAL}
    most = max(usual.values())
    rare = {mark: width for mark in _RARE if (width := _width(_cut(sample, Delimiter(mark), whole))) > most}
    if rare:
        return Delimiter(max(rare, key=lambda mark: rare[mark]))
    if most <= 1 and _spaced(_cut(sample, Delimiter(" ", runs=True), whole)):
        return Delimiter(" ", runs=True)
    return Delimiter(max(usual, key=lambda mark: usual[mark]))


def _better(sample: str, alike: Sequence[str]) -> str:
    """Of marks that cut alike: not the comma, if it only stands between digits there (`1,5`)."""
    if alike[0] != "," or len(alike) == 1:
        return alike[0]
    body = sample.partition("\n")[2]
    inner = [place for place, letter in enumerate(body) if letter == ","]
    digits = all(body[place - 1 : place].isdigit() and body[place + 1 : place + 2].isdigit() for place in inner)
    return alike[1] if inner and digits else alike[0]


def _rival(sample: str, alike: Sequence[str]) -> str:
    taken = _better(sample, alike)
    return next((USUAL[mark] for mark in alike if mark != taken), "")


def _cut(sample: str, delimiter: Delimiter, whole: bool) -> list[list[str]]:
    """The records of the sample, without the last one if the text goes on; none if the quotes do not fit."""
    try:
        records = list(delimiter.reader(io.StringIO(sample, newline="")))
    except csv.Error as error:
        if whole or "end of data" not in str(error):
            return []
        records = _until_broken(sample, delimiter)
    while records and not records[-1]:
        records.pop()
    return records if whole else records[:-1]


def _until_broken(sample: str, delimiter: Delimiter) -> list[list[str]]:
    """The records before the one that the end of the sample cuts inside its quotes, and a last one to be left out."""
    records: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        records.extend(delimiter.reader(io.StringIO(sample, newline="")))
    return [*records, ["cut"]]


def _width(records: list[list[str]]) -> int:
    """Values in each record, 0 if they differ or there is nothing under the header."""
    widths = set(map(len, records))
    return widths.pop() if len(widths) == 1 and len(records) > 1 else 0


def _names(sample: str, delimiter: Delimiter) -> int:
    try:
        return len(next(delimiter.reader(io.StringIO(sample, newline="")), []))
    except csv.Error:
        return 0


def _spaced(records: list[list[str]]) -> bool:
    """Whether runs of spaces clearly separate columns: 3 or more, or 2 of which one is numbers throughout."""
    width = _width(records)
    if width < 2 or len(records) < 3:
        return False
    return width > 2 or any(all(_number(record[place]) for record in records[1:]) for place in range(width))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def first_lines(lines: Iterable[str], characters: int = 2**16) -> tuple[str, bool]:
    """About so many characters of whole lines, and whether that is all. Of wide tables, a few lines at least."""
    found: list[str] = []
    count = 0
    for line in lines:
        found.append(line)
        count += len(line)
        if count >= characters and len(found) >= _FEWEST:
            return "".join(found), False
    return "".join(found), True
