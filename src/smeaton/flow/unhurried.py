"""Ctrl-C after the search: the bundle is seconds away; the first one is answered in words, the second one ends it."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from smeaton.trials.notice import Listener, Notice


@contextlib.contextmanager
def unhurried(listen: Listener, asked: bool) -> Iterator[None]:
    """Answer the first interrupt in words and raise KeyboardInterrupt on the second; `asked`: there was one before.

    Only the main thread gets signals. An interrupt inside a C extension may come out as another exception (an import
    fails as ImportError), so what is raised after one is an interrupt, whatever it looks like.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGINT)
    stopped = False

    def interrupted(number: int, frame: FrameType | None) -> None:
        nonlocal asked, stopped
        if asked:
            stopped = True
            raise KeyboardInterrupt
        asked = True
        with contextlib.suppress(RuntimeError):  # it came in the middle of another line
            listen(Notice("note", "the search is over and the best is being bundled; Ctrl-C again stops at once"))

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    except Exception as error:
        if stopped:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, former)
