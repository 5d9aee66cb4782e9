"""Tables written in every form: what the suites of the sources read back. A table is columns of plain Python values."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Columns = Mapping[str, Sequence[Any]]

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def text(columns: Columns, delimiter: str = ",", encoding: str = "utf-8", line: str = "\n") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue().encode(encoding)


def plain_text(columns: Columns) -> bytes:
    out = io.StringIO(newline="")
    rows = [["" if value is None else str(value) for value in row] for row in zip(*columns.values(), strict=True)]
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([list(columns), *rows])
    return out.getvalue().encode()


def json_lines(columns: Columns) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in _rows(columns))


def json_document(columns: Columns) -> bytes:
    return json.dumps(_rows(columns)).encode()


def parquet(columns: Columns) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out, row_group_size=3)
    return out.getvalue()


def arrow(columns: Columns) -> bytes:
    import pyarrow as pa

    table = pa.table(dict(columns))
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)
    return out.getvalue()


def arrow_stream(columns: Columns) -> bytes:
    import pyarrow as pa

    table = pa.table(dict(columns))
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)
    return out.getvalue()


def excel(columns: Columns) -> bytes:
    return workbook({"Sheet1": [list(columns), *zip(*columns.values(), strict=True)]})


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], merged: str = "") -> bytes:
    """An .xlsx of rows of cells; `merged` is an area of the first sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        numbers = range(1, len(sheets) + 1)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
        )
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{parts}</Types>',
        )
        archive.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        named = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, sheets, strict=True)
        )
        archive.writestr("xl/workbook.xml", f'<workbook {_MAIN} xmlns:r="{_LINKS}"><sheets>{named}</sheets></workbook>')
        targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
        archive.writestr("xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")]))
        archive.writestr(  # style 1 is a date with a time
            "xl/styles.xml",
            f'<styleSheet {_MAIN}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>',
        )
        for n, rows in zip(numbers, sheets.values(), strict=True):
            areas = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged and n == 1 else ""
            cells = "".join(
                f'<row r="{place}">{"".join(_cell(value, place, at) for at, value in enumerate(row))}</row>'
                for place, row in enumerate(rows, start=1)
            )
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml", f"<worksheet {_MAIN}><sheetData>{cells}</sheetData>{areas}</worksheet>"
            )
    return out.getvalue()


def packed(kind: str, content: bytes, name: str = "t.csv") -> bytes:
    if kind == ".zst":
        import zstandard

        return zstandard.ZstdCompressor().compress(content)
    if kind == ".zip":
        return archive_of({name: content})
    pack: Callable[[bytes], bytes] = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[kind]
    return pack(content)


def archive_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


#: How to write each form that files come in, by ending; a new source adds its line.
FORMS: dict[str, Callable[[Columns], bytes]] = {
    ".csv": plain_text,
    ".jsonl": json_lines,
    ".json": json_document,
    ".parquet": parquet,
    ".arrow": arrow,
    ".arrows": arrow_stream,
    ".xlsx": excel,
}
#: What must be installed to read them.
NEEDS = {".xlsx": "python_calamine"}


def file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _rows(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{n}" Type="{_LINKS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{lines}</Relationships>'
    )


def _cell(value: Any, row: int, place: int) -> str:
    at = f"{_letters(place)}{row}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        days = (moment - datetime(1899, 12, 30)).total_seconds() / 86_400
        return f'<c r="{at}" s="1"><v>{days!r}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{at}"><v>{value!r}</v></c>'
    if str(value).startswith("#"):
        return f'<c r="{at}" t="e"><v>{value}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _letters(place: int) -> str:
    return (_letters(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)
