"""`Candidate` and `Trial`: what was tried and what came of it. A trial is frozen once written."""

import hashlib
from typing import Any, Literal

import msgspec

State = Literal["done", "stopped", "failed", "refused"]


class Candidate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A family with a configuration (plain JSON), and why it was proposed. `why` is no part of its identity."""

    family: str
    config: dict[str, Any] = {}
    why: str = ""

    @property
    def key(self) -> str:
        """Hash of what it is: 16 hex digits of sha256 over canonical JSON."""
        form = msgspec.json.encode([self.family, self.config], order="deterministic")
        return hashlib.sha256(form).hexdigest()[:16]


class Interval(msgspec.Struct, frozen=True):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class Cost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a program costs to run, measured in a process of its own on the Program that would ship. Seconds, dollars
    per 1,000 calls (None = unknown), bytes."""

    p50: float
    p95: float
    cost_per_1k: float | None
    size: int
    memory: int | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A candidate's record. `scores` are per fold on held-out rows; `score` over all of them with its interval.

    `folder` (relative to the store) holds, for each fold, the predictions and the exported Program. `fidelity` below 1
    is a cheaper try: it guides the search and never ships. `estimated_from` names the parent of a refit whose score is
    not its own. `effect` is that of its programs ('' = none was exported); `merged` says whether they can be averaged
    into one. `barred` says why it must never be chosen, nor anything be put together of it ('' = it may). `cause` is
    `memory` where it failed for want of that. `at` is when it was frozen, in seconds of the build's clock.
    """

    key: str
    candidate: Candidate
    state: State
    fidelity: float = 1.0
    seed: int = 0
    scores: tuple[float, ...] = ()
    score: Interval | None = None
    seconds: float = 0.0
    money: float = 0.0
    folder: str = ""
    note: str = ""
    calibrated: bool = False
    parity: float | None = None
    cost: Cost | None = None
    estimated_from: str | None = None
    effect: str = ""
    merged: bool = True
    barred: str = ""
    cause: str = ""
    at: float = 0.0
