"""`last_build`: where the last build of a task lies."""

from pathlib import Path

from smeaton.errors import DataError
from smeaton.leaderboard.forms import BOARD_FILE


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
