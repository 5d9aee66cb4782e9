"""What to fit next: baseline and probes, then the proposers in turn, with a blend after every few finished trials."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smeaton import plugins
from smeaton.families import Space
from smeaton.task.task import Task
from smeaton.trials.attempt import Attempt
from smeaton.trials.proposers import Proposer
from smeaton.trials.proposers.tpe import rank
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.setup import Setup

#: Asked in this order; installed ones of other names come after.
PROPOSERS = ("portfolio", "tpe")
BLEND_EVERY = 5  # finished trials between two blends while the search goes on
MEMBERS = "members"  # the blend's config names the trials it may read, so that two pools are two candidates
_MOST_MEMBERS = 12
_TRIES = 12  # candidates looked at for one that fits into the time left


@dataclass(slots=True)
class Chooser:
    """Decides from the finished trials and what is running; `skipped` are candidates there was no time for."""

    task: Task
    seed: int
    spaces: Mapping[str, Space]
    baselines: list[str]
    singles: dict[str, Space]
    blends: dict[str, Space]
    skipped: list[Candidate] = field(default_factory=list)
    repeats: list[Attempt] = field(default_factory=list)
    out_of_time: bool = False

    def opening(self) -> list[Attempt]:
        """The constant baseline, and the first start of every other family: the probe."""
        first = [
            Attempt(Candidate(family=name, config=dict(starts[0]), why="what a constant answer is worth"), "baseline")
            for name in self.baselines
            if (starts := self.spaces[name].starts)
        ]
        probes = sorted(self.singles.items(), key=lambda entry: (entry[1].effort, entry[0]))
        for name, space in probes:
            if space.starts:
                candidate = Candidate(family=name, config=dict(space.starts[0]), why="first try of its family")
                first.append(Attempt(candidate, "probe"))
        for attempt in first:
            attempt.seed = self.seed
        return first

    def next(
        self, trials: Sequence[Trial], running: Iterable[Candidate], fits: Callable[[str], bool]
    ) -> Attempt | None:
        """The next candidate whose family's fits still end in time. `out_of_time` is set where only time is missing."""
        if self.repeats:
            return self.repeats.pop(0)
        taken = list(running)
        self.out_of_time = False
        for name in (*PROPOSERS, *(name for name in plugins.names("proposers") if name not in PROPOSERS)):
            proposer: Proposer = plugins.load("proposers", name)
            for _ in range(_TRIES):
                candidate = proposer.propose(self.task, self.singles, trials, [*taken, *self.skipped])
                if candidate is None:
                    break
                if fits(candidate.family):
                    return Attempt(candidate, "try", seed=self.seed)
                self.out_of_time = True
                self.skipped.append(candidate)
        return None

    def repeat(self, attempt: Attempt) -> None:
        """Queue a finished candidate's other seeds, where its family is not repeatable."""
        if attempt.seed == self.seed:
            for step in range(1, self.spaces[attempt.candidate.family].repeats):
                self.repeats.append(Attempt(attempt.candidate, attempt.role, seed=self.seed + step))

    def blend(self, trials: Sequence[Trial], running: Iterable[Candidate]) -> Attempt | None:
        """A blend over the best finished trials, None where there are too few or these were blended before."""
        members = self.members(trials)
        tried = {trial.candidate.key for trial in trials} | {candidate.key for candidate in running}
        for name, space in self.blends.items():
            if len(members) < space.needs_pool:
                continue
            keys = tuple(trial.key for trial in members)
            for start in space.starts or ({},):
                config: dict[str, Any] = {**start, MEMBERS: list(keys)}
                candidate = Candidate(family=name, config=config, why=f"weights over {len(keys)} finished trials")
                if candidate.key not in tried:
                    return Attempt(candidate, "blend", seed=self.seed, pool=keys, open=True)
        return None

    def members(self, trials: Sequence[Trial]) -> list[Trial]:
        """What a blend may read: the best of every family, then the best of all; no baselines, no blends."""
        ranked = [trial for trial in rank(self.task, trials) if trial.candidate.family in self.singles]
        firsts = {trial.candidate.family: trial.key for trial in reversed(ranked)}
        chosen = set(firsts.values())
        for trial in ranked:
            if len(chosen) >= _MOST_MEMBERS:
                break
            chosen.add(trial.key)
        return [trial for trial in ranked if trial.key in chosen]


def chooser(setup: Setup, spaces: Mapping[str, Space]) -> Chooser:
    """A chooser over the families that may run: effort 0 is a baseline, what needs a pool is a blend."""
    blends = {name: space for name, space in spaces.items() if space.needs_pool}
    baselines = sorted(name for name, space in spaces.items() if not space.effort and name not in blends)
    singles = {name: space for name, space in spaces.items() if name not in blends and name not in baselines}
    task = setup.task.with_(metric=setup.metric)
    return Chooser(task, setup.seed, spaces, baselines, singles, blends)


def admit(task: Task, spaces: Mapping[str, Space], refusals: Mapping[str, str]) -> tuple[dict[str, Space], dict[str, str]]:
    """Split families into those that may run and those that may not, with the reason.

    No row leaves the machine and no money is spent unless the task says so.
    """
    allowed, refused = {}, dict(refusals)
    for name, space in spaces.items():
        if space.external and not task.privacy.external:
            refused[name] = f"it would send rows to {space.external}; the task does not allow that (privacy.external)"
        elif space.external and task.budget.money <= 0:
            refused[name] = f"each call to {space.external} costs money; the budget for money is $0 (budget.money)"
        else:
            allowed[name] = space
    return allowed, refused
