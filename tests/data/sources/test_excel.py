import io
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.data.sources._write import archive_of, file, workbook

from smeaton.data.read import read, read_chunks
from smeaton.data.sources import _excel_area, excel
from smeaton.errors import DataError, ExtraMissing

NAMES = ["n", "half", "word", "flag", "when"]
ROWS = [[1, 2.5, "x", True, datetime(2026, 1, 2, 3, 4, 5)], [3, None, "#N/A", None, None]]


@pytest.fixture(autouse=True)
def calamine() -> None:
    pytest.importorskip("python_calamine")


def test_values_keep_their_types(tmp_path: Path) -> None:
    raw = read(file(tmp_path, "b.xlsx", workbook({"S": [NAMES, *ROWS]})), tmp_path)
    assert raw.table["n"].dtype == np.int64
    assert raw.table["n"].tolist() == [1, 3]
    np.testing.assert_array_equal(raw.table["half"], [2.5, np.nan])
    assert raw.table["word"].tolist() == ["x", None]
    assert raw.table["flag"].tolist() == [True, None]
    np.testing.assert_array_equal(raw.table["when"], np.array(["2026-01-02T03:04:05", "NaT"], dtype="datetime64[us]"))
    assert raw.notes == ()


def test_mixed_cells_stay_what_they_are(tmp_path: Path) -> None:
    cells = [["a", "b"], [1, 1], ["x", 2], [date(2026, 1, 2), None]]
    table = read(file(tmp_path, "b.xlsx", workbook({"S": cells})), tmp_path).table
    assert table["a"].tolist() == [1, "x", "2026-01-02"]
    assert table["b"].tolist() == [1, 2, None]


def test_the_first_sheet_with_cells_or_the_one_named(tmp_path: Path) -> None:
    sheets = {"Empty": [], "S 1": [["a"], [1]], "#2": [["b"], [2]]}
    path = file(tmp_path, "b.xlsx", workbook(sheets))
    raw = read(path, tmp_path)
    assert raw.table["a"].tolist() == [1]
    assert raw.notes == (
        "b.xlsx: the sheet 'S 1' is read; there is also 'Empty', '#2' (write b.xlsx#NAME for another)",
    )
    assert raw.place(0) == f"{path}#S 1, row 2"
    assert read("b.xlsx##2", tmp_path).table["b"].tolist() == [2]
    assert [len(chunk) for chunk in read_chunks(Path(f"{path}#S 1"), 5)] == [1]
    with pytest.raises(DataError, match="there is no sheet 's 1'; did you mean 'S 1'"):
        read("b.xlsx#s 1", tmp_path)


def test_a_table_may_stand_anywhere(tmp_path: Path) -> None:
    cells = [[None], [None, "a", None, "b"], [None, 1, 2, 3], [None, 4, None, 6], [None]]
    raw = read(file(tmp_path, "b.xlsx", workbook({"S": cells})), tmp_path)
    assert {name: column.tolist() for name, column in raw.table.items()} == {
        "a": [1, 4],
        "column_3": [2, None],
        "b": [3, 6],
    }
    assert "column 3 has no name" in raw.notes[0]
    assert raw.place(1).endswith("#S, row 4")


BAD = {
    "a title": ([["Sales"], [], NAMES, *ROWS], "", "row 1 fills 1 of 5 columns", "row 1"),
    "merged cells": ([["Sales", None], ["a", "b"], [1, 2]], "A1:B1", "merged in row 1", "row 1"),
    "an empty row": ([["a", "b"], [1, 2], [], [3, 4]], "", "row is empty", "row 3"),
    "numbers on top": ([[1, 2], [1, 2]], "", "numbers where the column names", "row 1"),
    "a name twice": ([["a", "a"], [1, 2]], "", "'a' appears 2 times", "row 1"),
    "no cells": ([], "", "no cells", "b.xlsx"),
}


@pytest.mark.parametrize("name", BAD)
def test_sheets_that_are_no_table_are_refused_with_the_row(tmp_path: Path, name: str) -> None:
    cells, merged, words, place = BAD[name]
    path = file(tmp_path, "b.xlsx", workbook({"S": cells}, merged))
    with pytest.raises(DataError, match=words) as caught:
        read(path, tmp_path)
    assert caught.value.where.endswith(place)
    assert caught.value.fix


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "_FREE", 1_000)
    monkeypatch.setattr(excel, "_MOST_TIMES", 2)
    path = file(tmp_path, "b.xlsx", workbook({"S": [["a"], *([0] for _ in range(3_000))]}))
    with pytest.raises(DataError, match="more than 2 times its size"):
        read(path, tmp_path)


def test_cells_in_opposite_corners_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """The reader would ask for half a terabyte, and the process would end without a word."""
    content = workbook({"S": [["a"], [1]]})
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = file(tmp_path, "b.xlsx", with_sheet(content, b"</sheetData>", far))
    with pytest.raises(DataError, match="reach to row 1,048,576 and column 16,384") as caught:
        read(path, tmp_path)
    assert caught.value.fix
    empty = b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    path = file(tmp_path, "b.xlsx", with_sheet(content, b"</sheetData>", empty))
    assert read(path, tmp_path).table["a"].tolist() == [1]


def with_sheet(content: bytes, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["xl/worksheets/sheet1.xml"] = files["xl/worksheets/sheet1.xml"].replace(old, new)
    return archive_of(files)


def test_how_far_the_cells_of_other_forms_reach() -> None:
    def record(kind: int, content: bytes) -> bytes:
        return bytes([kind, len(content)]) + content

    rows = [record(0, struct.pack("<II", 9, 0)), record(2, struct.pack("<IId", 4, 0, 0.5)), record(1, bytes(8))]
    long = bytes([0x93, 0x01, 0x84, 0x01]) + bytes(132)  # a type and a size of two bytes each
    assert _excel_area._of_xlsb(io.BytesIO(long + b"".join(rows))) == (10, 5)
    cells = (
        '<table:table><table:table-row table:number-rows-repeated="3"><table:table-cell office:value="1" '
        'table:number-columns-repeated="4"/><table:table-cell table:number-columns-repeated="16380"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048573"><table:table-cell/></table:table-row></table:table>'
    )
    assert _excel_area._of_ods(io.BytesIO(cells.encode())) == (3, 4)


def test_other_endings(tmp_path: Path) -> None:
    content = workbook({"S": [["a"], [1]]})
    assert read(file(tmp_path, "b.xlsm", content), tmp_path).table["a"].tolist() == [1]
    cells = "".join(f"<table:table-row>{cell}</table:table-row>" for cell in (_ods("a"), _ods(1.5), _ods("x")))
    space = "urn:oasis:names:tc:opendocument:xmlns"
    body = (
        f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet><table:table table:name="S">{cells}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    path = file(
        tmp_path,
        "b.ods",
        archive_of({"mimetype": kind, "META-INF/manifest.xml": b"<a/>", "content.xml": body.encode()}),
    )
    assert read(path, tmp_path).table["a"].tolist() == [1.5, "x"]
    with pytest.raises(DataError, match="not readable as a workbook"):
        read(file(tmp_path, "b.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), tmp_path)


def _ods(value: str | float) -> str:
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def test_without_calamine_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(ExtraMissing, match="excel") as caught:
        read(file(tmp_path, "b.xlsx", workbook({"S": [["a"], [1]]})), tmp_path)
    assert "smeaton[excel]" in caught.value.fix
