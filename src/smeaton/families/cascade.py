"""A small model first, a language model only where the small one is unsure.

Both parts are finished trials of the pool. Which two, by which measure the small one is unsure and below which
certainty, and whether what the language model says is taken as it is or joined with the small model's probabilities
(`runtime/ops/combine.py`), is chosen on the *other* folds' held-out answers and targets, so that a cascade's score is
as honest as any other's. With one fold there are no such answers: the language model is asked about some of the rows
that the small one was stopped on. Confidence cascades: Viola and Jones 2001; with language models: Chen, Zaharia and
Zou 2023, "FrugalGPT".

The replies are kept under what was asked, so that a fold's cascade pays for no held-out row again.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Config, Finished, Refusal, Run, Space
from smeaton.families._cascade_choice import (
    GOALS,
    Evidence,
    Option,
    loss_of,
    metric_of,
    options,
    pick,
    table_said,
    thinned,
)
from smeaton.families._cascade_evidence import evidence_of, folds_known, refuse_task
from smeaton.families._cascade_program import Parts, assemble
from smeaton.families._chat import ASKED_ROWS, hosts, models
from smeaton.llm.purse import Purse
from smeaton.runtime.call import Call
from smeaton.runtime.check import externals
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.ops.combine import codes_said
from smeaton.runtime.program import Program
from smeaton.task.profile import Profile
from smeaton.task.table import PREDICTION, Table
from smeaton.task.task import Task

_SMALL, _CHATS = 3, 2  # how many of the best of each kind are paired


@dataclass(frozen=True, slots=True)
class Cascade:
    """Two parts and when the second is asked. `predict` asks it, and pays from the purse of the fit."""

    task: Task
    parts: Parts
    scratch: Path
    purse: Purse | None
    seed: int
    note: str
    steps: int = 0

    def predict(self, rows: Table) -> Table:
        """The answers of the program."""
        folder = self.scratch / "cascade"
        folder.mkdir(parents=True, exist_ok=True)
        program = self.export(folder)
        save_program(program, folder)
        leave = {external.host for external in externals(program)}
        with Engine(program, folder, types=self.task.input_types, allow_external=leave) as engine:
            return engine.run(rows, Call(purse=self.purse, seed=self.seed))

    def export(self, folder: Path) -> Program:
        """Both programs joined, their files in folders of their own."""
        return assemble(self.task, self.parts, folder)


class CascadeFamily:
    """Pairs finished trials. The config's `goal` is one of `GOALS`; `members` names the trials it may read."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """The best, the cheapest that ties with it, and one call in ten rows; where the time is limited, so few calls
        that the 95th percentile is the small model's."""
        refused = refuse_task(task)
        if refused is not None:
            return refused
        usable, missing = models(task, profile)
        own = any(".py:" in name for name in task.solutions.add)  # a family of the user's may ask a model
        if not usable and not own:
            return Refusal("no language model can be asked here", parts=missing)
        goals = ["best", "cheapest", "tenth", *(["rare"] if task.limits.p95 is not None else [])]
        starts = tuple({"goal": goal} for goal in goals)
        return Space(
            starts=starts,
            effort=0.7,
            needs_pool=2,
            pool="all",
            external=hosts(usable),
            masks=True,
            asked_rows=ASKED_ROWS,
        )

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Cascade:
        """Choose both parts and the threshold for one fold.

        Raises:
            InputError: the pool lacks a small model or a language model, there is nothing to choose by, or the limit of
                costs allows no call.
        """
        members = sorted(run.pool, key=lambda member: member.key)
        if "members" in config:
            members = [member for member in members if member.key in config["members"]]
        goal = GOALS[config.get("goal", "best")]
        best: tuple[float, Option, Evidence, Finished, Finished] | None = None
        dear: list[float] = []
        for small, chat, evidence in _pairs(task, members, fold, run):
            most = _affordable(task, evidence.cost)
            option = pick(task, options(task, thinned(evidence)), goal, most)
            if option is None:
                dear.append(evidence.cost)
            elif best is None or option.loss < best[0]:
                best = option.loss, option, evidence, small, chat
        if best is None:
            raise _nothing(task, dear)
        _, option, evidence, small, chat = best
        run.report(1, option.loss)
        table = None
        if option.combine:
            codes = codes_said(evidence.chat[PREDICTION], task.labels)
            table = table_said(codes, evidence.target, len(task.labels))
        step = small.calibrations[fold.number]
        folders = small.folders[fold.number], chat.folders[fold.number]
        parts = Parts(folders[0], step, folders[1], option.measure, option.threshold, table)
        said = _said(option, small, chat)
        if fold.train.weight is not None:
            said += "; weights of rows are not used to choose the threshold"
        return Cascade(task, parts, run.scratch, run.purse, run.seed, said)


def _pairs(
    task: Task, members: Sequence[Finished], fold: Fold, run: Run
) -> Iterator[tuple[Finished, Finished, Evidence]]:
    """The best small models with the best language models, and what is known of each two.

    Raises:
        InputError: one of the two kinds is missing.
    """
    small = [member for member in members if member.effect == "pure"]
    chats = [member for member in members if member.effect == "external"]
    if not small or not chats:
        raise InputError(
            f"a cascade needs a finished trial that runs here and one that asks a model; there are {len(small)} and "
            f"{len(chats)}",
            fix="let a family of small models and one of prompts run longer",
        )
    if folds_known(members, fold, run):
        small = _best(task, small, chats[0], fold, run, _SMALL)
        chats = _best(task, chats, small[0], fold, run, _CHATS)
    else:  # each language model has to be asked: only the best
        small, chats = _by_score(task, small)[:1], _by_score(task, chats)[:1]
    for one in small:
        for other in chats:
            yield one, other, evidence_of(task, one, other, fold, run)


def _best(task: Task, members: list[Finished], other: Finished, fold: Fold, run: Run, count: int) -> list[Finished]:
    """The best by their own answers to the rows of the other folds."""

    def loss(member: Finished) -> float:
        known = evidence_of(task, member, other, fold, run)
        return loss_of(task, known.small, known.target)

    return sorted(members, key=loss)[:count]


def _by_score(task: Task, members: list[Finished]) -> list[Finished]:
    return sorted(members, key=lambda member: member.score, reverse=metric_of(task).better == "higher")


def _affordable(task: Task, cost: float) -> float:
    """The largest share of the rows that the limit of costs lets be asked; none where the price is not known."""
    limit = task.limits.cost_per_1k
    if limit is None or cost == 0:
        return 1.0
    return 0.0 if math.isnan(cost) else min(1.0, limit / (1_000 * cost))


def _nothing(task: Task, dear: Sequence[float]) -> InputError:
    known = [cost for cost in dear if not math.isnan(cost)]
    if task.limits.cost_per_1k is None or not known:
        why = "the price of a call is not known, and limits.cost_per_1k asks for it" if dear else "there is no row"
        return InputError(f"no cascade can be chosen: {why}", fix="state the price, or give the task more rows")
    share = _affordable(task, min(known))
    return InputError(
        f"no cascade keeps to ${task.limits.cost_per_1k:g} per 1,000 rows: at ${min(known):.6f} a call {share:.2%} of "
        "the rows may be asked",
        fix="raise limits.cost_per_1k, or name a cheaper model",
    )


def _said(option: Option, small: Finished, chat: Finished) -> str:
    how = ", its word joined with the small model's by Bayes' rule" if option.combine else ""
    return (
        f"{small.family} first; {chat.family} about {option.share:.0%} of the rows ({option.measure} below "
        f"{option.threshold:.3g}){how}"
    )


part = CascadeFamily()
