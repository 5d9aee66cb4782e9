"""Generated files that nobody should have to read: each follows from its seed alone, on every machine.

A case is a table of odd columns, written in some form, and then damaged; or a thing that only looks like a file.
"""

import contextlib
import gzip
import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostile_cells import Cell, Draw, Odd, odd_table


@dataclass(frozen=True, slots=True)
class Case:
    """One case: the path to build from, the column to predict (None: none is named), and in words what is wrong."""

    seed: int
    path: Path
    target: str | None
    what: str


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else str(cell)


def _delimited(table: Odd, draw: Draw, delimiter: str) -> bytes:
    quoting = draw.choice(("always", "needed", "needed") if draw.random() < 0.9 else ("never", "open"))
    end = draw.choice(("\n", "\n", "\r\n", "\r"))
    table.what.append(f"quoted {quoting}, lines end in {end!r}")

    def cell(value: Cell) -> str:
        text = _plain(value)
        if quoting == "always" or (quoting == "needed" and any(mark in text for mark in f'{delimiter}"\n\r')):
            return '"' + text.replace('"', '""') + '"'
        return f'"{text}' if quoting == "open" and draw.random() < 0.02 else text

    lines = [delimiter.join(cell(value) for value in row) for row in (table.names, *table.rows)]
    return _encoded(end.join(lines) + draw.choice((end, "", end * 3)), table, draw)


def _encoded(text: str, table: Odd, draw: Draw) -> bytes:
    choices = ("utf-8",) * 7 + (
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-32",
        "latin-1",
        "cp1252",
        "shift_jis",
        "koi8-r",
    )
    encoding = draw.choice(choices)
    table.what.append(encoding)
    return text.encode(encoding, "replace" if encoding[:3] != "utf" else "surrogatepass")


def _json_rows(table: Odd) -> list[dict[str, Cell]]:
    return [dict(zip(table.names, row, strict=False)) for row in table.rows]


def _jsonl(table: Odd, draw: Draw) -> bytes:
    lines = [json.dumps(row, ensure_ascii=draw.random() < 0.5, default=str) for row in _json_rows(table)]
    if draw.random() < 0.2:
        lines.insert(len(lines) // 2, draw.choice(("", "[]", "1", "null", "{", '{"a":1}{"a":2}', "//", "{'a': 1}")))
    return _encoded("\n".join(lines) + "\n", table, draw)


def _json(table: Odd, draw: Draw) -> bytes:
    rows = _json_rows(table)
    columns = {name: [row.get(name) for row in rows] for name in table.names}
    deep: Any = rows
    for _ in range(draw.choice((0, 0, 1))):
        deep = {"data": deep}
    form = draw.choice((rows, rows, columns, deep, [list(row.values()) for row in rows], {"a": 1}, 7, None))
    text = json.dumps(form, default=str)
    if draw.random() < 0.1:
        text = "[" * 100_000
        table.what.append("very deep")
    return _encoded(text, table, draw)


def _arrow_columns(table: Odd, draw: Draw) -> Any:
    import pyarrow as pa

    arrays = []
    for number in range(len(table.names)):
        values = [row[number] if number < len(row) else None for row in table.rows]
        try:
            arrays.append(pa.array(values))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            arrays.append(pa.array([None if value is None else _plain(value) for value in values]))
    return pa.table(arrays, names=table.names)


def _parquet(table: Odd, draw: Draw) -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(_arrow_columns(table, draw), buffer, row_group_size=draw.choice((7, 10_000)))
    return buffer.getvalue()


def _arrow(table: Odd, draw: Draw) -> bytes:
    import pyarrow as pa

    buffer = io.BytesIO()
    found = _arrow_columns(table, draw)
    with draw.choice((pa.ipc.new_file, pa.ipc.new_stream))(buffer, found.schema) as writer:
        writer.write_table(found)
    return buffer.getvalue()


def _xlsx(table: Odd, draw: Draw) -> bytes:
    """The least workbook that Excel opens, with formulas as such."""

    def cell(value: Cell) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"<c><v>{value}</v></c>"
        text = _plain(value).replace("&", "&amp;").replace("<", "&lt;")
        text = "".join(mark for mark in text if mark >= " " or mark in "\n\t")
        if text.startswith("="):
            return f"<c><f>{text[1:]}</f><v>2</v></c>"
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in (table.names, *table.rows))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{rel}/'
        'officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="S" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    return _zipped(parts)


def _zipped(parts: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


_FORMS: dict[str, Callable[[Odd, Draw], bytes]] = {
    ".csv": lambda table, draw: _delimited(table, draw, draw.choice((",", ",", ",", ";", "\t", "|", "::", " "))),
    ".tsv": lambda table, draw: _delimited(table, draw, "\t"),
    ".jsonl": _jsonl,
    ".json": _json,
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".xlsx": _xlsx,
}


def _cut(body: bytes, draw: Draw) -> bytes:
    return body[: draw.randint(0, len(body))]


def _flip(body: bytes, draw: Draw) -> bytes:
    changed = bytearray(body)
    for _ in range(draw.choice((1, 5, 50))):
        if changed:
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _zeros(body: bytes, draw: Draw) -> bytes:
    place = draw.randint(0, len(body))
    return body[:place] + b"\0" * draw.choice((1, 100, 5_000)) + body[place:]


def _hole(body: bytes, draw: Draw) -> bytes:
    place = draw.randint(0, len(body))
    return body[:place] + body[place + draw.randint(1, 500) :]


def _garbage(body: bytes, draw: Draw) -> bytes:
    return body + draw.randbytes(draw.choice((1, 50, 3_000)))


def _front(body: bytes, draw: Draw) -> bytes:
    return (
        draw.choice((b"PK\x03\x04", b"\x1f\x8b\x08", b"PAR1", b"\x28\xb5\x2f\xfd", b"%PDF-", b"sep=;\n", b"#x\n\n"))
        + body
    )


def _repeat(body: bytes, draw: Draw) -> bytes:
    return body * 2


_DAMAGE = (_cut, _flip, _zeros, _hole, _garbage, _front, _repeat)


def _pack(body: bytes, name: str, draw: Draw) -> tuple[bytes, str]:
    """The bytes packed in some way, with the ending that goes with it, or another."""
    way = draw.choice(
        ("gz", "gz", "zip", "gz twice", "gz cut", "zip of many", "zip of none", "zip that leads out", "lies")
    )
    if way == "gz":
        return gzip.compress(body, mtime=0), f"{name}.gz"
    if way == "gz twice":
        return gzip.compress(gzip.compress(body, mtime=0), mtime=0), f"{name}.gz"
    if way == "gz cut":
        return gzip.compress(body, mtime=0)[:-9], f"{name}.gz"
    if way == "zip":
        return _zipped({name: body}), f"{name}.zip"
    if way == "zip of many":
        return _zipped({name: body, f"2-{name}": body, "read.me": b"x"}), f"{name}.zip"
    if way == "zip of none":
        return _zipped({}), f"{name}.zip"
    if way == "zip that leads out":
        return _zipped({f"../../{name}": body, f"/tmp/{name}": body}), f"{name}.zip"
    return body, f"{name}.gz"


def _thing(folder: Path, draw: Draw) -> tuple[Path, str]:
    """A thing with a file's name that is none, or one of another kind than it says."""
    what = draw.choice(
        (
            "link to itself",
            "links in a ring",
            "folder",
            "pipe",
            "empty",
            "link to nothing",
            "bomb gz",
            "bomb zip",
            "zeros",
            "noise",
            "null device",
            "a shell script",
            "no ending",
            "folder of files",
            "random device",
            "spaces",
        )
    )
    path = folder / draw.choice(("x.csv", "x.jsonl", "x.parquet", "x.json", "x.tsv"))
    table = b"a,target\n" + b"".join(b"%d,%s\n" % (row, (b"yes", b"no")[row % 2]) for row in range(50))
    if what == "link to itself":
        path.symlink_to(path.name)
    elif what == "links in a ring":
        (folder / "y.csv").symlink_to(path)
        path.symlink_to(folder / "y.csv")
    elif what == "folder":
        path.mkdir()
    elif what == "folder of files":
        path.mkdir()
        (path / "part.csv").write_bytes(table)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "link to nothing":
        path.symlink_to(folder / "nowhere")
    elif what == "null device":
        path.symlink_to("/dev/null")
    elif what == "random device":
        path.symlink_to("/dev/urandom")
    elif what.startswith("bomb"):
        zeros = b"0" * 80_000_000
        path = folder / f"x.csv.{what[5:]}"
        path.write_bytes(gzip.compress(zeros, 9, mtime=0) if what == "bomb gz" else _zipped({"x.csv": zeros}))
    elif what == "no ending":
        path = folder / "table"
        path.write_bytes(table)
    else:
        contents = {
            "zeros": b"\0" * 100_000,
            "noise": draw.randbytes(100_000),
            "a shell script": b"#!/bin/sh\nexit 1\n",
        }
        path.write_bytes(contents.get(what, b" \n" * 500 if what == "spaces" else b""))
    return path, what


_FILE_NAMES = (
    "new\nline",
    " ",
    "-rf",
    "a'b\"c",
    "名前",
    "🦊",
    "x" * 200,
    "a*b?[c]",
    "$(id)",
    "..",
    "%20",
    "\udcff\udcfe",
    "\u202e",
)


def make(seed: int, folder: Path) -> Case:
    """Write the case of a seed into an empty folder."""
    draw = random.Random(seed)
    if draw.random() < 0.08:
        path, what = _thing(folder, draw)
        return Case(seed, path, "target", what)
    table, target = odd_table(draw)
    ending = draw.choice(
        (".csv",) * 8 + (".tsv", ".jsonl", ".jsonl", ".json", ".json", ".parquet", ".parquet", ".arrow", ".xlsx")
    )
    body = _FORMS[ending](table, draw)
    what = [ending, *table.what]
    if draw.random() < 0.25:
        for damage in draw.choices(_DAMAGE, k=draw.choice((1, 1, 2))):
            body = damage(body, draw)
            what.append(f"damage {damage.__name__[1:]}")
    stem = draw.choice(_FILE_NAMES) if draw.random() < 0.06 else "table"
    name = f"{stem}{ending}"
    if draw.random() < 0.12:
        body, name = _pack(body, f"table{ending}", draw)
        what.append(f"as {name}")
    path = folder / (name if name.strip(".") else f"x{name}")
    try:
        path.write_bytes(body)
    except OSError:  # a file system that does not take the name
        path = folder / f"table{ending}"
        path.write_bytes(body)
    with contextlib.suppress(UnicodeEncodeError):
        what.append(f"called {path.name!r}")
    return Case(seed, path, target, ", ".join(what))
