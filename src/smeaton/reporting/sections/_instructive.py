"""Mistakes worth looking at: the surest wrong answers and the largest errors, dealt out over the kinds of mistakes that
there are, none like one before it (maximal marginal relevance: Carbonell and Goldstein 1998)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.insight.suspects import studentised
from smeaton.metrics._read import numbers
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._losses import Losses
from smeaton.reporting.sections._parts import parts_of
from smeaton.task.table import Array

_POOL = 60  # of each kind that are weighed against each other
_COLUMNS = 30  # that rows are compared by
_ALIKE = 0.8  # what being wholly alike counts against being the surest of its kind


@dataclass(frozen=True, slots=True)
class Mistake:
    """A place in the evidence, the kind of mistake, how sure the answer was (None: not known) and, of numbers, said
    less true."""

    place: int
    kind: str
    sure: float | None
    off: float | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of mistake with the places of its rows, the worst first."""

    name: str
    places: Array


def instructive(found: Judged, losses: Losses, most: int) -> tuple[list[Mistake], int]:
    """Up to `most` mistakes, and how many there are (of numbers: rows that are off at all)."""
    if found.evidence.task.answer == "number":
        kinds, off = _numbers(found, losses)
        count, sure = int((losses.values > 0).sum()), None
    else:
        kinds, sure = _classes(found, losses)
        count, off = int(losses.wrong.sum()) if losses.wrong is not None else 0, None
    chosen = _dealt(kinds, _looks(found, [kind.places for kind in kinds]), most)
    return [
        Mistake(
            place,
            name,
            None if sure is None or not np.isfinite(sure[place]) else float(sure[place]),
            None if off is None or not np.isfinite(off[place]) else float(off[place]),
        )
        for place, name in chosen
    ], count


def _numbers(found: Judged, losses: Losses) -> tuple[list[_Kind], Array]:
    """Too high and too low, outright and for answers of that size."""
    evidence = found.evidence
    said, true = numbers(found.answers, len(evidence.rows)), evidence.target.astype(np.float64)
    off, strength = said - true, np.abs(studentised(true, said))
    kinds = []
    for scale, words in ((losses.values, ""), (strength, " for such an answer")):
        for name, side in (("much too high", off > 0), ("much too low", off < 0)):
            places = np.flatnonzero(side & (scale > 0))
            kinds.append(_Kind(name + words, places[np.argsort(-scale[places], kind="stable")]))
    failed = np.flatnonzero(~np.isfinite(said))
    return [*kinds, _Kind("no answer", failed)], off


def _classes(found: Judged, losses: Losses) -> tuple[list[_Kind], Array | None]:
    """One kind for each pair of what is true and what was said, those with the most rows first."""
    evidence = found.evidence
    assert losses.wrong is not None
    wrong, chance = np.flatnonzero(losses.wrong), evidence.probability
    if evidence.task.answer == "class":
        labels = [*evidence.labels, "no label"]
        names = [f"{labels[true]} taken for {labels[said]}" for true, said in zip(*_pairs(found, wrong), strict=True)]
        sure = None if chance is None else _sureness(found)
    elif evidence.task.answer == "many" and chance is not None:
        gap = np.abs(chance - evidence.target)
        worst = np.nan_to_num(gap, nan=-1.0).argmax(axis=1)
        sure = gap[np.arange(len(gap)), worst]
        missed = evidence.target[np.arange(len(gap)), worst] == 1
        words = {True: "missed", False: "said though it is not there"}
        names = [f"{evidence.labels[worst[place]]} {words[bool(missed[place])]}" for place in wrong]
    else:
        sure, names = None, ["wrong"] * len(wrong)
    order = wrong if sure is None else wrong[np.argsort(-np.nan_to_num(sure[wrong], nan=-1.0), kind="stable")]
    name_of = dict(zip(wrong.tolist(), names, strict=True))
    groups: dict[str, list[int]] = {}
    for place in order.tolist():
        groups.setdefault(name_of[place], []).append(place)
    kinds = [_Kind(name, np.array(places)) for name, places in groups.items()]
    return sorted(kinds, key=lambda kind: -len(kind.places)), sure


def _pairs(found: Judged, places: Array) -> tuple[list[int], list[int]]:
    evidence = found.evidence
    return np.asarray(evidence.target)[places].tolist(), evidence.codes()[places].tolist()


def _sureness(found: Judged) -> Array:
    """The probability of the label that was said."""
    evidence = found.evidence
    assert evidence.probability is not None
    codes = evidence.codes()
    said = evidence.probability[np.arange(len(codes)), np.maximum(codes, 0)]
    return np.where((codes >= 0) & found.valid, said, np.nan)


def _looks(found: Judged, pools: Sequence[Array]) -> dict[int, Array]:
    """What rows are compared by: the part of each column they are in, for the rows that may be chosen."""
    evidence = found.evidence
    task, table = evidence.task, evidence.dataset.table
    places = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(pool[:_POOL] for pool in pools)]))
    codes = []
    for name in list(table)[:_COLUMNS]:
        parts = parts_of(name, task.input_types[name], table[name][evidence.rows[places]])
        codes.append(np.zeros(len(places), dtype=np.int64) if parts is None else parts.codes)
    rows = np.stack(codes, axis=1) if codes else np.zeros((len(places), 1), dtype=np.int64)
    return dict(zip(places.tolist(), rows, strict=True))


def _dealt(kinds: Sequence[_Kind], looks: dict[int, Array], most: int) -> list[tuple[int, str]]:
    """From each kind in turn the mistake that is worst, less how much it is like one already chosen."""
    pools = [(kind.name, kind.places[:_POOL].tolist()) for kind in kinds if len(kind.places)]
    sizes = {name: len(places) for name, places in pools}
    chosen: list[tuple[int, str]] = []
    while len(chosen) < most and any(places for _, places in pools):
        for name, places in pools:
            taken = {place for place, _ in chosen}
            places[:] = [place for place in places if place not in taken]
            if not places or len(chosen) == most:
                continue
            ranks = 1.0 - np.arange(len(places)) / max(1, sizes[name])
            seen = np.stack([looks[place] for place, _ in chosen]) if chosen else None
            alike = [0.0 if seen is None else float((seen == looks[place]).mean(axis=1).max()) for place in places]
            best = int(np.argmax(ranks - _ALIKE * np.array(alike)))
            chosen.append((places.pop(best), name))
    return chosen
