"""One more fit on all rows: the job, the trial it makes, how long it should take, and running several at a time."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from smeaton.trials.attempt import cache_of, trial_folder
from smeaton.trials.clock import Clock
from smeaton.trials.desk import STEPS
from smeaton.trials.executors import Executor, Job
from smeaton.trials.plan import Plan
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.results import FitResult, fold_folder
from smeaton.trials.setup import Setup, trial_key

ROWS = "_rows"  # config key that sets the refit apart from its parent
_SLACK = 1.3  # on the seconds expected: more rows, other processes


def seconds_again(fit: FitResult, plan: Plan) -> float:
    """Seconds that the same fit should take on all rows, on one thread."""
    own = max(fit.seconds - fit.shared, 0.1)  # what was shared is there already
    return _SLACK * own * plan.rows / fit.rows


def trial_again(old: Trial, config: dict[str, object], why: str) -> Trial:
    """The record of a trial's refit: its score is the parent's, its cost is not known yet."""
    candidate = Candidate(family=old.candidate.family, config={**old.candidate.config, **config, ROWS: "all"}, why=why)
    key = trial_key(candidate, 1.0, old.seed)
    return msgspec.structs.replace(
        old,
        key=key,
        candidate=candidate,
        folder=f"trials/{key}",
        note="fitted on all rows",
        cost=None,
        estimated_from=old.key,
    )


def job_again(setup: Setup, fit: FitResult, trial: Trial, seconds: float, threads: int) -> Job:
    """The job that makes it."""
    return Job(
        id=f"{trial.key}/0",
        family=trial.candidate.family,
        config=trial.candidate.config,
        fold=0,
        fidelity=1.0,
        seed=trial.seed,
        seconds=seconds,
        data=fit.job.data,
        out=str(home_of(setup.root, trial)),
        threads=threads,
        all_rows=True,
        cache=str(cache_of(setup.root)),
    )


def home_of(root: Path, trial: Trial) -> Path:
    """Where the one fit of a refit lies."""
    return fold_folder(trial_folder(root, trial.key), 0)


def whole(fit: FitResult, job: Job) -> bool:
    """Whether a refit came to its end: the clock did not end it, or not before the step that its configuration names
    (some families note that step, others none)."""
    end = job.config.get(STEPS)
    return fit.steps == 0 or (end is not None and fit.steps >= int(end))


def run_all(executor: Executor, jobs: Sequence[Job], clock: Clock, seconds: float) -> dict[str, str]:
    """Run jobs to their ends, at most `seconds` in all; why each failed, '' for those that did not. A KeyboardInterrupt
    ends them and goes on."""
    end = clock.elapsed() + seconds
    ended: dict[str, str] = {}
    for job in jobs:
        executor.submit(job)
    names = {job.id for job in jobs}
    try:
        while len(ended) < len(jobs) and clock.elapsed() < end:
            for event in executor.wait(min(0.5, clock.until(end) + 0.001)):
                if event.job in names and event.kind != "progress":
                    ended[event.job] = "" if event.kind == "done" else event.reason or event.kind
    finally:
        for name in names - set(ended):
            executor.kill(name)
    return dict.fromkeys(names, "it took longer than there was time") | ended
