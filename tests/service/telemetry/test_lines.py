"""Lines go out whole and in order, and nobody ever waits for their reader."""

import os
import select
import time
from collections.abc import Iterator

import pytest

from smeaton.service.telemetry.lines import KEPT, Lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        try:
            os.close(descriptor)
        except OSError:
            continue  # the test closed it


def drained(read: int, lines: Lines) -> bytes:
    got = b""
    while not lines.flush() or select.select([read], [], [], 0)[0]:
        got += os.read(read, 1 << 16)
    return got


def test_lines_go_out_in_order(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    assert lines.flush()
    for number in range(3):
        lines.keep(b"%d\n" % number)
    assert lines.flush()
    assert os.read(pipe[0], 100) == b"0\n1\n2\n"
    assert lines.size == 0


def test_a_reader_that_hangs_is_not_waited_for_and_what_found_no_room_is_counted(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    kept, begin = [], time.monotonic()
    for number in range(10_000):
        line = b"%06d %s\n" % (number, b"x" * 93)
        if lines.keep(line):
            kept.append(line)
        lines.flush()
    assert time.monotonic() - begin < 30
    assert lines.dropped == 10_000 - len(kept) > 0
    assert lines.size <= KEPT
    assert drained(pipe[0], lines) == b"".join(kept)


def test_a_line_that_a_pipe_does_not_take_at_once_goes_out_in_pieces(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    line = bytes(range(32, 127)) * 1000 + b"\n"
    lines.keep(line)
    lines.keep(b"after\n")
    assert drained(pipe[0], lines) == line + b"after\n"
    assert lines.size == 0


def test_a_reader_that_left_is_no_fault(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    os.close(pipe[0])
    lines.keep(b"a\n")
    lines.keep(b"b\n")
    assert lines.flush()
    assert lines.dropped == 2
    assert lines.size == 0
