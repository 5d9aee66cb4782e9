"""`Lines`: writing lines to stderr without ever waiting for whoever reads them.

A pipe is written to only when it says that it has room, and then at most as much as it takes at once and whole
(`PIPE_BUF`), so lines of several workers do not mix. While nobody reads, lines are kept up to a limit and then dropped:
an answer is worth more than a line about it, and a reader that hangs must not hang the service. The descriptor itself
is not made non-blocking: it is shared with the shell and with other processes, which would be surprised.
"""

import errno
import os
import select
from collections import deque

KEPT = 256 * 1024  #: bytes kept while nobody reads
_GONE = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF)  # no reader, no disk, no terminal any more


class Lines:
    """Lines on their way to a descriptor; for one thread at a time. `dropped` counts those that were lost,
    `size` is bytes that wait."""

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self.size = 0
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def keep(self, line: bytes) -> bool:
        """Take a line, with its end; whether there was room for it."""
        if self.size + len(line) > KEPT:
            self.dropped += 1
            return False
        self._lines.append(line)
        self.size += len(line)
        return True

    def flush(self) -> bool:
        """Write what there is room for now; whether nothing is left."""
        while self._lines:
            if not self.room():
                return False
            chunk = self._chunk()
            try:
                written = os.write(self._descriptor, chunk[: select.PIPE_BUF])
            except BlockingIOError:
                self._give_back(chunk)
                return False
            except OSError as error:
                if error.errno not in _GONE:
                    raise
                self._lose(chunk)
                return True
            if written < len(chunk):
                self._give_back(chunk[written:])
        return True

    def room(self) -> bool:
        """Whether a write would not wait. True also if nobody will ever read again: a write then says so at once."""
        return bool(self._poll.poll(0))

    def _chunk(self) -> bytes:
        """The next lines that go out together: as many as one write takes, at least one."""
        chunk = [self._lines.popleft()]
        size = len(chunk[0])
        while self._lines and size + len(self._lines[0]) <= select.PIPE_BUF:
            chunk.append(self._lines.popleft())
            size += len(chunk[-1])
        self.size -= size
        return b"".join(chunk)

    def _give_back(self, rest: bytes) -> None:
        self._lines.appendleft(rest)
        self.size += len(rest)

    def _lose(self, chunk: bytes) -> None:
        """Nobody can be told on this descriptor; the count is what is left."""
        self.dropped += chunk.count(b"\n") + sum(kept.count(b"\n") for kept in self._lines)
        self._lines.clear()
        self.size = 0
