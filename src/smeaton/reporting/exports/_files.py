"""Files and folders put in place whole or not at all; what the disk refuses is said in plain words."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smeaton.bundle.swap import beside, mend, swap_in
from smeaton.errors import DataError
from smeaton.runtime.files import durable_write


def write_file(out: Path, content: bytes) -> Path:
    """A file, in a folder that is made if need be.

    Raises:
        DataError: it cannot be written.
    """
    with _said(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        durable_write(out, content)
    return out


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """An empty folder to fill, which stands at `out` afterwards, in the place of what stood there; nothing stands there
    of one that was not filled.

    Raises:
        DataError: it cannot be written.
    """
    new = beside(out, "new")
    with _said(out):
        mend(out)
        new.mkdir(parents=True)
        try:
            yield new
            swap_in(new, out)
        finally:
            if new.exists():
                shutil.rmtree(new)


@contextmanager
def _said(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"it cannot be written: {error.strerror or error}", where=str(out), fix="name another place after --out"
        ) from error
