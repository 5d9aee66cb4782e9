"""Broadcasts, as the supervisor passes them on: one after the other, so that every worker sees them in one order."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from smeaton.errors import SmeatonError
from smeaton.service.channel import Message, describe


class Peer(Protocol):
    """A worker that can be told something."""

    def send(self, message: Message) -> None:
        """Send it a message."""
        ...


@dataclass(slots=True, eq=False)
class _Round:
    """One broadcast: who asked, and what has come back."""

    asker: Peer | None
    id: int
    message: Message
    seconds: float
    peers: Sequence[Peer] = ()
    results: dict[int, Message] = field(default_factory=dict)  # by place in `peers`
    ends: float = 0.0


class Relay:
    """Asks every live worker, gathers one result from each, and tells the worker that asked.

    A worker that ends before it answered, or does not answer in time, has an error as its result.
    """

    def __init__(self, peers: Callable[[], Sequence[Peer]]) -> None:
        self._peers = peers
        self._rounds: deque[_Round] = deque()
        self._count = 0

    def ask(self, asker: Peer | None, number: int, message: Message, seconds: float) -> None:
        """Take a broadcast; it begins once those before it have ended."""
        self._rounds.append(_Round(asker, number, message, seconds))
        if len(self._rounds) == 1:
            self._begin()

    def done(self, peer: Peer, number: int, result: Message) -> None:
        """Take one worker's result; one of an earlier round is too late and says nothing."""
        if number == self._count and self._rounds:
            self._settle(peer, result)

    def gone(self, peer: Peer) -> None:
        """A worker ended: it will not answer, nor read."""
        for waiting in self._rounds:
            if waiting.asker is peer:
                waiting.asker = None
        if self._rounds:
            self._settle(peer, {"error": describe(SmeatonError("the worker ended before it was done"))})

    def tick(self) -> None:
        """Stop waiting for what takes too long."""
        if self._rounds and time.monotonic() > self._rounds[0].ends:
            current = self._rounds[0]
            error = {"error": describe(SmeatonError(f"no answer within {current.seconds:g} s"))}
            for peer in [peer for place, peer in enumerate(current.peers) if place not in current.results]:
                self._settle(peer, error)

    def _begin(self) -> None:
        """Begin the first round; rounds without anyone to ask end at once."""
        while self._rounds:
            current = self._rounds[0]
            self._count += 1
            current.peers = tuple(self._peers())
            current.ends = time.monotonic() + current.seconds + 1
            wish = {"kind": "do", "id": self._count, "message": current.message, "seconds": current.seconds}
            for peer in current.peers:
                peer.send(wish)
            if current.peers:
                return
            self._tell(self._rounds.popleft())

    def _settle(self, peer: Peer, result: Message) -> None:
        current = self._rounds[0]
        if peer not in current.peers:
            return
        current.results.setdefault(current.peers.index(peer), result)
        if len(current.results) == len(current.peers):
            self._tell(self._rounds.popleft())
            self._begin()

    def _tell(self, ended: _Round) -> None:
        if ended.asker is not None:
            result = [ended.results[place] for place in sorted(ended.results)]
            ended.asker.send({"kind": "told", "id": ended.id, "result": result})
