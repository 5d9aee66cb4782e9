"""`Journal`: what a worker was asked and answered, kept in a folder without ever holding an answer up."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from smeaton.errors import NotKept
from smeaton.journal.encode import Form
from smeaton.journal.entry import Entry
from smeaton.journal.feedback import read_truths
from smeaton.journal.retention import Retention
from smeaton.journal.segments import is_worker
from smeaton.journal.waiting import Waiting
from smeaton.journal.writer import Writer

DAY = 86_400.0
MOST_FEEDBACK = 100_000  # truths that may wait for the disk

log = logging.getLogger("smeaton.journal")


class Journal:
    """The journal of one worker process, in a folder that all workers share.

    Args:
        folder: where the segments lie; made when the first entry comes.
        worker: name of the process among those that share the folder: letters, digits and underscores.
        sample: share of the requests to keep, decided by their ids.
        segment_bytes: size at which a new file is begun (and once a day).
        keep_seconds: remove segments when their last entry is older, None = never.
        keep_bytes: remove the oldest segments when all are larger together, None = never.
        waiting: how many entries may wait for the disk; more are dropped and counted.
        waiting_bytes: how much memory they may hold.

    Raises:
        ValueError: `sample` is no share, or `worker` no such name.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        worker: str = "0",
        sample: float = 1.0,
        segment_bytes: int = 64_000_000,
        keep_seconds: float | None = None,
        keep_bytes: int | None = None,
        waiting: int = 50_000,
        waiting_bytes: int = 64_000_000,
    ) -> None:
        if not is_worker(worker):
            raise ValueError(f"expected letters, digits and underscores as the name of a worker, got {worker!r}")
        # A segment goes when its last entry is too old: the shorter one is written, the closer to `keep_seconds`.
        span = DAY if keep_seconds is None else min(DAY, keep_seconds / 4)
        self.folder = Path(folder)
        self._forms: dict[tuple[str, str], Form] = {}
        self._waiting = Waiting(sample, waiting, waiting_bytes)
        self._writer = Writer(
            self.folder, worker, self._waiting, self._forms, segment_bytes, Retention(keep_seconds, keep_bytes, span)
        )
        self._writer.start()

    def declare(self, model: str, bundle: str, columns: Sequence[str], masked: Collection[str] = ()) -> None:
        """Say what the rows of a model are: its input columns in order, and those that are never written.

        Entries of a model that was not declared are dropped.
        """
        self._forms[model, bundle] = Form(model, bundle, tuple(columns), frozenset(masked))

    def note(self, entry: Entry) -> None:
        """Keep an entry, unless it is not in the sample or too much waits; never blocks, never raises."""
        self._waiting.put(entry)

    async def feedback(self, items: Sequence[Mapping[str, Any]], seconds: float = 10.0) -> int:
        """Keep truths, `{"id": REQUEST ID, "row": 0, "truth": ANY JSON, "at": WHEN}` each; returns how many.

        On the disk when this returns. Of several truths for one prediction the latest counts; all are kept, also those
        for requests this worker never saw.

        Raises:
            RowsError: an item is not such. NotKept: they could not be stored, or not within `seconds`.
        """
        truths = read_truths(items)
        if not truths:
            return 0
        asked = self._waiting.ask(truths, MOST_FEEDBACK)
        self._writer.wake()
        try:
            await asyncio.wait_for(asyncio.wrap_future(asked), seconds)
        except TimeoutError:
            raise NotKept(
                f"the disk did not confirm the feedback within {seconds:g} s; it may be kept or not",
                fix="send it again: the latest truth counts",
            ) from None
        return len(truths)

    def stats(self) -> dict[str, Any]:
        """Counts since the start, and `bytes` of this worker's segments.

        Keys: written, dropped, sampled_out, waiting, feedback (truths kept), damaged (segments moved aside), bytes,
        last_error (empty if there was none).
        """
        writer, waiting = self._writer, self._waiting
        return {
            "written": writer.written,
            "dropped": waiting.refused + writer.failed,
            "sampled_out": waiting.sampled_out,
            "waiting": len(waiting),
            "feedback": writer.feedback,
            "damaged": writer.tidy.damaged,
            "bytes": writer.bytes,
            "last_error": writer.trouble.last or writer.tidy.last_problem,
        }

    def close(self, seconds: float = 5.0) -> None:
        """Write what waits and let the folder go; gives up on a disk that hangs for `seconds`. Blocks."""
        if not self._writer.stop(seconds):
            log.error(
                "the disk holds the journal up: it is left after %g s with %d entries", seconds, len(self._waiting)
            )
