"""From a task to rows on disk that workers can open: read, split, seal the test, profile, probe for leaks."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from smeaton import __version__, plugins
from smeaton.data.dataset import Dataset
from smeaton.errors import TaskError
from smeaton.families import Family, Refusal, Space
from smeaton.families._portfolio import placed
from smeaton.flow.pin import load_pinned
from smeaton.flow.request import Request
from smeaton.llm.providers import is_model
from smeaton.metrics._defaults import check_metric, default_metric
from smeaton.runtime.memory import give_back
from smeaton.task.profile import Profile
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.trials.decisions import DECIDING_BARS
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.verdict import identity
from smeaton.weights import is_reference

#: Share of the budget from which on it is said how long reading took.
_LONG_READ = 1 / 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything a search needs. `root` is the folder of this build: same task, data and seed, same folder."""

    task: Task
    dataset: Dataset
    train: Array
    test: Array
    profile: Profile
    metric: str
    seed: int
    folder: Path
    root: Path


def prepare(request: Request, seed: int, listen: Listener) -> Prepared:
    """Read the rows, seal the test, profile the rest.

    Raises:
        DataError: the source or its columns do not serve the task.
        TaskError: the metric does not fit the output.
    """
    from smeaton.data.profile import profile
    from smeaton.data.split import split_test
    from smeaton.quality.probe import probe

    begun = time.monotonic()
    dataset = load_pinned(request)
    give_back()  # rows as they were read take several times what they take typed
    read_seconds = time.monotonic() - begun
    task = dataset.task
    metric = task.metric or default_metric(task)
    check_metric(metric, task)
    train, test = split_test(dataset, seed)
    rows = f"{len(dataset.target):,} rows, {len(task.input_types)} columns to learn from; "
    listen(Notice("read", f"{rows}{len(train):,} to build on, {len(test):,} sealed as the test"))
    for note in (*dataset.notes, *_about_reading(read_seconds, request.task.budget.time)):
        listen(Notice("note", note))
    if task.data.unlabelled is not None:
        listen(Notice("note", "no family learns from data.unlabelled; `smeaton label` says which of it to label next"))
    suspects, notes = probe(dataset, train, test)
    for note in notes:
        listen(Notice("note", note))
    for suspect in suspects:
        listen(Notice("note", f"{suspect.kind}: {suspect.why}" + ("" if suspect.accepted else f"; {suspect.accept}")))
    known = profile(dataset, train)
    known = msgspec.structs.replace(known, suspects=tuple(suspects), notes=(*known.notes, *notes))
    root = request.folder / ".smeaton" / _identity(task, dataset, seed, metric)
    root.mkdir(parents=True, exist_ok=True)
    return Prepared(task, dataset, train, test, known, metric, seed, request.folder, root)


def _about_reading(seconds: float, budget: float) -> list[str]:
    """Where reading took a good part of the budget: how long, and what to do about it."""
    if seconds < _LONG_READ * budget:
        return []
    return [
        f"reading took {seconds:.1f} s of the {budget:g} s in all: give more time (budget.time), or the rows as "
        "Parquet, of which a sample alone is read, and in a fraction of the time"
    ]


def _identity(task: Task, dataset: Dataset, seed: int, metric: str) -> str:
    """Names the build's folder: budget, limits, most bars and names may change without repeating a trial."""
    what = {"data": dataset.hash, "inputs": task.inputs, "output": task.output, "rows": task.rows, "test": task.test}
    judged = identity(task) if task.checks or task.judge is not None else []
    # A trial whose program sends a column as it is must not stand on the board of a task that masks the column.
    masked = [sorted(task.privacy.mask)] if task.privacy.mask else []
    # Labels are chosen by costs, and by bars that a threshold must hold: other ones make other trials.
    held = {name: bar.value for name, bar in task.bars.items() if task.is_class and name in DECIDING_BARS}
    chosen = [task.costs, held] if task.costs or held else []
    form = msgspec.json.encode([what, seed, metric, __version__, *judged, *masked, *chosen], order="deterministic")
    return hashlib.sha256(form).hexdigest()[:12]


def families(task: Task) -> dict[str, Family]:
    """The families the task allows, by name: our own, installed ones, and the user's (`families/_own`).

    Raises:
        TaskError: the task names a family that does not exist, or adds what is neither weights, model file nor code.
    """
    from smeaton.families._own import own_family

    known = plugins.names("families")
    for name in (*(task.solutions.only or ()), *task.solutions.never):
        if name not in known and name not in task.solutions.add:
            raise TaskError(f"there is no family {name!r}", fix=f"the families are: {', '.join(known)}")
    only = task.solutions.only
    chosen = [name for name in known if (only is None or name in only) and name not in task.solutions.never]
    # The constant baseline always runs: without it nobody can say that the winner is worth anything.
    names = dict.fromkeys(["baseline", *chosen])
    found: dict[str, Family] = {name: plugins.load("families", name) for name in names}
    own = [name for name in task.solutions.add if not is_material(name, Path(task.folder))]
    return found | {name: own_family(name, task) for name in own}


def is_material(name: str, folder: Path) -> bool:
    """Whether it is no family but what some work with, and look for: a language model, a prompt, weights."""
    return is_model(name) or (name.endswith(".md") and (folder / name).is_file()) or is_reference(name, folder)


def spaces(prepared: Prepared) -> tuple[dict[str, Space], dict[str, str]]:
    """What each family can try on this task, and why the others refuse."""
    found: dict[str, Space] = {}
    refused: dict[str, str] = {}
    for name, family in families(prepared.task).items():
        answer = family.space(prepared.task, prepared.profile)
        if isinstance(answer, Refusal):
            refused[name] = answer.why
            refused |= {f"{name} {part}": why for part, why in answer.parts.items()}
        elif answer.external and prepared.task.privacy.mask and not answer.masks:
            # Sending what the user wants masked would break the promise; sending nothing keeps it.
            hosts = ", ".join(answer.external)
            refused[name] = f"it would send rows to {hosts}, and it does not mask (privacy.mask)"
        else:
            found[name] = placed(name, answer, prepared.task, prepared.profile)
    return found, refused
