"""What stands around a build: one at a time in a folder, room for it, words for a disk that gives out."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from smeaton.errors import DataError, InputError
from smeaton.flow.prepare import Prepared
from smeaton.llm.ledger import Ledger
from smeaton.runtime.lock import exclusive
from smeaton.runtime.storage import check_room, storing
from smeaton.trials.damage import aside
from smeaton.trials.notice import Listener, Notice

_HOME, _STEPS = ".smeaton", "steps"
_LEAST_ROOM = 8_000_000  # bytes for the trials and the bundle of a small table
_BUSY = "another build is running in this folder"
_BUSY_FIX = "wait for it, stop it, or build into another folder with --out"
_ROOM = 2.5  # times what the rows take: the rows as workers open them, answers and programs


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Build in a folder, alone. Where nothing was begun, the folder is afterwards as it was, but for the rows of a
    pipeline's steps and those that failed a check.

    Raises:
        InputError: another process builds there; says which.
        StorageError: the folder is full, read-only or gone.
    """
    home = folder / _HOME
    made = _first_missing(home)
    with storing("the build", folder):
        try:
            home.mkdir(parents=True, exist_ok=True)
            with exclusive(home / "build.lock", _BUSY, _BUSY_FIX):
                try:
                    yield
                except InputError:
                    if not any(home.rglob("*.db")) and not (home / _STEPS).is_dir():
                        _undo(made)
                    raise
        except OSError:
            if not any(home.rglob("*")):
                _undo(made)
            raise


def check_disk(prepared: Prepared) -> None:
    """Check, before anything is tried, that the disk has room for it. A build taken up again has its rows there.

    Raises:
        StorageError: it has not.
    """
    dataset = prepared.dataset
    size = sum(column.nbytes for column in (*dataset.table.values(), dataset.target))
    rows = 0.0 if (prepared.root / "data").is_dir() else _ROOM * size
    check_room("the trials of this build", prepared.root, int(rows) + _LEAST_ROOM)


def ledger_at(path: Path, cap: float, listen: Listener) -> Ledger:
    """The ledger of a build. A damaged one is moved aside where no money may be spent; where it may, a person must say
    that what was spent is known.

    Raises:
        DataError: it cannot be used.
    """
    try:
        return Ledger(path, cap)
    except DataError as error:
        if not path.exists():
            raise
        if cap > 0:
            raise DataError(
                f"{error.message}: what earlier runs spent is not known",
                where=str(path),
                fix="look at the provider's bill, lower budget.money by it, and move the file away",
            ) from error
        kept = aside(path.parent, [f"{path.name}{end}" for end in ("", "-wal", "-shm")], "damaged")
        listen(Notice("note", f"the record of what was spent is damaged; it was moved to {path.parent / kept}"))
        return Ledger(path, cap)


def _first_missing(path: Path) -> Path | None:
    """The topmost folder that making `path` would make; None if it is there."""
    missing = [folder for folder in (path.absolute(), *path.absolute().parents) if not folder.exists()]
    return missing[-1] if missing else None


def _undo(made: Path | None) -> None:
    """Remove what was made, all of it ours."""
    if made is not None:
        shutil.rmtree(made, ignore_errors=True)
