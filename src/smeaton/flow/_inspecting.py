"""`inspecting`: the rows are looked at for the report while a build ends, in a process that gives way to any other."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from smeaton.data.dataset import Dataset
from smeaton.insight.inspection import FILE
from smeaton.trials.process import command, environment

_MOST_CELLS = 8_000_000  # of a table: what is made of larger ones would count in the memory of a build


@contextlib.contextmanager
def inspecting(root: Path, dataset: Dataset) -> Iterator[None]:
    """Look at the rows of a build beside what is done meanwhile; of a large table, and what is not ready by then, is
    left to the report, which looks itself, and meets itself what went wrong here."""
    if (root / FILE).exists() or len(dataset) * len(dataset.table) > _MOST_CELLS:
        yield
        return
    looking = _begun(root)
    try:
        yield
    finally:
        if looking is not None:
            looking.kill()
            looking.communicate()


def _begun(root: Path) -> "subprocess.Popen[bytes] | None":
    """The process; None where the system has none to give: no build may end for that."""
    try:
        return subprocess.Popen(
            command("smeaton.insight.inspection", str(root)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,  # Ctrl-C is for the build, which ends this one
        )
    except OSError:  # the report looks itself
        return None
