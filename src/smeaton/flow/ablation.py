"""`board --ablation`: what each ingredient of the last build contributed, from its stored answers."""

from pathlib import Path

from smeaton.data.dataset import Dataset
from smeaton.flow.last_build import last_build
from smeaton.insight.evidence import read_board
from smeaton.leaderboard.ablation import Ablation
from smeaton.leaderboard.ablation import ablation as taken_apart
from smeaton.leaderboard.ablation_text import render_ablation
from smeaton.leaderboard.forms import BOARD_FILE


def ablation(where: str | Path = ".") -> Ablation:
    """Take the ingredients of the last build in a folder (or beside a bundle) away one by one; nothing is fitted.

    Raises:
        DataError: nothing was built there, or the build's answers are gone.
    """
    _, root = last_build(Path(where))
    return taken_apart(root, read_board(root / BOARD_FILE), Dataset.open(root / "data"))


def ablation_text(found: Ablation) -> str:
    """The ablation as lines for a terminal."""
    return render_ablation(found)
