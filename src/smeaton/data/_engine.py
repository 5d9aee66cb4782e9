"""DuckDB with bounds: one thread (the same query gives the same rows in the same order), a memory limit beyond which it
works on disk, and, once it is shut, no way out but named files."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from smeaton.data._room import available
from smeaton.data.sources.parquet import glob_safe, quoted
from smeaton.errors import DataError
from smeaton.extras import needs

#: DuckDB is given so much of the memory that is free, and at least so many bytes.
_SHARE, _LEAST = 0.4, 128 * 10**6


@contextmanager
def open_engine(spill: Path | None = None) -> Iterator[Any]:
    """A DuckDB in memory; what does not fit is put into a folder inside `spill` (None: the system's) and removed."""
    with needs("build"):
        import duckdb
    folder = Path(tempfile.mkdtemp(prefix="duckdb-", dir=spill))
    limit = max(int(available() * _SHARE), _LEAST)
    config = {"threads": 1, "memory_limit": f"{limit}B", "temp_directory": str(folder)}
    try:
        with duckdb.connect(":memory:", config=config) as engine:
            engine.execute("SET TimeZone = 'UTC'")  # else a moment's day would depend on the machine
            yield engine
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shut(engine: Any, paths: Iterable[Path] = ()) -> None:
    """From here on the engine reads and writes nothing but `paths`. It cannot be opened again."""
    # DuckDB asks about a path both as it is written in the query and as the file is called.
    forms = dict.fromkeys(form for path in paths for form in (str(path), glob_safe(str(path))))
    listed = ", ".join(map(quoted, forms))
    engine.execute(f"SET allowed_paths = [{listed}]")
    for setting in ("python_enable_replacements", "enable_external_access"):
        engine.execute(f"SET {setting} = false")
    engine.execute("SET lock_configuration = true")


@contextmanager
def refusals(where: str, fix: str) -> Iterator[None]:
    """Turn what DuckDB says into a DataError, in its own first line."""
    with needs("build"):
        import duckdb
    try:
        yield
    except duckdb.Error as error:
        raise DataError(_words(str(error)), where=where, fix=_fix(error, fix)) from error


def _words(text: str) -> str:
    """The first line, and what DuckDB thinks was meant."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    hint = next((line for line in lines[1:] if line.startswith(("Did you mean", "Candidate bindings"))), "")
    return f"{lines[0]} {hint}".strip()


def _fix(error: Exception, fix: str) -> str:
    if type(error).__name__ != "OutOfMemoryException":
        return fix
    return "let the query hold less at once, or free memory or disk (SMEATON_MEMORY sets the limit)"


def name_in_sql(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'
