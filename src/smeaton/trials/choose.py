"""What to fit next: baseline and probes, then the proposers in turn, with a blend after every few finished trials."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from smeaton import plugins
from smeaton.families import Space
from smeaton.task.task import Task
from smeaton.trials.attempt import ALL, Attempt
from smeaton.trials.evaluate import stop_rows_seen
from smeaton.trials.memory import too_large
from smeaton.trials.proposers import Proposer
from smeaton.trials.proposers.tpe import best_first, direction
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.setup import Setup

#: Asked in this order (a smaller form is seldom due, and then first); installed ones of other names come after.
PROPOSERS = ("slim", "portfolio", "tpe")
BLEND_EVERY = 5  # finished trials between two blends while the search goes on
MEMBERS = "members"  # the blend's config names the trials it may read, so that two pools are two candidates
_MOST_MEMBERS = 12
_FAILURES = 3  # of a family without a success: it is not tried again
_LARGE = 10  # proposals of a family that are too large for the memory, before it is passed over
_PASSED_OVER = 100  # the same of all families


@dataclass(slots=True)
class Chooser:
    """Decides from the finished trials and what is running. `out_of_time` says that the last `next` had to leave
    families out because their fits would not end in time."""

    task: Task
    sign: float
    seed: int
    spaces: Mapping[str, Space]
    baselines: list[str]
    singles: dict[str, Space]
    blends: dict[str, Space]
    repeats: list[Attempt] = field(default_factory=list)
    out_of_time: bool = False
    folds: tuple[int, int] = (1, 1)  #: fitted for every candidate, and made

    def opening(self) -> list[Attempt]:
        """The constant baseline, and the first start of every other family: the probe."""
        first = []
        for name in self.baselines:
            config = dict(next(iter(self.spaces[name].starts), {}))
            candidate = Candidate(family=name, config=config, why="what a constant answer is worth")
            first.append(Attempt(candidate, "baseline", allowed=ALL))
        probes = sorted(self.singles.items(), key=lambda entry: (entry[1].effort, entry[0]))
        for name, space in probes:
            if space.starts:
                candidate = Candidate(family=name, config=dict(space.starts[0]), why="first try of its family")
                if space.own:  # its score is wanted on the board, however it compares
                    first.append(Attempt(candidate, "own", allowed=ALL))
                else:  # two folds of what shares its work go to two workers
                    first.append(Attempt(candidate, "probe", allowed=2 if space.shared else 1))
        for attempt in first:
            attempt.seed = self.seed
        return first

    def next(
        self, trials: Sequence[Trial], running: Iterable[Candidate], fits: Callable[[str], bool]
    ) -> Attempt | None:
        """The next candidate among the families whose fits still end in time."""
        if self.repeats:
            return self.repeats.pop(0)
        sound = {name: space for name, space in self.singles.items() if not _broken(name, trials)}
        taken = list(running)
        for name in (*PROPOSERS, *(name for name in plugins.names("proposers") if name not in PROPOSERS)):
            proposer: Proposer = plugins.load("proposers", name)
            spaces = {name: space for name, space in sound.items() if fits(name)}
            self.out_of_time = len(spaces) < len(sound)
            # More starts of a family whose first was beaten, and helps nobody, wait until the others had theirs.
            hopeful = {name: space for name, space in spaces.items() if not _beaten(name, trials)}
            candidate = self._proposed(proposer, hopeful, trials, taken) or (
                self._proposed(proposer, spaces, trials, taken) if len(hopeful) < len(spaces) else None
            )
            if candidate is not None:
                return Attempt(candidate, "try", seed=self.seed)
            # Every start had its turn; a family that is out of reach by then is not worth tuning.
            sound = {name: space for name, space in sound.items() if name not in self.outclassed(trials)}
        return None

    def _proposed(
        self, proposer: Proposer, spaces: Mapping[str, Space], trials: Sequence[Trial], taken: Sequence[Candidate]
    ) -> Candidate | None:
        """What a proposer proposes that may fit into memory; a family that has nothing of the kind is left out."""
        spaces, taken = dict(spaces), list(taken)
        for _ in range(_PASSED_OVER):
            candidate = proposer.propose(self.task, spaces, trials, taken)
            if candidate is None or not too_large(candidate, trials):
                return candidate
            taken.append(candidate)
            if sum(too_large(one, trials) for one in taken if one.family == candidate.family) >= _LARGE:
                del spaces[candidate.family]
        return None

    def outclassed(self, trials: Sequence[Trial]) -> set[str]:
        """Families whose best trial lies outside the interval of the best of all families (blends are none)."""
        ranked = [trial for trial in best_first(trials, self.sign) if trial.candidate.family in self.singles]
        if not ranked or ranked[0].score is None:
            return set()
        worst = max(self.sign * ranked[0].score.low, self.sign * ranked[0].score.high)
        near = {trial.candidate.family for trial in ranked if trial.score and self.sign * trial.score.value <= worst}
        return {trial.candidate.family for trial in ranked} - near

    def repeat(self, trial: Trial) -> None:
        """Queue a finished candidate's other seeds, where its family is not repeatable."""
        space = self.spaces.get(trial.candidate.family)
        if space is not None and trial.seed == self.seed:
            for step in range(1, space.repeats):
                self.repeats.append(Attempt(trial.candidate, "try", seed=self.seed + step))

    def blend(self, trials: Sequence[Trial], running: Iterable[Candidate], late: bool = False) -> Attempt | None:
        """A blend over the best finished trials, None where there are too few or these were blended before; `late`: of
        those families that have their turn once, at the end."""
        tried = {trial.candidate.key for trial in trials} | {candidate.key for candidate in running}
        for name, space in self.blends.items():
            members = self.members(trials, space.pool)
            if len(members) < space.needs_pool or space.late != late:
                continue
            if space.pool == "all" and len({trial.effect == "external" for trial in members}) < 2:
                continue  # nothing to put together yet: of what asks others and what does not, one is missing
            keys = tuple(trial.key for trial in members)
            for start in space.starts or ({},):
                config: dict[str, Any] = {**start, MEMBERS: list(keys)}
                candidate = Candidate(family=name, config=config, why=f"weights over {len(keys)} finished trials")
                if candidate.key not in tried:
                    return Attempt(candidate, "blend", seed=self.seed, pool=keys, allowed=ALL)
        return None

    def members(self, trials: Sequence[Trial], pool: Literal["merged", "all"] = "merged") -> list[Trial]:
        """What a blend may read: the best of every family, then the best of all; no baselines, no blends, and of
        `merged` only those whose programs can be averaged into one."""
        ranked = [
            trial
            for trial in best_first(trials, self.sign)
            if trial.candidate.family in self.singles
            and (trial.merged or pool == "all")
            and not stop_rows_seen(trial.candidate, *self.folds)
        ]
        firsts = {trial.candidate.family: trial.key for trial in reversed(ranked)}
        chosen = set(firsts.values())
        for trial in ranked:
            if len(chosen) >= _MOST_MEMBERS:
                break
            chosen.add(trial.key)
        return [trial for trial in ranked if trial.key in chosen]


def _broken(family: str, trials: Sequence[Trial]) -> bool:
    """Whether a family only fails here."""
    states = [trial.state for trial in trials if trial.candidate.family == family]
    return states.count("failed") >= _FAILURES and "done" not in states


def _beaten(family: str, trials: Sequence[Trial]) -> bool:
    """Whether all of a family that ended was stopped in a race."""
    states = [trial.state for trial in trials if trial.candidate.family == family and trial.scores]
    return "stopped" in states and "done" not in states


def chooser(setup: Setup, spaces: Mapping[str, Space]) -> Chooser:
    """A chooser over the families that may run: effort 0 is a baseline, what needs a pool is a blend."""
    blends = {name: space for name, space in spaces.items() if space.needs_pool}
    baselines = sorted(name for name, space in spaces.items() if not space.effort and name not in blends)
    singles = {name: space for name, space in spaces.items() if name not in blends and name not in baselines}
    task = setup.task.with_(metric=setup.metric)
    return Chooser(task, direction(task), setup.seed, spaces, baselines, singles, blends)


def admit(
    task: Task, spaces: Mapping[str, Space], refusals: Mapping[str, str]
) -> tuple[dict[str, Space], dict[str, str]]:
    """Split families into those that may run and those that may not, with the reason.

    No row leaves the machine and no money is spent unless the task says so.
    """
    allowed, refused = {}, dict(refusals)
    for name, space in spaces.items():
        hosts = ", ".join(space.external)
        if hosts and not task.privacy.external:
            refused[name] = f"it would send rows to {hosts}; the task does not allow that (privacy.external)"
        elif hosts and task.budget.money <= 0:
            refused[name] = f"each call to {hosts} costs money; the budget for money is $0 (budget.money)"
        else:
            allowed[name] = space
            refused |= {f"{name} {what}": why for what, why in space.refused.items()}
    return allowed, refused
