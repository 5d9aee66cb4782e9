"""Arrow and Feather files (the Arrow IPC format, file and stream): columns keep their types."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from smeaton.data.sources import Chunk
from smeaton.data.sources._address import no_part
from smeaton.data.sources._arrow import arrow_column
from smeaton.data.sources._columns import choose, file_errors, plain_file
from smeaton.errors import DataError
from smeaton.extras import needs

_FIX = "write the file again, or give CSV, JSON lines or Parquet"


class Arrow:
    """Reads `.arrow`, `.feather`, `.ipc` and `.arrows` through pyarrow."""

    suffixes = (".arrow", ".feather", ".ipc", ".arrows")

    def takes(self, thing: object) -> bool:
        """Files only: tables in memory are read by `memory`."""
        return False

    def chunks(self, thing: Path, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Rows of a file, batch by batch as they were written."""
        with needs("arrow"):
            import pyarrow
        no_part(thing)
        plain_file(thing)
        with file_errors(thing):
            try:
                with pyarrow.OSFile(str(thing), "rb") as stream:
                    yield from _chunks(thing, stream, rows, columns)
            except (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
                if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
                    raise
                words = (str(error) or type(error).__name__).splitlines()[0]
                raise DataError(f"not readable as Arrow: {words}", where=str(thing), fix=_FIX) from error

    def place(self, thing: Path, row: int) -> str:
        """`file, row n`, counted from 1: the format has no lines."""
        return f"{thing}, row {row + 1}"


def _chunks(path: Path, stream: Any, rows: int | None, columns: Sequence[str] | None) -> Iterator[Chunk]:
    import pyarrow

    schema, batches = _batches(path, stream)
    chosen = choose(schema.names, columns, str(path))
    if rows is None:
        whole = pyarrow.Table.from_batches([_valid(batch) for batch in batches], schema=schema)
        yield Chunk({name: arrow_column(whole.column(name)) for name in chosen})
        return
    empty = True
    for batch in batches:
        _valid(batch)
        for start in range(0, batch.num_rows, rows):
            piece = batch.slice(start, rows)
            yield Chunk({name: arrow_column(piece.column(name)) for name in chosen})
            empty = False
    if empty:
        yield Chunk({name: arrow_column(pyarrow.array([], schema.field(name).type)) for name in chosen})


def _batches(path: Path, stream: Any) -> tuple[Any, Iterator[Any]]:
    from pyarrow import ipc

    start = stream.read(8)
    stream.seek(0)
    if not start:
        raise DataError("the file is empty", where=str(path), fix=_FIX)
    if start.startswith(b"FEA1"):
        raise DataError("this is Feather of version 1", where=str(path), fix="write it again as Feather 2 or Parquet")
    if not start.startswith(b"ARROW1"):
        reader = ipc.open_stream(stream)
        return reader.schema, iter(reader)
    file = ipc.open_file(stream)
    return file.schema, (file.get_batch(number) for number in range(file.num_record_batches))


def _valid(batch: Any) -> Any:
    """The batch, once its offsets and texts are known to lie inside it: a damaged one would be read out of bounds."""
    batch.validate(full=True)
    return batch


part = Arrow()
