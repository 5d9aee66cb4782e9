"""`report`: what a build came to and what its answers say about its data. No row leaves the machine."""

from pathlib import Path

from smeaton.errors import DataError
from smeaton.flow._shipped import bundle_path
from smeaton.insight.evidence import open_task
from smeaton.insight.forms import Report
from smeaton.insight.found import SECONDS, found
from smeaton.insight.text import render
from smeaton.leaderboard.forms import BOARD_FILE


def report(task: str | Path = ".", *, rows: int = 20, seconds: float = SECONDS) -> Report:
    """What the answers of the last build of a task say about its data.

    Args:
        task: the task's file, its folder, or its bundle.
        rows: how many suspects to name.
        seconds: about how long it may take; the shipped program is asked until then.

    Raises:
        DataError: nothing was built there, or the build's answers are gone.
    """
    folder, root = last_build(Path(task))
    return found(root, bundle_path(folder, open_task(root)), rows=rows, seconds=seconds)


def report_text(what: Report) -> str:
    """A report as lines for a terminal."""
    return render(what)


def last_build(where: Path) -> tuple[Path, Path]:
    """The task's folder and the folder of its last build.

    Raises:
        DataError: nothing was built there.
    """
    folder = where.parent if where.name.endswith(".bundle") or where.is_file() else where
    boards = sorted((folder / ".smeaton").glob(f"*/{BOARD_FILE}"), key=lambda path: path.stat().st_mtime)
    if not boards:
        fix = "run: smeaton build, or name the folder of a build"
        raise DataError("nothing was built here", where=str(folder), fix=fix)
    return folder, boards[-1].parent
