"""`Service`: everything one process serves with, and what it does when it is asked to change."""

import asyncio
import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smeaton.errors import SmeatonError
from smeaton.service.auth.audit import Audit, Event
from smeaton.service.control import Alone, Peers, agree
from smeaton.service.hosted import Hosted
from smeaton.service.recorder import Recorder
from smeaton.service.registry import Registry
from smeaton.service.settings import Limits, Settings
from smeaton.service.telemetry.access import AccessLog
from smeaton.service.telemetry.metrics import Metrics
from smeaton.service.telemetry.snapshot import Snapshot

if TYPE_CHECKING:
    from smeaton.service.protocols import Wire

log = logging.getLogger("smeaton.service")

_TICK_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Service:
    """One process of a service: its models, its rules, what it records, and the other processes (`peers`)."""

    registry: Registry
    settings: Settings
    wires: "Mapping[str, Wire]"
    recorder: Recorder
    peers: Peers = field(default_factory=Alone)
    audit: Audit = field(default_factory=Audit)
    access: AccessLog | None = None
    tls: ssl.SSLContext | None = None
    worker: int = 0
    draining: bool = False
    app: Any = None
    held: Any = None  # gives back what was opened for it
    _prepared: list[Hosted] = field(default_factory=list)

    @property
    def metrics(self) -> Metrics:
        """What is counted."""
        return self.recorder.metrics

    @property
    def limits(self) -> Limits:
        """What is bounded."""
        return self.settings.limits

    def readiness(self) -> dict[str, Any]:
        """`{"ready", "models": {name: bool}, "workers": {"wanted", "ready"}}`.

        Ready while every model can answer, every worker is up, and the service is not about to end.
        """
        models = {name: model.ready for name, model in self.registry.items()}
        workers = self.peers.state()
        whole = workers["ready"] >= workers["wanted"]
        return {"ready": all(models.values()) and whole and not self.draining, "models": models, "workers": workers}

    async def reload(self, name: str | None = None, key: str = "", request: str = "") -> dict[str, str]:
        """Open a bundle (all of them if None) again from its folder, on every worker or on none, and swap it in.
        Returns the bundle hash of each that was asked for. `key` and `request` are told to the audit.

        Raises:
            SmeatonError: a worker refused; nothing changed.
        """
        names = [name] if name is not None else list(self.registry)
        before = {name: self.registry[name].bundle.hash for name in names if name in self.registry}
        await agree(self.peers, {"do": "reload", "names": names})
        after = {name: self.registry[name].bundle.hash for name in names}
        for model, found in after.items():
            event: Event = "bundle.swapped" if model in before else "bundle.loaded"
            facts = {"model": model, "bundle": found, "before": before.get(model, "")}
            self.audit.note(event, key=key, outcome="done", request=request, **facts)
        return after

    async def unload(self, name: str, key: str = "", request: str = "") -> None:
        """Stop answering for a model, on every worker. `key` and `request` are told to the audit.

        Raises:
            SmeatonError: a worker could not.
        """
        await agree(self.peers, {"do": "unload", "names": [name]})
        self.audit.note("bundle.unloaded", key=key, outcome="done", request=request, model=name)

    async def obey(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do this worker's part of a change (see `control.agree`).

        Raises:
            SmeatonError: it cannot be done here.
        """
        match message:
            case {"do": "reload", "phase": "prepare", "names": list(names)}:
                self._drop()
                self._prepared = await self.registry.prepare(names)
            case {"do": "reload", "phase": "commit"}:
                for model in self._prepared:
                    self.recorder.declare(model)
                self.registry.commit(self._prepared)
                self._prepared = []
            case {"phase": "abandon"}:
                self._drop()
            case {"do": "unload", "phase": "prepare", "names": list(names)}:
                if unknown := [name for name in names if name not in self.registry.names_known()]:
                    raise SmeatonError(f"no bundle called {unknown[0]!r} is served here")
            case {"do": "unload", "phase": "commit", "names": list(names)}:
                for name in names:
                    self.registry.unload(name)
            case _:
                raise SmeatonError("a worker was asked for something it does not know")
        return {"worker": self.worker}

    def facts(self) -> dict[str, Any]:
        """What the command line announces: per model its hash, outcome, and what keeps it from being ready."""
        return {
            name: {
                "hash": model.bundle.hash,
                "outcome": model.bundle.manifest.outcome,
                "ready": model.ready,
                "why": model.why,
            }
            for name, model in self.registry.items()
        }

    def snapshot(self) -> Snapshot:
        """What was counted so far."""
        return self.metrics.snapshot()

    def rejected(self, reason: str) -> None:
        """Count a request that was refused before the application saw it."""
        self.metrics.rejected(reason)

    def drain(self) -> None:
        """The end begins: not ready from now on."""
        self.draining = True
        self.audit.note("service.draining", outcome="begun", worker=self.worker)

    async def tick(self) -> None:
        """Once a second: say what was left to say."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.audit.sweep()

    def close(self) -> None:
        """Give everything back."""
        self._drop()
        self.registry.close()
        if self.recorder.journal is not None:
            self.recorder.journal.close()
        if self.recorder.spans is not None:
            self.recorder.spans.close()
        if self.access is not None:
            self.access.close()
        self.audit.sweep(final=True)
        self.audit.note("service.stopped", outcome="done", worker=self.worker)
        self.audit.close()
        if self.held is not None:
            self.held.close()

    def _drop(self) -> None:
        for model in self._prepared:
            model.close()
        self._prepared = []


def by_prefix(wires: "Sequence[Wire]", path: str) -> "Wire":
    """The wire whose errors a path shows: the one with its prefix, else the one without any. Of several with one
    prefix, the one whose `suffix` the path ends in, else the one without."""
    found = [wire for wire in wires if wire.prefix and (path + "/").startswith(wire.prefix + "/")]
    found = found or [wire for wire in wires if not wire.prefix]
    ends = {getattr(wire, "suffix", ""): wire for wire in found}
    return next((wire for suffix, wire in ends.items() if suffix and path.endswith(suffix)), ends.get("", found[0]))
