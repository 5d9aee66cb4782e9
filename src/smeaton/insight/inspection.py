"""`Inspection`: what a build's rows say without any answers, looked at once and kept with the build.

    python -m smeaton.insight.inspection ROOT

looks now and keeps it; a build begins this process beside its last phase (`smeaton.flow.build`).
"""

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from smeaton import __version__
from smeaton.data.dataset import Dataset
from smeaton.data.split import FoldIndex, open_folds
from smeaton.insight.forms import Form, NearCopies
from smeaton.insight.rows import near_copies
from smeaton.quality.forms import Drift
from smeaton.quality.parts import drifts
from smeaton.runtime.files import durable_write

FILE = "inspection.json"
_POLITE = 19  # the least urgent process there is


class Inspection(Form, frozen=True, kw_only=True):
    """Near-copies across the split and drift between parts, with what has to be said besides. `version` and `rows` are
    Smeaton's and the hash of the rows that were looked at."""

    version: str
    rows: str
    near: tuple[NearCopies, ...]
    notes: tuple[str, ...]
    drifts: tuple[Drift, ...]


def inspection(root: Path, dataset: Dataset, folds: Sequence[FoldIndex]) -> Inspection:
    """What was kept with a build, if it is of these rows and this version; else looked at now."""
    kept = _kept(root / FILE)
    if kept is not None and (kept.version, kept.rows) == (__version__, dataset.hash):
        return kept
    return inspect(dataset, folds)


def inspect(dataset: Dataset, folds: Sequence[FoldIndex]) -> Inspection:
    """Look at the rows of a build."""
    near, notes = near_copies(dataset, folds)
    found = tuple(drifts(dataset, folds))
    return Inspection(version=__version__, rows=dataset.hash, near=near, notes=notes, drifts=found)


def keep(root: Path) -> None:
    """Look at the rows of a build and keep what is found in its folder."""
    found = inspect(Dataset.open(root / "data"), open_folds(root / "data"))
    durable_write(root / FILE, msgspec.json.encode(found))


def _kept(path: Path) -> Inspection | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Inspection)
    except (FileNotFoundError, msgspec.DecodeError):  # not there, or of another version: it is looked at again
        return None


def _end_with_parent() -> None:
    """Whoever began this process holds the other end of its standard input."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    os.nice(_POLITE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep(Path(sys.argv[1]))
