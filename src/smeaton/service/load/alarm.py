"""`Alarm`: wakes an event loop at a moment, exactly enough for an open loop.

Event loops wait in whole milliseconds, so that many requests would leave late and in bursts. On Linux a timer of the
kernel (timerfd_create(2)) wakes the loop to about 0.1 ms; elsewhere the loop's own timer does, and the lateness that is
reported shows the difference.
"""

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable

_ABSOLUTE = 1  # TFD_TIMER_ABSTIME
_MONOTONIC = 1  # CLOCK_MONOTONIC, the clock of event loops


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Timer(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Alarm:
    """Calls `ring` at the moment set, in seconds of time.monotonic(); a later `set` replaces an earlier one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._fd = -1
        if sys.platform == "linux":
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.timerfd_create(_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd >= 0:
            self._timer = _Timer()
            loop.add_reader(self._fd, self._rang)

    def set(self, moment: float) -> None:
        """Ring at this moment; at once if it has passed."""
        if self._fd < 0:
            self.cancel()
            self._handle = self._loop.call_later(max(0.0, moment - time.monotonic()), self._ring)
            return
        value = self._timer.value
        value.seconds = int(moment)
        value.nanoseconds = max(1, int((moment - value.seconds) * 1e9))  # all zeros would disarm it
        self._libc.timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(self._timer), None)

    def _rang(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # set anew between the wake and this read
            return
        self._ring()

    def cancel(self) -> None:
        """Do not ring."""
        if self._handle is not None:
            self._handle.cancel()

    def close(self) -> None:
        """Give the timer back."""
        self.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
