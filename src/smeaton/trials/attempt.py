"""`Attempt`: one candidate while it is being fitted, fold by fold."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from smeaton.trials.record import Candidate
from smeaton.trials.setup import trial_key
from smeaton.trials.store import FOLDER, Started

Role = Literal["baseline", "probe", "try", "blend"]
RESULT = "result.json"


@dataclass(slots=True)
class Attempt:
    """A candidate with what is done of it. Fold 0 may always run; the others once `open` is set. `spent` are seconds
    by finished fold. `limits` are the steps a replayed fit must end at, by fold."""

    candidate: Candidate
    role: Role
    fidelity: float = 1.0
    seed: int = 0
    pool: tuple[str, ...] = ()
    open: bool = False
    spent: dict[int, float] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    limits: dict[int, int] = field(default_factory=dict)
    raced: int = 0
    failure: str = ""

    @property
    def key(self) -> str:
        """Key of the trial it will become."""
        return trial_key(self.candidate, self.fidelity, self.seed)

    def started(self, at: float) -> Started:
        """Its line in the record of what was begun."""
        return Started(
            key=self.key, candidate=self.candidate, fidelity=self.fidelity, seed=self.seed, pool=self.pool, at=at
        )

    def next_fold(self, folds: int) -> int | None:
        """The next fold to submit, None if nothing may be submitted now."""
        if self.failure:
            return None
        waiting = (fold for fold in range(folds if self.open else 1) if fold not in self.spent | dict.fromkeys(self.running))
        return next(waiting, None)

    def complete(self, folds: int) -> bool:
        """Whether every fold is there to be judged."""
        return not self.failure and all(fold in self.spent for fold in range(folds))

    def resume(self, root: Path, folds: int) -> None:
        """Take over folds that an earlier process fitted whole; a folder appears with its result or not at all."""
        for fold in range(folds):
            result = read_result(root, self.key, fold)
            if result is not None:
                self.spent[fold] = float(result.get("seconds", 0.0))


def fold_folder(root: Path, key: str, fold: int) -> Path:
    """Where the fit of one fold is kept."""
    return root / FOLDER / key / f"fold{fold}"


def read_result(root: Path, key: str, fold: int) -> dict[str, Any] | None:
    """What a worker wrote of a finished fit, None if there is none."""
    path = fold_folder(root, key, fold) / RESULT
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return None
