"""What a path stands for: a file, the files of a folder or of a zip archive, those a pattern matches."""

import glob
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from smeaton.data.sources import Reader
from smeaton.data.sources._address import address, is_archive
from smeaton.data.sources._columns import file_errors
from smeaton.data.sources._packed import PACKINGS, bare, endings_of, members
from smeaton.errors import DataError
from smeaton.plugins import load, names
from smeaton.task.task import Source

#: Files of a folder or an archive beyond this are too many to be parts of one table.
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """One file (or member of an archive) to read; columns whose values its folders say; what should be said."""

    path: Path
    said: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def matched(source: Source, folder: Path) -> list[Path]:
    """The paths a source names, patterns resolved, each pattern's files in order of name.

    Raises:
        DataError: a pattern matches nothing, or a form of address that is not read.
    """
    found: list[Path] = []
    for name in source.files:
        if "://" in name:
            raise DataError("only local files are read", where=name, fix="fetch the file and give its path")
        path = folder / Path(name).expanduser()
        if path.exists() or not glob.has_magic(name) or address(path).file.exists():
            found.append(path)
            continue
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True) if Path(match).is_file())
        if not matches:
            raise DataError("no file matches this pattern", where=str(path), fix="correct the pattern")
        found.extend(matches)
    if not found:
        raise DataError("the source names no files", fix="give `data` a path, a pattern or a query")
    return found


def expanded(path: Path) -> list[Found]:
    """The files behind a path: those of a folder or an archive, which must be of one form; else the file itself.

    Raises:
        DataError: a folder or an archive holds no table, or files of several forms.
    """
    if path.is_dir():
        return _of_folder(path)
    found = address(path)
    if is_archive(found.file) and not found.part:
        with file_errors(path):
            return _of_archive(path)
    return [Found(path)]


def reader_of(path: Path) -> Reader:
    """The reader of a file, chosen by its ending.

    Raises:
        DataError: no reader takes files of this ending.
    """
    reader = _reader(address(path).name)
    if reader is not None:
        return reader
    forms: list[str] = []
    for other in _readers().values():
        forms += [suffix for suffix in other.suffixes if not suffix.endswith(tuple(PACKINGS))]
    name = address(path).name
    inner = _reader(bare(name))
    if inner is not None:
        raise DataError(
            f"{Path(bare(name)).suffix} files are not read packed", where=str(path), fix="unpack it and give the file"
        )
    raise DataError(
        "files of this kind are not read",
        where=str(path),
        fix=f"give one of: {', '.join(forms)}; text forms also with {', '.join(PACKINGS)}; or a .zip of them",
    )


def _readers() -> dict[str, Reader]:
    return {name: load("sources", name) for name in names("sources")}


def _reader(name: str) -> Reader | None:
    return next((reader for reader in _readers().values() if name.endswith(reader.suffixes or ("\0",))), None)


def _of_folder(folder: Path) -> list[Found]:
    """All tables in a folder and the folders in it; names like `year=2024` are columns (as Hive writes them)."""
    with file_errors(folder):
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder)))
    kept, left = _of_one_form(str(folder), {str(path.relative_to(folder)): path for path in files})
    said = [_partitions(path.relative_to(folder)) for path in kept]
    if len({tuple(one) for one in said}) > 1:
        raise DataError(
            "its folders do not name the same columns (`name=value`)", where=str(folder), fix="name files by a pattern"
        )
    about = f"{folder.name}: {len(kept)} {'/'.join(endings_of(path.name for path in kept))} files"
    columns = f", with the columns {', '.join(map(repr, said[0]))} from the names of its folders" if said[0] else ""
    notes = (about + columns + left,)
    return [Found(path, said[place], notes if place == 0 else ()) for place, path in enumerate(kept)]


def _of_archive(path: Path) -> list[Found]:
    inside = {name: Path(f"{path}#{name}") for name in sorted(members(path))}
    kept, left = _of_one_form(str(path), inside)
    if len(kept) == 1 and not left:
        return [Found(kept[0])]
    shown = ", ".join(address(one).part for one in kept[:6]) + (", ..." if len(kept) > 6 else "")
    note = f"{path.name}: {len(kept)} {'files' if len(kept) > 1 else 'file'} ({shown}){left}"
    return [Found(one, {}, (note,) if number == 0 else ()) for number, one in enumerate(kept)]


def _of_one_form(where: str, files: dict[str, Path]) -> tuple[list[Path], str]:
    """The tables among the files, and words about the others.

    Raises:
        DataError: there are none, too many, or of several forms.
    """
    forms = {name: _reader(name.lower()) for name in files}
    kept = [name for name, reader in forms.items() if reader is not None]
    if not kept:
        shown = ", ".join(list(files)[:6]) or "it is empty"
        raise DataError(f"it holds no table ({shown})", where=where, fix="name a file that holds rows")
    if len(kept) > _MOST_FILES:
        raise DataError(f"it holds {len(kept):,} files", where=where, fix=f"join them to {_MOST_FILES:,} or fewer")
    # A .txt beside a .csv tells about it far more often than it continues it.
    kinds = {(id(forms[name]), bare(name.lower()).endswith(".txt")) for name in kept}
    if len(kinds) > 1:
        raise DataError(
            f"it holds tables of several forms: {', '.join(endings_of(kept))}",
            where=where,
            fix=f"name those that are meant, for example {_example(where, kept[0])}",
        )
    read = set(kept)
    left = [name for name in files if name not in read]
    return [files[name] for name in kept], f"; not read: {_listed(left)}" if left else ""


def _example(where: str, name: str) -> str:
    return f"{where}#{name}" if is_archive(Path(where)) else f"{where}/*{Path(name).suffix}"


def _listed(names_: Iterable[str]) -> str:
    shown = list(names_)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _partitions(path: Path) -> dict[str, str]:
    """`year=2024/part.parquet`: the column year with one value (`%2F` and the like stand for themselves)."""
    from urllib.parse import unquote

    pairs = [part.split("=", maxsplit=1) for part in path.parts[:-1] if "=" in part]
    return {unquote(name): unquote(value) for name, value in pairs if name}
