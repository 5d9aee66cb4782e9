"""`Attempt`: one candidate while it is being fitted, fold by fold."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from smeaton.trials.record import Candidate
from smeaton.trials.results import RESULT_FILE, fold_folder, read_fit
from smeaton.trials.setup import trial_key
from smeaton.trials.store import FOLDER, Started

Role = Literal["baseline", "own", "probe", "try", "blend"]
ALL = 1_000  # more folds than any plan has


@dataclass(slots=True)
class Attempt:
    """A candidate with what is done of it. Only its first `allowed` folds may run: it races for the others. `spent` are
    seconds by finished fold. `limits` are the steps a replayed fit must end at, by fold."""

    candidate: Candidate
    role: Role
    fidelity: float = 1.0
    seed: int = 0
    pool: tuple[str, ...] = ()
    allowed: int = 1
    spent: dict[int, float] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    limits: dict[int, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Key of the trial it will become."""
        return trial_key(self.candidate, self.fidelity, self.seed)

    def started(self, at: float) -> Started:
        """Its line in the record of what was begun."""
        return Started(
            key=self.key, candidate=self.candidate, fidelity=self.fidelity, seed=self.seed, pool=self.pool, at=at
        )

    def waiting(self, folds: int) -> list[int]:
        """The folds that may be submitted now."""
        return [f for f in range(min(folds, self.allowed)) if f not in self.spent and f not in self.running]

    def has(self, folds: int) -> bool:
        """Whether the first `folds` folds are fitted."""
        return all(fold in self.spent for fold in range(folds))

    def resume(self, root: Path, folds: int) -> None:
        """Take over folds that an earlier process fitted whole; a folder appears with its result or not at all."""
        for fold in range(folds):
            if (fold_folder(trial_folder(root, self.key), fold) / RESULT_FILE).exists():
                self.spent[fold] = read_fit(trial_folder(root, self.key), fold).seconds


def cache_of(root: Path) -> Path:
    """Where fits keep what later builds of the same place can use again; safe to delete."""
    return root.parent / "cache"


def trial_folder(root: Path, key: str) -> Path:
    """Where a trial's fits are kept."""
    return root / FOLDER / key
