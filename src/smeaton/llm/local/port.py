"""A free port of the loopback that no other Smeaton takes before the server we start has it."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def free_port() -> Iterator[int]:
    """A port where nobody listens. A model loads for seconds before its server listens, so the number is kept by a
    locked file while the block runs; the lock ends with the process."""
    folder = Path(tempfile.gettempdir()) / f"smeaton-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        with (folder / str(port)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            try:
                yield port
            finally:
                (folder / str(port)).unlink(missing_ok=True)
            return
