"""100,000 generated requests over all wires: no server error, no long error, no secret repeated, no memory lost, and
the same answers on every wire, before and after.

Hypothesis makes nine in ten of them, schemathesis the rest from the service's own description. Between them a bundle is
swapped now and then.
"""

import asyncio
import json
import statistics
from pathlib import Path
from typing import Any

import uvloop
from benchmarks.soak import schema
from benchmarks.soak.asking import once
from benchmarks.soak.bodies import Bodies
from benchmarks.soak.bundles import Bundles
from benchmarks.soak.case import SECRET
from benchmarks.soak.judge import Judge
from benchmarks.soak.mixture import generate, send
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.plan import Plan
from benchmarks.soak.serving import Serving
from benchmarks.soak.wires import WIRES, Shape, answers, body_of

from smeaton.flow.key import make_key
from smeaton.service.auth.scopes import SCOPES

REQUESTS, SCHEMA, WARM_UP, GROWTH = 100_000, 0.1, 0.2, 0.05
_SLICES, _READINGS = 10, 3  # memory is read after each slice; the median of the last three counts, and of the first
_TOGETHER = 2_000  # requests made, then sent
_SETTLE_SECONDS = 2.0  # before memory is read

Told = dict[str, list[Any]]


def run(plan: Plan, bundles: Bundles) -> Outcome:
    """Warm up, read the memory, send all else, read it again and again."""
    plan.scratch.mkdir(parents=True)
    key = make_key(plan.scratch / "keys.toml", "soak", sorted(SCOPES), None).text
    total = plan.count(REQUESTS, least=200)
    warm, described = round(total * WARM_UP), round(total * SCHEMA)
    slices = _slices(total - warm - described)
    with Serving(plan.scratch, *_arguments(plan.scratch, bundles)) as service:
        soak = _Soak(service, bundles, key)
        before = soak.ask_all()
        soak.send(warm, first=0)
        sizes = [soak.memory()]
        found = schema.finish(schema.start(service.target.url, described, 4, key))
        for number, count in enumerate(slices, 1):
            sizes.append(soak.memory())
            soak.send(count, first=number)
        sizes.append(soak.memory())
        after = soak.ask_all()
        log, workers = service.log, len(service.workers())
    seen: dict[str, Any] = {
        "requests": {"hypothesis": soak.sent, "schemathesis": described},
        "swaps": soak.swaps,
        **soak.judge.summary(),
        "schemathesis": found,
        "memory": sizes,
        "growth": statistics.median(sizes[-_READINGS:]) / statistics.median(sizes[:_READINGS]) - 1,
        "log_lines": len(log.splitlines()),
        "log_end": log[-600:],
    }
    rules = _rules(seen, (before, after), log, workers)
    return Outcome("generated", {"requests": total, "warm_up": warm, "wires": list(WIRES)}, seen, rules)


def _slices(count: int) -> list[int]:
    """Between the readings of memory."""
    return [count // _SLICES + (number < count % _SLICES) for number in range(_SLICES)]


def _rules(seen: dict[str, Any], told: tuple[Told, Told], log: str, workers: int) -> dict[str, bool]:
    before, after = told
    faults = {fault: not count for fault, count in seen["faults"].items()}
    return {f"not once: {fault}": none for fault, none in faults.items()} | {
        "never busy (503, 504) unless asked for": not any(seen["busy"].values()),
        "schemathesis finds nothing": not seen["schemathesis"]["faults"],
        "every wire gives the same answers": all(before[wire] == before["rest"] for wire in WIRES),
        "the answers after are those before": before == after,
        "memory grows by 5 % at most": seen["growth"] <= GROWTH,
        "the log holds no secret and no traceback": SECRET not in log and "Traceback" not in log,
        "no worker was replaced": workers == 1 and "another is started" not in log,
    }


def _arguments(folder: Path, bundles: Bundles) -> list[object]:
    served: list[object] = [bundles.model.bundle, bundles.churn, bundles.tickets]
    kept: list[object] = ["--state", folder / "state", "--journal", folder / "journal", "--journal-size", "100MB"]
    return [*served, *kept, "--key-file", folder / "keys.toml", "--audit", folder / "audit.jsonl"]


class _Soak:
    """One service under generated requests."""

    def __init__(self, service: Serving, bundles: Bundles, key: str) -> None:
        self.service, self.judge = service, Judge()
        self.sent = self.swaps = 0
        self._rows = bundles.rows
        self._auth = {"Authorization": f"Bearer {key}"}
        shapes = [Shape(name, self._get(f"/v2/models/{name}")["inputs"]) for name in ("model", "churn", "tickets")]
        self._shape = shapes[0]
        self._bodies = Bodies(service.target, shapes, self._rows, key)

    def send(self, count: int, first: int) -> None:
        """Make so many and send them; `first` tells the draws of one call from those of another."""
        number = 0
        while count > 0:
            cases = generate(self._bodies, min(_TOGETHER, count), first * 1_000_000 + number)
            uvloop.run(send(self.service.target, cases, self.judge))
            self.sent += len(cases)
            count -= len(cases)
            number += 1
            self._swap()

    def _swap(self) -> None:
        request = self.service.target.request(b"", self._auth, path="/models/churn/reload")
        answer = uvloop.run(once(self.service.target, request))
        if answer.status != 200:
            raise RuntimeError(f"a bundle was not swapped: {answer}")
        self.swaps += 1

    def ask_all(self) -> Told:
        """The answers to all rows of the model on every wire: all at once, then some alone."""
        groups = [self._rows, *([row] for row in self._rows[:8])]
        return {wire: [self._answers(wire, rows) for rows in groups] for wire in WIRES}

    def _answers(self, wire: str, rows: list[dict[str, Any]]) -> Any:
        body = body_of(wire, self._shape, rows)
        request = self.service.target.request(body.body, self._auth | dict(body.headers), path=body.path)
        return answers(wire, uvloop.run(once(self.service.target, request)).body)

    def _get(self, path: str) -> Any:
        request = self.service.target.request(b"", self._auth, path=path, method="GET")
        return json.loads(uvloop.run(once(self.service.target, request)).body)

    def memory(self) -> int:
        """Proportional bytes of the worker, once it is at rest."""
        uvloop.run(asyncio.sleep(_SETTLE_SECONDS))
        return self.service.memory()["workers"]
