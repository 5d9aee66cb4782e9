"""What each ingredient contributed to a build: the best solution, and the best blend, with it and without it.

An ingredient is a family, a kind of feature, tuning, calibration, the blend itself, a refit. Nothing is fitted anew:
singles are compared by their stored out-of-fold answers, blends are put together again from those of what is left. All
differences are paired, on the same rows. What was chosen by its score is compared on the rows that chose it, so what it
brought is a little overstated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from smeaton.errors import DataError
from smeaton.leaderboard._reblend import MOST_MEMBERS, Reblend, blendable, open_reblend
from smeaton.leaderboard.board import BASELINE, StoredEvidence
from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.significance import Evidence, Jury, Truth
from smeaton.leaderboard.ties import oriented, savings
from smeaton.metrics import Better
from smeaton.metrics._defaults import load_metric
from smeaton.task.table import PROBABILITY
from smeaton.trials.choose import MEMBERS
from smeaton.trials.evaluate import OOF, open_trial
from smeaton.trials.proposers.slim import KEYS as SMALLER
from smeaton.trials.proposers.tpe import TUNED
from smeaton.trials.record import Interval
from smeaton.trials.reject import outside_code
from smeaton.trials.results import HELD, read_answers, read_calibrations, stack

if TYPE_CHECKING:
    from smeaton.data.dataset import Dataset

Kind = Literal["family", "encode", "derive", "texts", "slim", "tuning", "blend", "calibration", "refit"]
#: What configurations say that is no ingredient: how columns are read where nothing is asked for.
_PLAIN = {"encode": ("", "codes"), "texts": ("", "buckets", "none"), "derive": ("",)}
_ALL = "blend of all"  # keys of evidence that no trial left
_RAW = "not calibrated"


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One ingredient. `single` and `blend` are how much worse the best single solution and the best blend would be
    without it (positive = worse, in the metric's unit; None = cannot be told, `why` says it); of what is made of other
    trials how much better it is than the best single solution, and than the best made in another way. `tried` counts
    full trials that have it, `best` is the best score among them, `seconds` what its trials took."""

    kind: Kind
    name: str
    tried: int = 0
    best: Interval | None = None
    single: Interval | None = None
    blend: Interval | None = None
    seconds: float = 0.0
    why: str = ""


class Ablation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All ingredients of a build, those first whose loss would cost most. `seconds` is the work of all its trials."""

    task: str
    metric: str
    better: Better
    seconds: float
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def ablation(root: Path, board: Board, dataset: "Dataset", seed: int = 0) -> Ablation:
    """Take a build's ingredients away one by one.

    Args:
        root: the build's folder, with its trials.
        board: its board.
        dataset: its rows.
        seed: of the resamples that intervals come from.

    Raises:
        DataError: no trial has a score, or the stored answers are gone.
    """
    work = _opened(root, board, dataset, seed)
    pieces = [_without(work, kind, name) for kind, name in _ingredients(work)]
    pieces += [*_composites(work), *_calibration(work), *_refits(work)]
    return Ablation(
        task=board.task,
        metric=board.metric,
        better=board.better,
        seconds=sum(row.seconds for row in board.rows),
        pieces=tuple(sorted(pieces, key=_cost, reverse=True)),
        notes=tuple(work.notes),
    )


@dataclass(slots=True)
class _Work:
    """A build taken apart. `scored` are its full trials, the best first, `singles` those of one model each; `pool` is
    None where blends cannot be put together again."""

    root: Path
    board: Board
    dataset: "Dataset"
    jury: Jury
    evidence: "_Evidence"
    scored: list[Row]
    singles: list[Row]
    has: dict[str, set[tuple[Kind, str]]]
    pool: Reblend | None
    notes: list[str]


class _Evidence(dict[str, Evidence]):
    """Answers made here, and below them those the trials left."""

    def __init__(self, stored: StoredEvidence) -> None:
        super().__init__()
        self._stored = stored

    def __missing__(self, key: str) -> Evidence:
        return self._stored[key]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self._stored


def _opened(root: Path, board: Board, dataset: "Dataset", seed: int) -> _Work:
    scored = [row for row in board.rows if row.rank is not None and row.score is not None]
    scored.sort(key=lambda row: (-oriented(row.score.value if row.score else 0.0, board.better), row.key))
    singles = [row for row in scored if row.family != BASELINE and MEMBERS not in row.config and not row.estimated_from]
    if not singles:
        raise DataError("no solution of this build has a score", where=str(root), fix="build again, with more time")
    folders = {row.key: root / "trials" / row.key for row in scored if not row.estimated_from}
    if not all((folder / OOF).exists() for folder in folders.values()):
        raise DataError("the answers of this build are gone", where=str(root), fix="build again")
    evidence = _Evidence(StoredEvidence(folders))
    truth = Truth(dataset.target, dataset.task.labels, dataset.weight, dataset.group, dataset.time)
    jury = Jury(truth, evidence, {board.metric: load_metric(board.metric, dataset.task)}, seed)
    tuned = {row.key for row in singles if open_trial(folders[row.key]).candidate.why == TUNED}
    has = {row.key: set(_of(row, row.key in tuned)) for row in board.rows if row.state != "refused"}
    notes = ["what was chosen by its score is compared on the rows that chose it, which flatters it a little"]
    work = _Work(root, board, dataset, jury, evidence, scored, singles, has, None, notes)
    work.pool = _pool(work)
    return work


def _of(row: Row, tuned: bool) -> Iterator[tuple[Kind, str]]:
    """The ingredients of a solution, as its configuration names them."""
    if row.family == BASELINE or MEMBERS in row.config:
        return
    yield "family", row.family
    kinds: tuple[Literal["encode", "texts", "derive"], ...] = ("encode", "texts", "derive")
    for kind in kinds:
        value = row.config.get(kind, "")
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and name not in _PLAIN[kind]:
                yield kind, name
    if any(row.config.get(key) for key in SMALLER):
        yield "slim", ""
    if tuned:
        yield "tuning", ""


def _pool(work: _Work) -> Reblend | None:
    """The members of blends: the best of each family, then the best of all."""
    task = work.dataset.task
    if task.answer not in ("class", "number") or outside_code(task) is not None:
        work.notes.append("blends are not put together again: such answers have no mean that could be judged alike")
        return None
    able = [row for row in work.singles if blendable(work.root, row.key)]
    firsts = {row.family: row.key for row in reversed(able)}
    chosen = dict.fromkeys([*firsts.values(), *(row.key for row in able)])
    keys = list(chosen)[:MOST_MEMBERS]
    if len(keys) < 2:
        work.notes.append("blends are not put together again: fewer than two solutions could be averaged")
        return None
    pool = open_reblend(work.root, work.dataset, work.board.metric, keys)
    if not all(len(weight) for _, _, weight in pool.evidence):
        work.notes.append("blends are not put together again: no rows are left to learn their weights from")
        return None
    work.evidence[_ALL] = Evidence(pool.rows, pool.answers(keys))
    return pool


def _ingredients(work: _Work) -> list[tuple[Kind, str]]:
    """In order of first appearance."""
    return list(dict.fromkeys(found for own in work.has.values() for found in sorted(own)))


def _without(work: _Work, kind: Kind, name: str) -> Piece:
    """The best single solution and the best blend of what does not have an ingredient, against those of all."""
    metric = work.board.metric
    having = [row for row in work.board.rows if (kind, name) in work.has.get(row.key, ())]
    inside = [row for row in work.singles if (kind, name) in work.has[row.key]]
    left = [row for row in work.singles if (kind, name) not in work.has[row.key]]
    single = blend = None
    if left and inside:
        single = work.jury.lead(metric, work.singles[0].key, left[0].key)
    if work.pool is not None and inside:
        keys = [row.key for row in left if row.key in work.pool.keys]
        if keys:
            own = f"without {kind} {name}"
            work.evidence[own] = Evidence(work.pool.rows, work.pool.answers(keys))
            blend = work.jury.lead(metric, _ALL, own)
    why = "" if left else "everything has it"
    if not inside:
        why = having[0].why or f"none of its {len(having)} tries was finished"
    return Piece(
        kind=kind,
        name=name,
        tried=len(inside),
        best=inside[0].score if inside else None,
        single=single,
        blend=blend,
        seconds=sum(row.seconds for row in having),
        why=why,
    )


def _composites(work: _Work) -> Iterator[Piece]:
    """What is made of finished trials (blends, students): how much better its best is than the best single solution,
    and than the best that is made otherwise."""
    rows = [row for row in work.board.rows if MEMBERS in row.config and row.state != "refused"]
    made = [row for row in work.scored if MEMBERS in row.config]
    for family in dict.fromkeys(row.family for row in rows):
        own = [row for row in rows if row.family == family]
        best = next((row for row in made if row.family == family), None)
        other = next((row for row in made if row.family != family), None)
        single = blend = None
        why = own[0].why if best is None else ""
        if best is not None:
            single = work.jury.lead(work.board.metric, best.key, work.singles[0].key)
            if other is not None:
                blend = work.jury.lead(work.board.metric, best.key, other.key)
                saved = savings(best.cost, other.cost)
                why = f"{saved} than {other.family}" if saved else ""
        yield Piece(
            kind="blend",
            name=family,
            tried=sum(row.rank is not None for row in own),
            best=None if best is None else best.score,
            single=single,
            blend=blend,
            seconds=sum(row.seconds for row in own),
            why=why,
        )


def _calibration(work: _Work) -> Iterator[Piece]:
    """The best single solution before its calibration."""
    key = work.singles[0].key
    folder = work.root / "trials" / key
    steps = read_calibrations(folder)
    if not any(step is not None for step in steps) or outside_code(work.dataset.task) is not None:
        return
    raw = stack([read_answers(folder, number, HELD)[0] for number in range(len(steps))])
    if PROBABILITY not in raw:
        return
    rows = work.jury.evidence[key].rows
    work.evidence[_RAW] = Evidence(np.asarray(rows), raw)
    lead = work.jury.lead(work.board.metric, key, _RAW)
    yield Piece(kind="calibration", name="", tried=1, best=work.singles[0].score, single=lead)


def _refits(work: _Work) -> Iterator[Piece]:
    rows = [row for row in work.board.rows if row.estimated_from]
    if rows:
        why = "it has seen every row, so only the sealed test judges it"
        yield Piece(kind="refit", name="", tried=len(rows), seconds=sum(row.seconds for row in rows), why=why)


def _cost(piece: Piece) -> tuple[bool, float, float]:
    """What is lost without an ingredient, for ordering."""
    found = [one.value for one in (piece.blend, piece.single) if one is not None]
    return bool(found), max(found, default=0.0), -piece.seconds
