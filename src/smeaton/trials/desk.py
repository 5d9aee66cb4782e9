"""`Desk`: the executor as the search sees it: jobs by fold, every wait bounded, late jobs killed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from smeaton.trials.attempt import Attempt, cache_of, trial_folder
from smeaton.trials.clock import Clock
from smeaton.trials.executors import Event, Executor, Job
from smeaton.trials.results import fold_folder

STEPS = "_steps"  #: config key that ends a replayed fit at the step where the clock ended it before
_TICK = 0.5  # seconds; the longest the desk looks away from its clock
_LEAST = 0.001  # seconds of any wait, so that no edge reached but for rounding makes a busy loop
_GRACE = 1.5  # seconds a killed job may take to be reported before it is given up
_DATA = "data"


@dataclass(slots=True)
class _Flight:
    attempt: Attempt
    fold: int
    since: float
    kill_at: float
    why: str = ""
    killed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one fit. `killed` has the reason this desk had for it; `cause` is as in `Event`."""

    attempt: Attempt
    fold: int
    kind: Literal["done", "failed", "killed"]
    seconds: float
    reason: str = ""
    cause: str = ""


@dataclass(slots=True)
class Desk:
    """Jobs in flight. `progress` is told of each step a fit reports."""

    executor: Executor
    clock: Clock
    root: Path
    ledger: str = ""
    progress: Callable[[Attempt, Event], None] = lambda attempt, event: None
    _flights: dict[str, _Flight] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """Slots without a job."""
        return self.executor.slots - len(self._flights)

    @property
    def busy(self) -> bool:
        """Whether any job is in flight."""
        return bool(self._flights)

    def submit(self, attempt: Attempt, fold: int, seconds: float, patience: float, asked: int = 0) -> None:
        """Start one fit with a soft limit of `seconds`; it is killed `patience` seconds from now at the latest. `asked`
        held-out rows are answered (0 = all)."""
        config = dict(attempt.candidate.config)
        if fold in attempt.limits:
            config[STEPS] = attempt.limits[fold]
        job = Job(
            id=f"{attempt.key}/{fold}",
            family=attempt.candidate.family,
            config=config,
            fold=fold,
            fidelity=attempt.fidelity,
            seed=attempt.seed,
            seconds=seconds,
            data=str(self.root / _DATA),
            out=str(fold_folder(trial_folder(self.root, attempt.key), fold)),
            export=attempt.fidelity == 1.0,
            ledger=self.ledger,
            pool=tuple(str(trial_folder(self.root, key)) for key in attempt.pool),
            cache=str(cache_of(self.root)),
            asked=asked,
        )
        now = self.clock.elapsed()
        attempt.running.add(fold)
        self._flights[job.id] = _Flight(attempt, fold, now, now + patience)
        self.executor.submit(job)

    def wait(self, moment: float) -> list[Ended]:
        """Fits that ended; returns after half a second or at the elapsed `moment` at the latest."""
        now = self.clock.elapsed()
        edges = [moment, now + _TICK, *(f.kill_at for f in self._flights.values() if f.killed_at is None)]
        ended = []
        for event in self.executor.wait(max(_LEAST, self.clock.until(min(edges)))):
            flight = self._flights.get(event.job)
            if flight is None:
                continue
            if event.kind == "progress":
                self.progress(flight.attempt, event)
            else:
                ended.append(self._end(event.job, event.kind, event.reason, event.cause))
        return ended + self._overdue()

    def kill(self, wanted: Callable[[Attempt], bool], why: str) -> None:
        """Ask for the end of all fits of these attempts; they are reported as killed."""
        for name, flight in self._flights.items():
            if wanted(flight.attempt) and flight.killed_at is None:
                self._kill(name, flight, why)

    def running(self) -> list[tuple[Attempt, float]]:
        """Attempts in flight, each with the seconds one of its fits has run."""
        now = self.clock.elapsed()
        return [(flight.attempt, now - flight.since) for flight in self._flights.values()]

    def _kill(self, name: str, flight: _Flight, why: str) -> None:
        flight.killed_at = self.clock.elapsed()
        flight.why = why
        self.executor.kill(name)

    def _overdue(self) -> list[Ended]:
        """Kill what is late; give up on what does not die."""
        now = self.clock.elapsed()
        ended = []
        for name, flight in list(self._flights.items()):
            if flight.killed_at is None and now >= flight.kill_at:
                self._kill(name, flight, f"it was still running after {now - flight.since:.0f} s")
            elif flight.killed_at is not None and now >= flight.killed_at + _GRACE:
                ended.append(self._end(name, "killed", ""))
        return ended

    def _end(self, name: str, kind: Literal["done", "failed", "killed"], reason: str, cause: str = "") -> Ended:
        flight = self._flights.pop(name)
        flight.attempt.running.discard(flight.fold)
        seconds = self.clock.elapsed() - flight.since
        if kind == "done":
            flight.attempt.spent[flight.fold] = seconds
        return Ended(flight.attempt, flight.fold, kind, seconds, flight.why or reason, cause)
