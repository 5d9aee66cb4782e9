"""Swapping one bundle for another of the same name, by SIGHUP and over the API, and telling their answers apart.

The folder is replaced as a whole, as the documentation asks: the old one is moved away, then the new one in.
"""

import asyncio
import json
import shutil
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soak.asking import Answer, once
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.questions import Questions, chance, near
from benchmarks.soak.serving import Serving

from smeaton.bundle.read import open_bundle

_EACH = 0.5  # seconds from one swap to the next, at least
_LOOK = 0.02
_LONGEST = 10.0  # seconds a swap may take


@dataclass
class Swaps:
    """What became of the swaps. `late`: answers of the old bundle asked for after the swap was confirmed."""

    by: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    late: int = 0


class Place:
    """The folder that is served, and the two bundles that take turns in it."""

    def __init__(self, folder: Path, bundles: Bundles) -> None:
        self.live = folder / "live.bundle"
        self._folder = folder
        self._sources = (bundles.model.bundle, bundles.other)
        self.hashes = [open_bundle(source).hash for source in self._sources]
        self.turn = 0
        shutil.copytree(self._sources[0], self.live)

    def swap(self) -> str:
        """Put the other bundle in; its hash."""
        self.turn = 1 - self.turn
        fresh, old = self._folder / "fresh", self._folder / "old"
        shutil.copytree(self._sources[self.turn], fresh)
        self.live.rename(old)
        fresh.rename(self.live)
        shutil.rmtree(old)
        return self.hashes[self.turn]


class Check:
    """Tells the answers of the two bundles apart."""

    def __init__(self, questions: Questions, other: list[float]) -> None:
        self.expected = (questions.expected, other)
        self.seen: Counter[str] = Counter()

    def which(self, number: int, body: bytes) -> int | None:
        """0 or 1 for the bundle whose answer it is, None for neither."""
        found, row = chance(body), number % len(self.expected[0])
        return next((turn for turn in (0, 1) if near(found, self.expected[turn][row])), None)

    def wrong(self, number: int, status: int, body: bytes) -> str | None:
        """Of How."""
        if status != 200:
            return f"status {status}"
        turn = self.which(number, body)
        if turn is None:
            return "an answer of neither bundle"
        self.seen[("first", "other")[turn]] += 1
        return None


def keep_swapping(
    service: Serving, place: Place, asked: tuple[Questions, Check], swaps: Swaps, over: threading.Event
) -> None:
    """Swap until it is over."""
    questions, check = asked
    before = time.monotonic()
    number = 0
    while not over.wait(max(0.0, before + _EACH - time.monotonic())):
        begun = time.monotonic()
        if number:
            swaps.gaps.append(begun - before)
        before = begun
        wanted = place.swap()
        by = ("SIGHUP", "API")[number % 2]
        fault = _by_signal(service, wanted) if by == "SIGHUP" else _by_api(service, wanted)
        if fault is not None:
            swaps.faults.append(fault)
            continue
        swaps.by[by] += 1
        swaps.seconds.append(time.monotonic() - begun)
        if by == "API":  # confirmed for all workers: whichever answers now is the new one
            row = number % len(questions)
            swaps.late += check.which(row, _ask(service, questions.requests[row]).body) != place.turn
        number += 1


def _by_api(service: Serving, wanted: str) -> str | None:
    answer = _ask(service, service.target.request(path="/models/model/reload"))
    if answer.status != 200:
        return f"reload: {answer.status} {answer.reason} {answer.body[:200]!r}"
    return None if json.loads(answer.body)["bundle"] == wanted else "reload: another bundle than that in the folder"


def _by_signal(service: Serving, wanted: str) -> str | None:
    service.tell(signal.SIGHUP)
    request, end = service.target.request(path="/models", method="GET"), time.monotonic() + _LONGEST
    while time.monotonic() < end:
        answer = _ask(service, request)
        if answer.status == 200 and json.loads(answer.body)["model"]["bundle"] == wanted:
            return None
        time.sleep(_LOOK)
    return f"SIGHUP: not swapped within {_LONGEST:g} s"


def _ask(service: Serving, request: bytes) -> Answer:
    return asyncio.run(once(service.target, request))
