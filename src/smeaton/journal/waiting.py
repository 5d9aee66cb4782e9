"""What waits for the writer: entries up to a bound, and feedback with somebody waiting for each."""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

from smeaton.errors import NotKept
from smeaton.journal.entry import Entry, sampled, threshold, weight
from smeaton.journal.feedback import Feedback

Asked = tuple[list[Feedback], "Future[None]"]


class Waiting:
    """Entries are put in by one thread and taken out by another, without a lock: each counter has one that writes it.

    `share` of the requests is kept. At most `count` entries that weigh `size` bytes wait, taken and not yet written
    ones included.
    """

    def __init__(self, share: float, count: int, size: int) -> None:
        self._below = threshold(share)
        self._all = share == 1.0
        self._count = count
        self._size = size
        self._entries: deque[Entry] = deque()
        self._bytes_in = self._bytes_out = 0
        self._taken = 0  # entries taken out and not yet done with
        self.refused = 0
        self.sampled_out = 0
        self._asked: list[Asked] = []
        self._lock = threading.Lock()
        self._closed = False

    def __len__(self) -> int:
        return len(self._entries) + self._taken

    def put(self, entry: Entry) -> None:
        """Let an entry wait, or drop it where too much waits; never blocks."""
        if not self._all and not sampled(entry.id, self._below):
            self.sampled_out += 1
            return
        entry.size = size = weight(entry)
        held = self._bytes_in - self._bytes_out + size
        if held > self._size or len(self._entries) + self._taken >= self._count:
            self.refused += 1
            return
        self._bytes_in += size
        self._entries.append(entry)

    def take(self) -> list[Entry]:
        """All entries that wait now; they count until `done`."""
        entries = [self._entries.popleft() for _ in range(len(self._entries))]
        self._taken += len(entries)
        return entries

    def done(self, entries: Sequence[Entry]) -> None:
        """These entries no longer take up room."""
        self._taken -= len(entries)
        self._bytes_out += sum(entry.size for entry in entries)

    def ask(self, truths: list[Feedback], most: int) -> "Future[None]":
        """Let truths wait; the future ends when they are on the disk.

        Raises:
            NotKept: the journal is closed, or more than `most` truths would wait.
        """
        asked: Future[None] = Future()
        with self._lock:
            if self._closed:
                raise NotKept("the journal is closed", fix="send it again to a running service")
            if sum(len(others) for others, _ in self._asked) + len(truths) > most:
                raise NotKept("too much feedback waits to be stored", fix="send it again later, and more slowly")
            self._asked.append((truths, asked))
        return asked

    def asked(self, last: bool = False) -> list[Asked]:
        """All feedback that waits; with `last`, no more is taken."""
        with self._lock:
            self._closed = self._closed or last
            found, self._asked = self._asked, []
        return found
