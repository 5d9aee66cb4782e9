"""`Build`: what a finished build left behind, opened once for all sections, each part when it is first asked for."""

import time
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from smeaton.bundle.manifest import Manifest
from smeaton.bundle.read import open_bundle
from smeaton.data.dataset import Dataset
from smeaton.data.sources._columns import nearest
from smeaton.data.split import FoldIndex, open_folds
from smeaton.errors import DataError, SmeatonError
from smeaton.insight.evidence import Evidence, open_evidence, open_task, read_board
from smeaton.insight.forms import SECONDS, Report
from smeaton.insight.found import found
from smeaton.leaderboard.ablation import Ablation, ablation
from smeaton.leaderboard.forms import BOARD_FILE, Board, Row
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.trials.past import Past, open_past

_ASKING = 0.08  # of the reader's patience, for which the shipped program is asked about words
_AHEAD = "found"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader asked for: how many suspects to name, columns across which fairness is looked at, about how many
    seconds to take."""

    suspects: int = 20
    across: tuple[str, ...] = ()
    seconds: float = SECONDS


@dataclass
class Build:
    """A build's folder, opened. `root` is the build's own folder, `bundle` where it shipped; the bundle may be gone, or
    of another build by now (`manifest` is None then). Properties are opened when first asked for, and kept; `kept` is
    what a section worked out and others read.

    Raises (every property):
        SmeatonError: what it needs is gone or damaged.
    """

    folder: Path
    root: Path
    bundle: Path
    wish: Wish = field(default_factory=Wish)
    start: float = field(default_factory=time.monotonic)
    kept: dict[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> Array:
        """An input column a reader named, of the rows of `evidence`.

        Raises:
            DataError: the build holds no such column.
        """
        table = self.dataset.table
        if name not in table:
            ignored = name in self.task.rows.ignore
            why = "the task ignores it, so a build does not hold it" if ignored else nearest(name, table)
            fix = "take it out of rows.ignore and build again" if ignored else "correct the column's name"
            raise DataError(f"there is no column {name!r} to compare groups by; {why}", where="--across", fix=fix)
        return table[name][self.evidence.rows]

    def look_ahead(self, pool: Executor) -> None:
        """Begin with `found` in another thread: it takes longest, and few sections need it."""
        self.kept[_AHEAD] = pool.submit(self._find)

    def left(self) -> float:
        """Seconds of the reader's patience that are left, 0 at least."""
        return max(0.0, self.wish.seconds - (time.monotonic() - self.start))

    @cached_property
    def task(self) -> Task:
        """The pinned task."""
        return open_task(self.root)

    @cached_property
    def board(self) -> Board:
        """The board as the build left it."""
        return read_board(self.root / BOARD_FILE)

    @cached_property
    def winner(self) -> Row:
        """The row of the board that ships."""
        key = self.board.winner
        if key is None:
            raise DataError(
                "this build chose no solution", where=str(self.root), fix="read: smeaton board, and build again"
            )
        return self.board[key]

    @cached_property
    def past(self) -> Past:
        """All that was tried, when, and what was said."""
        return open_past(self.root)

    @cached_property
    def evidence(self) -> Evidence:
        """The winner's answers to rows it was not fitted on, 20,000 at most (of a refit its parent's)."""
        return open_evidence(self.root, self.board)

    @property
    def dataset(self) -> Dataset:
        """All typed rows."""
        return self.evidence.dataset

    @cached_property
    def folds(self) -> list[FoldIndex]:
        """The folds: positions of rows fitted on, stopped on, held out."""
        return open_folds(self.root / "data")

    @cached_property
    def found(self) -> Report:
        """What the answers say about the data."""
        ahead: Future[Report] | None = self.kept.get(_AHEAD)
        return self._find() if ahead is None else ahead.result()

    @cached_property
    def ablation(self) -> Ablation:
        """What each ingredient contributed."""
        return ablation(self.root, self.board, self.dataset)

    @cached_property
    def manifest(self) -> Manifest | None:
        """What the shipped bundle states of itself; None where there is none of this build."""
        try:
            manifest = open_bundle(self.bundle).manifest
        except SmeatonError:  # gone, or not whole: the answer section says that no bundle of this build is there
            return None
        return manifest if manifest.winner.key == self.board.winner else None

    def _find(self) -> Report:
        seconds = max(0.5, _ASKING * self.wish.seconds)
        return found(self.root, self.bundle, rows=self.wish.suspects, seconds=seconds)
