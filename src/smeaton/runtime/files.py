"""A program on disk: `program.json` beside its files."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import msgspec

from smeaton.errors import ProgramError
from smeaton.runtime.program import PROGRAM_FILE, Program

_KEPT: ContextVar[bool] = ContextVar("kept", default=True)


@contextmanager
def passing() -> Iterator[None]:
    """Within it nothing is put on disk for good: for folders that do not outlive this process."""
    token = _KEPT.set(False)
    try:
        yield
    finally:
        _KEPT.reset(token)


def is_kept() -> bool:
    """Whether what is written now must survive a stop of the machine."""
    return _KEPT.get()


def safe_name(name: str) -> bool:
    """Whether a file name stays inside its folder on every system: relative, `/` only, no `.` or `..`, no controls."""
    parts = name.split("/")
    return (
        bool(name)
        and name.isprintable()
        and "\\" not in name
        and ":" not in parts[0]
        and all(part not in ("", ".", "..") for part in parts)
    )


def save_program(program: Program, folder: Path) -> Path:
    """Write `program.json` into the folder that already holds the program's files; returns its path.

    Raises:
        ProgramError: a file the program names is missing, or its name leaves the folder.
    """
    check_files(program, folder)
    path = folder / PROGRAM_FILE
    form = msgspec.json.format(msgspec.json.encode(program, order="deterministic"), indent=2)
    durable_write(path, form + b"\n")
    return path


def open_program(folder: Path) -> Program:
    """Read `program.json` and check that every file it names is there.

    Raises:
        ProgramError: there is none, it is not a program, or a file is missing.
    """
    path = folder / PROGRAM_FILE
    try:
        program = msgspec.json.decode(path.read_bytes(), type=Program)
    except FileNotFoundError as error:
        raise ProgramError(
            "there is no program here", fix=f"name a folder with a {PROGRAM_FILE}", where=str(path)
        ) from error
    except msgspec.DecodeError as error:
        raise ProgramError(
            f"this is not a program: {error}", fix="export the program again", where=str(path)
        ) from error
    check_files(program, folder)
    return program


def copy_program(program: Program, source: Path, target: Path) -> Program:
    """Copy a program with its files into another folder (made if need be)."""
    check_files(program, source)
    copy_files(program.files(), source, target)
    save_program(program, target)
    return program


def copy_files(names: tuple[str, ...], source: Path, target: Path) -> None:
    """Copy files by name, making the folders they lie in; their bytes are on disk when this returns."""
    for name in names:
        goal = target / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, goal)
        flush(goal)


def check_files(program: Program, folder: Path) -> None:
    """Check that the files a program names are plain files inside its folder.

    Raises:
        ProgramError: one is missing, a link, or named so that it leaves the folder.
    """
    for name in program.files():
        if not safe_name(name):
            raise ProgramError(f"the file name {name!r} leaves the program's folder", fix="use a plain relative name")
        if not (folder / name).is_file() or (folder / name).is_symlink():
            raise ProgramError(
                f"the program names the file {name!r}, which is not there", fix="export it again", where=str(folder)
            )


def durable_write(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all, even if the machine stops: write beside, flush, rename, flush the folder."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        if is_kept():
            os.fsync(file.fileno())
    beside.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Have the system put a file's bytes, or a folder's entries, on disk."""
    if not is_kept():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_tree(folder: Path) -> None:
    """Flush every file and folder below `folder`, and the folder itself."""
    for root, _, files in os.walk(folder):
        for name in files:
            flush(Path(root, name))
        flush(Path(root))
