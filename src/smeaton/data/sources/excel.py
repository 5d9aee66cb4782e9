"""Excel and OpenDocument workbooks: the first sheet with cells, or `book.xlsx#Sheet`; values keep their types.

A sheet is a table if its first row that is not empty names the columns: a title above them, empty rows inside and
merged cells are refused with their row, for nobody can say what they mean.
"""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from smeaton.data.sources import Chunk
from smeaton.data.sources._address import address
from smeaton.data.sources._columns import EXACT, choose, file_errors, moments, native, nearest, plain_file
from smeaton.data.sources._excel_area import check_area
from smeaton.data.sources._json import slices
from smeaton.errors import DataError
from smeaton.extras import needs
from smeaton.task.table import object_column

#: A workbook that says it unpacks to more than this many times its size, and to more than `_FREE` bytes, is a bomb.
_MOST_TIMES = 500
_FREE = 2**28


class Excel:
    """Reads `.xlsx`, `.xlsm`, `.xlsb`, `.xls` and `.ods` through python-calamine."""

    suffixes = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

    def takes(self, thing: object) -> bool:
        """Files only."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a sheet. A sheet is read whole: the formats do not stream, and hold 1,048,576 rows at most."""
        plain_file(thing)
        with file_errors(address(thing).file):
            name, grid, notes = _sheet(thing)
        where = f"{address(thing).file}#{name}"
        names, body, top = _split(where, grid, notes)
        chosen = choose(names, columns, f"{where}, row {top}")
        place_of = {name: place for place, name in enumerate(names)}
        table = {name: _column([row[place_of[name]] for row in body]) for name in chosen}
        yield from slices(table, len(body), rows, tuple(notes))

    def place(self, thing: Path, row: int) -> str:
        """`book.xlsx#Sheet, row n`: the row as the workbook counts it."""
        with file_errors(address(thing).file):
            name, grid, _ = _sheet(thing)
        where = f"{address(thing).file}#{name}"
        _, _, top = _split(where, grid, [])
        return f"{where}, row {top + 1 + row}"


def _sheet(path: Path) -> tuple[str, list[list[Any]], list[str]]:
    """Name and cells of the sheet that is meant, from its first cell on, and what should be said."""
    with needs("excel"):
        import python_calamine as calamine
    found = address(path)
    _no_bomb(found.file)
    check_area(found.file)
    try:
        with calamine.CalamineWorkbook.from_path(str(found.file)) as book:
            names = list(book.sheet_names)
            if found.part:
                if found.part not in names:
                    raise DataError(
                        f"there is no sheet {found.part!r}; {nearest(found.part, names)}",
                        where=str(path),
                        fix="correct the sheet's name after the #",
                    )
                return found.part, _grid(book, found.part, path), []
            for name in names:
                grid = _grid(book, name, path)
                if grid:
                    others = [other for other in names if other != name]
                    return name, grid, [_about_sheets(found.file.name, name, others)] if others else []
    except calamine.PasswordError as error:
        raise DataError("the workbook asks for a password", where=str(path), fix="save it without one") from error
    except (calamine.CalamineError, ValueError, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise _unreadable(path, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what the package's Rust code raises on some damaged files
            raise
        raise _unreadable(path, error) from error
    raise DataError("the workbook holds no cells", where=str(path), fix="give a workbook with a table")


def _about_sheets(file: str, name: str, others: Sequence[str]) -> str:
    shown = ", ".join(repr(other) for other in others[:6]) + (", ..." if len(others) > 6 else "")
    return f"{file}: the sheet {name!r} is read; there is also {shown} (write {file}#NAME for another)"


def _unreadable(path: Path, error: BaseException) -> DataError:
    words = (str(error) or type(error).__name__).splitlines()[0]
    return DataError(
        f"not readable as a workbook: {words}", where=str(path), fix="save it again as .xlsx, or export it as CSV"
    )


def _no_bomb(file: Path) -> None:
    """Refuse what says that it unpacks to far more than a workbook does; a workbook that is no zip passes."""
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # .xls is another container; what is damaged is refused by its reader
    if size > _FREE and size > _MOST_TIMES * file.stat().st_size:
        raise DataError(
            f"it unpacks to more than {_MOST_TIMES} times its size", where=str(file), fix="export the sheet as CSV"
        )


def _grid(book: Any, name: str, path: Path) -> list[list[Any]]:
    """The rows of a sheet, counted from its first; none if it is no worksheet or has no cells.

    Raises:
        DataError: merged cells.
    """
    try:
        sheet = book.get_sheet_by_name(name)
    except Exception as error:
        if type(error).__name__ == "WorksheetNotFound":  # a sheet of charts
            return []
        raise
    if sheet.start is None:
        return []
    wide = [area for area in sheet.merged_cell_ranges or [] if area[0] != area[1]]
    if wide:
        row = min(area[0][0] for area in wide) + 1
        raise DataError(
            f"cells are merged in row {row}",
            where=f"{path if '#' in path.name else f'{path}#{name}'}, row {row}",
            fix="take the merging back; delete rows of titles above the column names",
        )
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    return rows


def _split(where: str, grid: list[list[Any]], notes: list[str]) -> tuple[list[str], list[list[Any]], int]:
    """Column names, the rows under them, and the row of the names, counted from 1."""
    full = [number for number, row in enumerate(grid) if any(cell != "" for cell in row)]
    if not full:
        raise DataError("the sheet holds no cells", where=where, fix="name another sheet: FILE#SHEET")
    top, last = full[0], full[-1]
    used = [place for row in (grid[number] for number in full) for place, cell in enumerate(row) if cell != ""]
    left, right = min(used), max(used) + 1
    header = grid[top][left:right]
    body = [row[left:right] for row in grid[top + 1 : last + 1]]
    held = [cell for cell in header if cell != ""]
    if len(held) * 2 <= right - left and right - left > 1:
        raise DataError(
            f"row {top + 1} fills {len(held)} of {right - left} columns: it is a title, not the column names",
            where=f"{where}, row {top + 1}",
            fix="delete the rows above the column names",
        )
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in held):
        raise DataError(
            "the first row holds numbers where the column names must be",
            where=f"{where}, row {top + 1}",
            fix="put a row with the column names on top",
        )
    if len(body) + 1 != len(full):
        gap = next(number for number, row in enumerate(body, start=top + 2) if all(cell == "" for cell in row))
        raise DataError("the row is empty", where=f"{where}, row {gap}", fix="remove the empty row")
    names = []
    for place, cell in enumerate(header):
        if cell == "":
            notes.append(f"{where}: column {left + place + 1} has no name; it is called 'column_{left + place + 1}'")
        names.append(_text(cell) if cell != "" else f"column_{left + place + 1}")
    return names, body, top + 1


def _column(cells: Sequence[Any]) -> Any:
    """Cells of one column: numbers, moments, texts; a mixed one as objects of these. An empty cell is null.

    A workbook knows no integers: numbers that are all whole are integers here.
    """
    values = [None if cell == "" else _text(cell) if isinstance(cell, time | timedelta) else cell for cell in cells]
    held = [value for value in values if value is not None]
    dates = sum(isinstance(value, date) for value in held)
    if dates and dates < len(held):
        return object_column([value.isoformat() if isinstance(value, date) else value for value in values])
    if all(_whole(value) for value in held if isinstance(value, float)):
        values = [int(value) if isinstance(value, float) else value for value in values]
    return moments(native(values))


def _whole(value: float) -> bool:
    return value.is_integer() and abs(value) <= EXACT


def _text(cell: Any) -> str:
    return cell.isoformat() if isinstance(cell, time | date) else str(cell)


part = Excel()
