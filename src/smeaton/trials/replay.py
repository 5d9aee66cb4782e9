"""Replay: repeat exactly the candidates of an earlier build, so that its board comes out again bit for bit.

What depended on the clock was recorded: which candidates were begun, with which pool, how many folds each was judged
on, and the step each fit had reached when it ended. A repeated fit gets that step as its end and no limit of time.
"""

from dataclasses import dataclass, field

from smeaton.errors import InputError
from smeaton.trials.attempt import ALL, Attempt, trial_folder
from smeaton.trials.record import Trial
from smeaton.trials.results import read_fit
from smeaton.trials.store import Recorded, Started, Store
from smeaton.trials.work import UNLIMITED, Work

_SLACK = 300.0  # seconds a repeated fit may take beyond many times its former ones, before it is killed


def repeat(work: Work) -> str:
    """Run the record of the store, or first make it from what the store holds. Returns how it ended, in words.

    Raises:
        InputError: there is nothing to repeat.
    """
    record = work.store.record()
    if not record or len(work.trials) + len(work.store.cuts()) >= len(record):
        record = recorded(work.store)
        if not record:
            raise InputError("there is no earlier build to replay here", fix="build once without --replay")
        work.store.begin_replay(record)
        work.trials = []
    work.plan = work.plan if work.plan.settled else work.plan.settle(work.plan.folds)
    work.cuts = work.store.cuts()
    known = {trial.key for trial in (*work.trials, *work.cuts)}
    rules = _Replaying(work, [entry for entry in record if entry.trial.key not in known])
    rules.turn()
    work.drive(rules)
    work.halt("its turn never came", rules)
    rules.release()
    other = _different(record, work.trials)
    for trial in other:
        work.store.drop_cost(trial.key)
    return _said(other, sum(entry.folds > 0 for entry in record))


def recorded(store: Store) -> list[Recorded]:
    """What a replay of the store's trials must do, in the order they finished."""
    begun = {started.key: started for started in store.started()}
    cuts = store.cuts()
    found = []
    for trial in (*store.trials(), *cuts):
        plain = Started(key=trial.key, candidate=trial.candidate, fidelity=trial.fidelity, seed=trial.seed)
        folds = len(trial.scores) if trial.state in ("done", "stopped") else 0
        limits = tuple(_steps(store, trial, fold) for fold in range(folds))
        found.append(Recorded(started=begun.get(trial.key, plain), trial=trial, folds=folds, limits=limits))
    return found


def _steps(store: Store, trial: Trial, fold: int) -> int | None:
    """The step a fit had reached when it ended, None for a family that counts none."""
    return read_fit(trial_folder(store.root, trial.key), fold).steps or None


@dataclass(slots=True)
class _Replaying:
    """The rules of a replay: entries are begun in their order once their pool is frozen, and frozen in their order."""

    work: Work
    waiting: list[Recorded]
    begun: set[str] = field(default_factory=set)
    ready: dict[str, Trial] = field(default_factory=dict)

    def until(self) -> float:
        """No end: a replay takes the time it takes. Each fit has its own bound."""
        return self.work.setup.clock.elapsed() + UNLIMITED

    def enough(self) -> bool:
        """Only when all is done."""
        return not self.waiting

    def more(self) -> Attempt | None:
        """The next entry that is not begun and whose pool is there."""
        there = {trial.key for trial in self.work.trials}
        for entry in self.waiting:
            started = entry.started
            if started.key in self.begun or not entry.folds:
                continue
            if not set(started.pool) <= there:
                return None
            self.begun.add(started.key)
            attempt = Attempt(
                started.candidate, "try", started.fidelity, started.seed, started.pool, allowed=entry.folds
            )
            attempt.limits = {fold: step for fold, step in enumerate(entry.limits) if step is not None}
            return attempt
        return None

    def gate(self, attempt: Attempt) -> bool:
        """A candidate that was stopped is stopped at the same place, with the same words."""
        entry = next(entry for entry in self.waiting if entry.started.key == attempt.key)
        if entry.trial.state == "done":
            attempt.allowed = ALL
        else:
            self.work.stop(attempt, entry.folds, entry.trial.note, self)
        return True

    def seconds(self, attempt: Attempt) -> tuple[float, float] | None:
        """No limit for the family; a generous one for the worker."""
        entry = next(entry for entry in self.waiting if entry.started.key == attempt.key)
        return UNLIMITED, 20 * entry.trial.seconds + _SLACK

    def judged(self, trial: Trial) -> None:
        """Hold it until all that finished before it are frozen."""
        self.ready[trial.key] = trial
        self.turn()

    def turn(self) -> None:
        """Freeze what is next in the recorded order. What was not fitted then is taken over as it was recorded."""
        while self.waiting:
            entry = self.waiting[0]
            trial = self.ready.pop(entry.trial.key, None)
            if trial is None and entry.folds:
                return
            self.waiting.pop(0)
            if trial is not None:
                self.work.freeze(trial)
            elif entry.trial.state == "stopped":
                self.work.store.cut(entry.trial)
                self.work.cuts.append(entry.trial)
            else:
                self.work.freeze(entry.trial)

    def release(self) -> None:
        """Freeze what is judged though something before it never was."""
        self.waiting = [entry for entry in self.waiting if entry.trial.key in self.ready]
        self.turn()


def _different(record: list[Recorded], trials: list[Trial]) -> list[Trial]:
    """What was recorded and did not come out the same."""
    now = {trial.key: trial for trial in trials}
    return [entry.trial for entry in record if entry.folds and not _same(entry.trial, now.get(entry.trial.key))]


def _said(other: list[Trial], count: int) -> str:
    """How a replay of `count` trials ended, of which `other` came out differently."""
    if not other:
        return f"all {count} recorded trials were repeated with the same scores"
    names = ", ".join(f"{trial.candidate.family} {trial.key[:8]}" for trial in other[:3])
    return f"{len(other)} of {count} repeated trials came out differently: {names}"


def _same(one: Trial, other: Trial | None) -> bool:
    return other is not None and (one.state, one.scores, one.score) == (other.state, other.scores, other.score)
