"""The contract of a family: one way to solve tasks, one file in this folder, bound to the name `part`.

A family turns data into a Program; nothing after the board knows which family made it. It never sees held-out targets,
never scores itself, and imports nothing heavy at module level.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from smeaton.compile.calibrate import Calibration
from smeaton.data.fold import Fold
from smeaton.llm.purse import Purse
from smeaton.runtime.ops import Effect
from smeaton.runtime.program import Program
from smeaton.task.profile import Profile
from smeaton.task.table import Array, Table
from smeaton.task.task import Task

Config = Mapping[str, Any]  # plain JSON


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some plain values."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two bounds, both included; on a log scale if said; whole if `integer`."""

    low: float
    high: float
    log: bool = False
    integer: bool = False


@dataclass(frozen=True, slots=True)
class Space:
    """What a family can try. `starts` is an ordered portfolio, cheap and strong first; missing keys take the family's
    defaults. `fidelity` names what a cheaper try reduces. `repeats` > 1 for what is not repeatable.

    `row_seconds` is about what one answer takes where that is long: the sealed test needs it for each of its rows.
    `seconds` is about what one fit takes on the reference machine (`trials/timing.py`), where the family knows better
    than its `effort` says; `whole`, how many of its candidates must fit into the budget over all folds for several
    folds to be worth it (None: as many as of tables).

    `effort` is a rough factor of work against a linear model on the same rows (baseline 0, linear 1, boosting 5): it
    orders first tries until real times are known.
    """

    starts: tuple[Config, ...]
    params: Mapping[str, Choice | Range] = field(default_factory=dict)
    fidelity: Literal["rows", "steps", "examples"] | None = None
    repeats: int = 1
    effort: float = 1.0
    needs_pool: int = 0  #: how many finished full trials must be in the pool before this family can run
    row_seconds: float = 0.0
    seconds: float | None = None
    whole: int | None = None
    shared: bool = False  #: its first fits also do work that later fits of the build share (embedding the rows)
    #: the hosts rows would be sent to; the task must allow it (`privacy.external`); `local` is no such host
    external: tuple[str, ...] = ()
    masks: bool = False  #: whether it replaces the columns of `privacy.mask` before anything is sent
    #: what of the family does not run here, and why: each is a row of the board ("prompt gpt-x": "needs ...")
    refused: Mapping[str, str] = field(default_factory=dict)
    #: at most so many held-out rows are answered in all (0 = every one): the same for all candidates that say the same
    asked_rows: int = 0
    pool: Literal["merged", "all"] = "merged"  #: which finished trials it works on, where it needs a pool
    smaller: Config = field(default_factory=dict)  #: change of a configuration that makes a smaller form of the same
    #: places of the first starts in the learnt order over all families, 0 = to be tried first
    places: tuple[int, ...] = ()
    late: bool = False  #: of what needs a pool: once is enough, after the last of the others
    #: the user's own: it is fitted whole, for its score is wanted however the race goes
    own: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a family does not run on this task: shown on the board, never hidden. `parts` say it for each of its parts
    (its models), as `Space.refused` does."""

    why: str
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished full trial as the pool shows it. Per fold: calibrated predictions on held-out rows (by dataset row
    position), on the fold's stop rows, the folder of the fold's Program, and the calibration that its answers went
    through (None = none)."""

    key: str
    family: str
    score: float
    held: Sequence[Table]
    stop: Sequence[Table]
    folders: Sequence[Path]
    calibrations: Sequence[Calibration | None]
    config: Config = field(default_factory=dict)
    effect: Effect = "pure"


@dataclass(slots=True)
class Run:
    """What a fit may use. `seconds` is a soft limit the family plans with (the worker is killed well after it);
    `fidelity` is in (0, 1]; `report(step, score)` tells the board how it goes (lower is better) and may raise to stop.
    `other_folds` gives, for *other* folds only, the targets of their held-out rows: what a blend may learn from.
    """

    seed: int
    fidelity: float
    seconds: float
    scratch: Path
    threads: int = 1
    purse: Purse | None = None  #: money for paid calls while fitting; None = none may be made
    pool: Sequence[Finished] = ()
    report: Callable[[int, float], None] = lambda step, score: None
    cache: Path | None = None  #: shared by all fits of a build and by later builds; may be deleted at any time
    other_folds: Mapping[int, Array] = field(default_factory=dict)  #: fold number -> targets of its held-out rows


class Fitted(Protocol):
    """A fitted candidate.

    It may have more attributes: `shared`, the seconds of its fit that went into what later fits share; `steps`, the
    step at which the clock ended the fit (0 where it ended by itself; a replay gives it back as the config key `_steps`
    and expects the same answers); `note`, what did not go as planned; `merged`, whether its program is put together of
    programs that were proven before, with `known()`, its answers to held-out and stop rows from theirs; `refit`,
    the change of configuration that fits the same again without rows to stop on; and `barred`, why it stands on the
    board and must never be chosen (its score is no evidence), '' if it may.
    """

    def predict(self, rows: Table) -> Table:
        """Answers for typed input rows: `prediction`, and for classes `probability`."""
        ...

    def export(self, folder: Path) -> Program:
        """Write the files of the Program that answers the same, and return it.

        Raises:
            Unshippable: no program can carry it; its own answers stand on the board, and it is never chosen.
        """
        ...


class Family(Protocol):
    """One way to solve tasks."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """What to try on this task, or why not. Cheap: called before anything is fitted."""
        ...

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Fitted:
        """Fit one candidate on one fold."""
        ...
