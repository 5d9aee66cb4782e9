"""`Setup` and `Result`: what a search is given, and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from smeaton.families import Space
from smeaton.task.profile import Profile
from smeaton.task.task import Task
from smeaton.trials.clock import Clock
from smeaton.trials.plan import Plan
from smeaton.trials.record import Candidate, Trial

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset


class Judge(Protocol):
    """Scores fits from the predictions they left on disk."""

    def trial(self, candidate: Candidate, fidelity: float, seed: int, folds: int, seconds: float) -> Trial:
        """The frozen record of a candidate from its first `folds` folds; `seconds` is what the fits took.

        Raises:
            SmeatonError, OSError: the fits cannot be judged; the candidate has failed.
        """
        ...

    def paired(self, one: str, other: str, folds: Sequence[int]) -> tuple[float, float, float]:
        """How much worse the trial `one` is than `other` on the same held-out rows, with its 95 % interval.

        Positive = worse, whatever the metric's direction.
        """
        ...

    def adds(self, one: str, others: Sequence[str], folds: Sequence[int]) -> bool:
        """Whether a mean of the answers of `others` gets clearly better with those of `one` in it."""
        ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What is to be searched. `root` holds `data/` (with its folds) and `trials/`; `metric` is the name of what is
    ranked, `refusals` say by family why it does not run. `judge` replaces the real one in tests."""

    task: Task
    profile: Profile
    dataset: "Dataset | None"
    root: Path
    spaces: Mapping[str, Space]
    refusals: Mapping[str, str]
    seed: int
    clock: Clock
    metric: str
    replay: bool = False
    judge: Judge | None = None


@dataclass(slots=True)
class Result:
    """What a search found. `trials` are all of this build in the order they finished (frozen ones, then those the clock
    cut short, state `stopped`); `stopped` says in words why it ended; `plan` is the one kept to in the end."""

    trials: list[Trial] = field(default_factory=list)
    stopped: str = ""
    interrupted: bool = False
    plan: Plan | None = None


def trial_key(candidate: Candidate, fidelity: float, seed: int) -> str:
    """The name of a trial, of its folder, and of its row in the store."""
    return f"{candidate.key}-{fidelity:g}-{seed}"
