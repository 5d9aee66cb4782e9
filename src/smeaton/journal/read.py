"""`Reader`: all predictions of a journal in the order of time, joined with their truths, also while it is written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from smeaton.errors import InputError
from smeaton.journal.held import EntryRow, Filter, FormSeen, HeldSegment
from smeaton.journal.segments import SegmentFile, listed
from smeaton.journal.truths import Truth, Truths

_TOGETHER = 200  # entries whose truths are looked up at once

Moment = float | datetime | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row that was answered.

    `at` in unix seconds, `seconds` what its request took. `inputs` by column, the masked ones absent; `answer` has
    `prediction`, for classes `probability` by label, and `error` where there is one. `truth` is None until it is known.
    """

    at: float
    id: str
    row: int
    model: str
    bundle: str
    wire: str
    caller: str
    trace: str
    seconds: float
    inputs: dict[str, Any]
    answer: dict[str, Any]
    truth: Truth | None


@dataclass(frozen=True, slots=True)
class ModelSeen:
    """What a journal holds of one bundle of a model; `judged` predictions have a truth. Moments in unix seconds."""

    model: str
    bundle: str
    columns: tuple[str, ...]
    masked: tuple[str, ...]
    entries: int
    predictions: int
    judged: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What a journal holds: models in the order they were first seen, truths given, files and their bytes."""

    models: tuple[ModelSeen, ...]
    feedback: int
    segments: int
    damaged: int
    bytes: int


class Reader:
    """Reads the segments of a folder. `problems` says which could not be read, and why; the others are.

    Raises:
        InputError: there is no such folder.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputError(
                f"there is no folder {folder}", fix="name the folder that the service writes its journal to"
            )
        self.problems: list[str] = []

    def predictions(self, model: str | None = None, since: Moment = None, until: Moment = None) -> Iterator[Prediction]:
        """Predictions of a model (None = all) with `since` <= at < `until`, oldest first, in bounded memory.

        In order to within the seconds that a request takes: it is written when it has ended. A moment is in unix
        seconds, or a datetime. Truths are those known when reading begins.
        """
        wanted = Filter(model, _seconds(since, float("-inf")), _seconds(until, float("inf")))
        with closing(Truths()) as truths:
            workers: dict[str, list[SegmentFile]] = {}
            for segment in self._segments():
                workers.setdefault(segment.worker, []).append(segment)
                with self._noted(segment), HeldSegment(segment) as held:
                    truths.gather(held)
            chains = [self._entries(segments, wanted) for segments in workers.values()]
            every = merge(*chains, key=lambda found: found[1][2])
            while together := list(islice(every, _TOGETHER)):
                known = truths.of([entry[3] for _, entry in together])
                for form, entry in together:
                    yield from _predictions(form, entry, known)

    def summary(self) -> Summary:
        """Counts, without reading the entries (their ids only, where truths were given)."""
        seen: dict[tuple[str, str], ModelSeen] = {}
        segments = self._segments()
        feedback = 0
        with closing(Truths()) as truths:
            for segment in segments:
                with self._noted(segment), HeldSegment(segment) as held:
                    feedback += truths.gather(held)
            for segment in segments:
                with self._noted(segment), HeldSegment(segment) as held:
                    judged = truths.judged(held)
                    for form in held.forms():
                        _add(seen, form, judged.get(form.key, 0))
        every = listed(self.folder)
        return Summary(
            models=tuple(sorted(seen.values(), key=lambda model: model.first)),
            feedback=feedback,
            segments=len(segments),
            damaged=len(every) - len(segments),
            bytes=sum(segment.bytes() for segment in every),
        )

    def _segments(self) -> list[SegmentFile]:
        return [segment for segment in listed(self.folder) if not segment.damaged]

    def _entries(self, segments: list[SegmentFile], wanted: Filter) -> Iterator[tuple[FormSeen, EntryRow]]:
        for segment in segments:
            with self._noted(segment), HeldSegment(segment) as held:
                yield from held.entries(wanted)

    @contextmanager
    def _noted(self, segment: SegmentFile) -> Iterator[None]:
        """What keeps a segment from being read ends the block and is noted."""
        try:
            yield
        except sqlite3.Error as error:
            if segment.path.exists():  # else its time was over while we read
                problem = f"{segment.path.name}: {error}"
                if problem not in self.problems:
                    self.problems.append(problem)


def _predictions(form: FormSeen, entry: EntryRow, truths: dict[tuple[str, int], Truth]) -> Iterator[Prediction]:
    _, _, at, request, wire, caller, trace, seconds, rows, answers = entry
    cells = msgspec.json.decode(rows, type=list[list[Any]])
    given = msgspec.json.decode(answers, type=list[dict[str, Any]])
    for row, (values, answer) in enumerate(zip(cells, given, strict=True)):
        inputs = dict(zip(form.columns, values, strict=True))
        truth = truths.get((request, row))
        yield Prediction(
            at, request, row, form.model, form.bundle, wire, caller, trace, seconds, inputs, answer, truth
        )  # fmt: skip


def _add(seen: dict[tuple[str, str], ModelSeen], form: FormSeen, judged: int) -> None:
    key = (form.model, form.bundle)
    before = seen.get(key)
    if before is None:
        seen[key] = ModelSeen(
            *key, form.columns, form.masked, form.entries, form.predictions, judged, form.first, form.last
        )
        return
    seen[key] = replace(
        before,
        entries=before.entries + form.entries,
        predictions=before.predictions + form.predictions,
        judged=before.judged + judged,
        first=min(before.first, form.first),
        last=max(before.last, form.last),
    )


def _seconds(moment: Moment, default: float) -> float:
    if moment is None:
        return default
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)
