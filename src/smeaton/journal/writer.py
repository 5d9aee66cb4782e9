"""`Writer`: the one thread that turns what waits into rows, and keeps the folder tidy.

Entries are committed every `INTERVAL`, so a kill loses no more than that. Where the disk refuses them they wait, up to
their bound, and are tried again.
"""

import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from smeaton.errors import NotKept
from smeaton.journal.encode import UNFIT, Encoded, Form
from smeaton.journal.entry import Entry
from smeaton.journal.feedback import Feedback
from smeaton.journal.retention import Retention, is_damage
from smeaton.journal.store import Segment, Tally
from smeaton.journal.tidy import Tidy
from smeaton.journal.trouble import Trouble, log
from smeaton.journal.waiting import Asked, Waiting

INTERVAL = 0.25  # seconds between commits
RETRY = 1.0  # seconds until the disk is tried again
PROBE = 32  # entries of such a try
AT_ONCE = (
    16  # entries of one statement: the event loop waits for the interpreter no longer than it takes to encode them
)

_ODD = (sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError, OverflowError, UnicodeError)

Forms = Mapping[tuple[str, str], Form]


class Writer:
    """Owns the segment that is being written. Counters are written here only.

    `forms` are the declared models by name and bundle; `segment_bytes` is the size at which a new file is begun.
    """

    def __init__(
        self, folder: Path, worker: str, waiting: Waiting, forms: Forms, segment_bytes: int, retention: Retention
    ) -> None:
        self._folder = folder
        self._worker = worker
        self._waiting = waiting
        self._forms = forms
        self._segment_bytes = segment_bytes
        self._span = retention.span
        self._segment: Segment | None = None
        self._pending: list[Entry] = []
        self.tidy = Tidy(folder, worker, retention)
        self.trouble = Trouble()
        self.written = self.failed = self.feedback = self._own_bytes = 0
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @property
    def bytes(self) -> int:
        """Size of this worker's segments; of the finished ones as they were at the last round of tidying."""
        return self.tidy.bytes + self._own_bytes

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once: feedback waits."""
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Write what waits and end; False where the disk kept it busy for longer than `seconds`."""
        self._stop = True
        self._wake.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop:
            self._wake.wait(max(due - time.monotonic(), 0.0))
            self._wake.clear()
            try:
                self._keep(self._waiting.asked())
                if time.monotonic() >= due:
                    due = time.monotonic() + INTERVAL
                    self._write()
                    if self.trouble.now:
                        due = time.monotonic() + RETRY
                    self._rotate()
                    self.tidy.step(None if self._segment is None else self._segment.file.path)
            except Exception as error:  # noqa: BLE001 it is told; neither the thread nor the service may end by it
                self.trouble.fault(error)
                due = time.monotonic() + RETRY
        self._end()

    def _end(self) -> None:
        try:
            self._write()
            self._keep(self._waiting.asked(last=True))
        except Exception as error:  # noqa: BLE001 as above
            self.trouble.fault(error)
        self._pending += self._waiting.take()
        if self._pending:
            log.error("%d entries could not be written: %s", len(self._pending), self.trouble.last)
        self._waiting.done(self._pending)
        self.failed += len(self._pending)
        if self._segment is not None:
            self._segment.close()

    # entries

    def _write(self) -> None:
        """Write what waits; while the disk refuses, try with a few entries, then with ever more."""
        self._pending += self._waiting.take()
        most = PROBE if self.trouble.now else len(self._pending)
        while self._pending:
            batch = self._pending[:most]
            try:
                written = self._commit(batch)
            except (sqlite3.Error, OSError) as error:
                if self._let_go(error):
                    continue
                return
            self._pending = self._pending[most:]
            self._waiting.done(batch)
            self.written += written
            self.failed += len(batch) - written
            most *= 2
            if not self._pending:
                self.trouble.end(self._waiting.refused)

    def _commit(self, batch: Sequence[Entry]) -> int:
        """One transaction; returns how many entries were fit to be written."""
        segment = self._open()
        tallies: dict[Form, Tally] = defaultdict(Tally)
        with segment.transaction():
            for start in range(0, len(batch), AT_ONCE):
                for form, entries in self._encoded(batch[start : start + AT_ONCE]).items():
                    for entry in self._insert(segment, form, entries):
                        tallies[form].add(entry)
            segment.count(tallies)
        segment.used = True
        return sum(tally.entries for tally in tallies.values())

    def _encoded(self, entries: Sequence[Entry]) -> dict[Form, list[Encoded]]:
        found: dict[Form, list[Encoded]] = defaultdict(list)
        for entry in entries:
            form = self._forms.get((entry.model, entry.bundle))
            if form is None:  # which of its columns are masked is not known
                self.trouble.note(f"an entry was dropped: the model {entry.model} {entry.bundle} was not declared")
                continue
            try:
                found[form].append(form.encode(entry))
            except UNFIT as error:
                self.trouble.note(f"an entry of {entry.model} was dropped: {error}")
        return found

    def _insert(self, segment: Segment, form: Form, entries: list[Encoded]) -> list[Encoded]:
        """Insert entries, one by one if they do not go in together; returns those that went in."""
        try:
            segment.add(form, entries)
        except _ODD as error:
            if len(entries) > 1:
                return [one for entry in entries for one in self._insert(segment, form, [entry])]
            self.trouble.note(f"an entry of {form.model} was dropped: {error}")
            return []
        return entries

    # feedback

    def _keep(self, asked: Sequence[Asked]) -> None:
        """Put feedback on the disk, all that waits with one sync, and tell those who wait."""
        running = [(truths, future) for truths, future in asked if future.set_running_or_notify_cancel()]
        if not running:
            return
        why = "a fault of ours; the log has the details"
        try:
            why = self._kept([truth for truths, _ in running for truth in truths])
        finally:
            for _, future in running:
                if why:
                    future.set_exception(
                        NotKept(f"the feedback was not kept: {why}", fix="make room on the disk, and send it again")
                    )
                else:
                    future.set_result(None)

    def _kept(self, truths: list[Feedback]) -> str:
        """Commit feedback; returns why it could not be."""
        for _ in range(2):
            try:
                self._open().keep(truths)
            except (sqlite3.Error, OSError) as error:
                if self._let_go(error):
                    continue  # the file was damaged and is aside: once more, in a new one
                break
            self.feedback += len(truths)
            return ""
        return self.trouble.last

    # the file

    def _open(self) -> Segment:
        """The segment to write into, a new one where there is none or it is time."""
        self._rotate()
        if self._segment is None:
            self._segment = Segment(self._folder, self._worker)
        return self._segment

    def _rotate(self) -> None:
        segment = self._segment
        if segment is None or not segment.used:
            return
        self._own_bytes = segment.bytes()
        if self._own_bytes >= self._segment_bytes or time.time() - segment.file.begun >= self._span:
            self._segment = None
            self._own_bytes = 0
            segment.close()
            self.tidy.soon()

    def _let_go(self, error: sqlite3.Error | OSError) -> bool:
        """Let go of a segment that cannot be written; True where trying again at once may help."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.abandon()
            if isinstance(error, sqlite3.Error) and is_damage(error) and segment.used:
                self.trouble.note(error)
                self.tidy.aside(segment.file, self.trouble.last)
                return True
        self.trouble.begin(error, self._waiting.refused)
        return False
