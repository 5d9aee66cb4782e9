"""`board --ablation`: what each ingredient of the last build contributed, from its stored answers."""

from pathlib import Path

import msgspec

from smeaton.data.dataset import Dataset
from smeaton.errors import DataError
from smeaton.leaderboard.ablation import Ablation
from smeaton.leaderboard.ablation import ablation as taken_apart
from smeaton.leaderboard.ablation_text import render_ablation
from smeaton.leaderboard.forms import BOARD_FILE, Board


def ablation(where: str | Path = ".") -> Ablation:
    """Take the ingredients of the last build in a folder (or beside a bundle) away one by one; nothing is fitted.

    Raises:
        DataError: nothing was built there, or the build's answers are gone.
    """
    where = Path(where)
    folder = where.parent if where.name.endswith(".bundle") or where.is_file() else where
    builds = sorted((folder / ".smeaton").glob(f"*/{BOARD_FILE}"), key=lambda path: path.stat().st_mtime)
    if not builds:
        raise DataError(
            "nothing was built here", where=str(folder), fix="run: smeaton build, or name the build's folder"
        )
    root = builds[-1].parent
    board = msgspec.json.decode(builds[-1].read_bytes(), type=Board)
    return taken_apart(root, board, Dataset.open(root / "data"))


def ablation_text(found: Ablation) -> str:
    """The ablation as lines for a terminal."""
    return render_ablation(found)
