"""How far the cells of a workbook reach, read before a sheet is opened: its reader takes memory for the whole rectangle
up to the farthest cell, and two cells in opposite corners of an .xlsx would ask for half a terabyte.

The forms are those of ECMA-376 (sheets of .xlsx and .xlsm), MS-XLSB (records of .xlsb) and OpenDocument 1.3 (repeated
rows and cells of .ods). An .xls holds 65,536 rows of 256 columns at most.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from smeaton.data._room import available
from smeaton.errors import DataError

#: Bytes that the reader takes for one cell of the rectangle, with what Python makes of it.
_CELL = 64
_BLOCK = 2**20
_XLSX = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>')
_ODS = re.compile(rb"<(/?)table:(table-row|covered-table-cell|table-cell|table)(?=[\s/>])([^>]*)>")
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="([0-9]{1,9})"')
#: Records of .xlsb: the start of a row, and the cells that hold something.
_ROW, _CELLS = 0, range(2, 12)


def check_area(file: Path) -> None:
    """Refuse a workbook whose cells reach farther than half of the free memory holds.

    Raises:
        DataError: with the row and column of the farthest cells.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if name.startswith("xl/worksheets/") and name.endswith((".xml", ".bin")):
                    with archive.open(name) as sheet:
                        _check(file, *(_of_xlsx(sheet) if name.endswith(".xml") else _of_xlsb(sheet)))
                elif name == "content.xml":
                    with archive.open(name) as sheet:
                        _check(file, *_of_ods(sheet))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, struct.error):
        return  # what is damaged is refused by the reader, in its words


def _check(file: Path, rows: int, columns: int) -> None:
    if rows * columns * _CELL > available() // 2:
        raise DataError(
            f"its cells reach to row {rows:,} and column {columns:,}: more than the memory holds",
            where=str(file),
            fix="delete the cells far from the table, or export it as CSV",
        )


def _tokens(sheet: IO[bytes], pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """Matches of a pattern of tags, also those across blocks."""
    rest = b""
    while block := sheet.read(_BLOCK):
        text = rest + block
        end = text.rfind(b">") + 1
        yield from pattern.finditer(text, 0, end)
        rest = text[end:][-_BLOCK:]


def _of_xlsx(sheet: IO[bytes]) -> tuple[int, int]:
    rows, widest = 0, b""
    for cell in _tokens(sheet, _XLSX):
        if cell[0].endswith(b"/>"):
            continue  # a format without a value
        rows = max(rows, int(cell[2]))
        widest = max(widest, cell[1], key=lambda letters: (len(letters), letters))
    columns = 0
    for letter in widest:
        columns = columns * 26 + letter - ord("A") + 1
    return rows, columns


def _of_xlsb(sheet: IO[bytes]) -> tuple[int, int]:
    rows = columns = row = 0
    while (kind := _variable(sheet, 2)) is not None:
        size = _variable(sheet, 4) or 0
        content = sheet.read(size)
        if kind == _ROW:
            row = struct.unpack_from("<I", content)[0] + 1
        elif kind in _CELLS:
            rows, columns = max(rows, row), max(columns, struct.unpack_from("<I", content)[0] + 1)
    return rows, columns


def _variable(sheet: IO[bytes], most: int) -> int | None:
    """A number in groups of seven bits; of a record's type, the group's highest bits count too (MS-XLSB 2.1.4)."""
    value = 0
    for place in range(most):
        byte = sheet.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << (7 * place)
        if not byte[0] & 0x80:
            break
    return value


def _of_ods(sheet: IO[bytes]) -> tuple[int, int]:
    """The widest and longest rectangle up to a cell with a value; what is repeated counts as often."""
    most = (0, 0)
    row = rows = columns = place = reach = times = 0
    for tag in _tokens(sheet, _ODS):
        closing, kind, said = tag[1] == b"/", tag[2], tag[3]
        count = int(found[1]) if (found := _REPEATED.search(said)) else 1
        if kind == b"table" and not closing:
            row = rows = columns = 0
        elif kind == b"table-row" and not closing:
            place = reach = 0
            times = count
        if kind.endswith(b"table-cell") and not closing:
            place += count
            reach = place if b"office:value" in said or b"office:string" in said else reach
        if kind == b"table-row" and (closing or said.endswith(b"/")):
            row += times
            rows, columns = (row, max(columns, reach)) if reach else (rows, columns)
            most = max(most, (rows, columns), key=lambda area: area[0] * area[1])
    return most
