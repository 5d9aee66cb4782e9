"""`Recorder`: what a service keeps of its answers: metrics, the journal, spans."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from smeaton.service.answered import Answered
from smeaton.service.exchange import Asked
from smeaton.service.telemetry.metrics import Metrics
from smeaton.service.usage import used_by
from smeaton.task.table import USAGE

if TYPE_CHECKING:
    from smeaton.journal import Journal
    from smeaton.service.hosted import Hosted
    from smeaton.service.telemetry.otel import Spans

_SPANS = 64  # calls of one request that are shown each as a span


class Recorder:
    """The witness of a service (see `witness.py`)."""

    __slots__ = ("_entry", "journal", "metrics", "spans")

    def __init__(self, metrics: Metrics, journal: "Journal | None" = None, spans: "Spans | None" = None) -> None:
        self.metrics = metrics
        self.journal = journal
        self.spans = spans
        if journal is not None:
            from smeaton.journal import Entry  # a service without a journal starts without SQLite

            self._entry = Entry

    def declare(self, model: "Hosted") -> None:
        """A model is about to answer: the journal must know its columns, and which are never written."""
        if self.journal is not None:
            self.journal.declare(model.name, model.version, model.columns, model.task.privacy.mask)

    def ran(self, model: "Hosted", rows: int, requests: int, queued: float, seconds: float) -> None:
        """A run of a model."""
        self.metrics.batch(model.name, rows, requests, queued, seconds)

    def answered(self, model: "Hosted", asked: Asked, rows: Sequence[Any], answered: Answered, seconds: float) -> None:
        """An answered request."""
        if self.journal is not None:
            self._note(model, asked, rows, answered.rows(usage=True), seconds)
        cells = answered.columns[USAGE].tolist() if USAGE in answered.run.columns else ()
        self._took(model, asked, cells)
        if self.spans is not None:
            run = answered.run
            self.spans.inference(asked.trace, model.name, model.version, run.rows, time.time_ns(), run.seconds)

    def streamed(
        self, model: "Hosted", asked: Asked, rows: Sequence[Any], cells: Mapping[tuple[int, str], str], seconds: float
    ) -> None:
        """A request that was answered in pieces: the joined text of each cell is what was answered."""
        took = (text for (_, output), text in cells.items() if output == USAGE)
        self._took(model, asked, [msgspec.json.decode(text) for text in took])
        if self.journal is None:
            return
        answers: list[dict[str, Any]] = [{} for _ in rows]
        for (row, output), text in cells.items():
            answers[row][output] = text
        self._note(model, asked, rows, answers, seconds)

    def _took(self, model: "Hosted", asked: Asked, cells: Sequence[Any]) -> None:
        """Count what other models took for the rows of a request, and show each as a span of its own."""
        asked_others = [cell for cell in cells if isinstance(cell, Mapping)]
        if not asked_others:
            return
        used = used_by(asked_others)
        self.metrics.asked(model.name, used.input, used.output, used.cost)
        if self.spans is not None:
            ended = time.time_ns()
            for cell in asked_others[:_SPANS]:
                self.spans.chat(asked.trace, cell, ended)

    def _note(
        self, model: "Hosted", asked: Asked, rows: Sequence[Any], answers: Sequence[Mapping[str, Any]], seconds: float
    ) -> None:
        assert self.journal is not None
        if rows and isinstance(rows[0], Mapping):
            rows = [[row.get(name) for name in model.columns] for row in rows]
        trace = asked.trace.trace_id if asked.trace.parent_id else ""
        self.journal.note(
            self._entry(
                at=time.time(),
                id=asked.id,
                model=model.name,
                bundle=model.version,
                wire=asked.wire,
                caller=asked.caller,
                trace=trace,
                seconds=seconds,
                rows=rows,
                answers=answers,
                size=len(asked.body),
            )
        )
