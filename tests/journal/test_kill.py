"""`kill -9` while entries and feedback are written: opens every time, loses at most a second, invents nothing."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.journal.entries import held, made, opened, until

from smeaton.journal.segments import listed

pytestmark = pytest.mark.slow

#: Says what it notes before it does, and what feedback was confirmed after it was.
WRITER = """
import asyncio, os, sys, time
from pathlib import Path

from tests.journal.entries import made, opened

journal = opened(Path(sys.argv[1]), segment_bytes=300_000)
life = int(sys.argv[2])


async def main():
    number = life * 1_000_000
    while True:
        for _ in range(20):
            number += 1
            os.write(1, f"note {number} {time.time()}\\n".encode())
            journal.note(made(number))
        await journal.feedback([{"id": f"request-{number}", "truth": number}])
        os.write(1, f"kept {number}\\n".encode())
        await asyncio.sleep(0.005)


asyncio.run(main())
"""


def test_ten_kills(tmp_path: Path) -> None:
    draw = random.Random(4)
    noted: dict[int, float] = {}
    kept: set[int] = set()
    due: set[int] = set()
    for life in range(10):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(life)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        first = process.stdout.readline()  # it runs
        os.set_blocking(process.stdout.fileno(), False)
        said = bytearray(first)
        end = time.monotonic() + draw.uniform(0.3, 1.6)
        while time.monotonic() < end:
            said += process.stdout.read() or b""
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        killed = time.time()
        process.wait()
        os.set_blocking(process.stdout.fileno(), True)
        said += process.stdout.read()
        process.stdout.close()
        for line in said.decode().splitlines():
            word, number, *at = line.split()
            if word == "kept":
                kept.add(int(number))
            elif at:
                noted[int(number)] = float(at[0])
                if float(at[0]) < killed - 1.0:
                    due.add(int(number))
        found = held(tmp_path)  # opens every time
        numbers = [f.inputs["age"] for f in found]
        assert len(set(numbers)) == len(numbers)
        assert due <= set(numbers) <= noted.keys()
        for f in found:
            entry = made(f.inputs["age"])
            assert [f.id, list(f.inputs.values()), f.answer] == [entry.id, entry.rows[0], entry.answers[0]]
            assert f.truth is None or f.truth.value == f.inputs["age"]
        judged = {f.inputs["age"] for f in found if f.truth is not None}
        assert kept & set(numbers) <= judged
    assert len(due) > 500
    assert len(kept) > 50
    journal = opened(tmp_path)  # folds up what was left
    journal.note(made(1))
    until(lambda: journal.stats()["written"] == 1)
    until(lambda: not any(segment.in_use for segment in listed(tmp_path)[:-1]), 30)
    journal.close()
    for segment in listed(tmp_path):
        assert not segment.damaged
        assert not segment.in_use
        base = sqlite3.connect(segment.path)
        assert base.execute("pragma integrity_check").fetchall() == [("ok",)]
        base.close()
    assert len(held(tmp_path)) == len(found) + 1
