"""`open_service`: bundles opened and judged, and everything around them made ready, in the process that will answer."""

import contextlib
import errno
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smeaton import plugins
from smeaton.bundle.read import Bundle, open_bundle
from smeaton.errors import InputError
from smeaton.llm.ledger import Ledger
from smeaton.runtime.check import External, externals
from smeaton.service.auth.audit import Audit
from smeaton.service.auth.tls import checked_tls
from smeaton.service.control import Alone, Peers
from smeaton.service.hosted import Hosted, host, state_folder
from smeaton.service.options import Options, size_of, time_of
from smeaton.service.recorder import Recorder
from smeaton.service.registry import Registry
from smeaton.service.service import Service
from smeaton.service.settings import Limits, settings_for
from smeaton.service.telemetry import logs
from smeaton.service.telemetry.access import AccessLog
from smeaton.service.telemetry.metrics import Metrics
from smeaton.task.units import dollars

if TYPE_CHECKING:
    from smeaton.journal import Journal


#: How long a thread may keep the interpreter while another waits for it. Python's 5 ms would be seen in the latencies.
_SWITCH_SECONDS = 0.0005


class Allowance:
    """A ledger as a service sees it: money only. The ledger's kept replies are for builds that are taken up again; a
    service stores no caller's answers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def reserve(self, amount: float, why: str) -> str:
        """Set `amount` dollars aside; returns a ticket. Raises OutOfMoney."""
        return self._ledger.reserve(amount, why)

    def settle(self, ticket: str, amount: float) -> None:
        """Book what the call really cost."""
        self._ledger.settle(ticket, amount)


def open_service(told: dict[str, Any], peers: Peers) -> Service:
    """A worker's service from what the supervisor told: `{"bundles": [...], "options": {...}}`.

    Raises: as `assemble`.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    options = Options.from_dict(told["options"])
    worker = getattr(peers, "number", 0)
    name = str(worker) if options.workers > 1 else ""
    logs.configure("json" if options.log == "json" else "text", options.log_level, name)
    service = assemble(told["bundles"], options, peers, worker)
    # What is here now stays: the collector need not walk through it again and again while requests wait.
    gc.collect()
    gc.freeze()
    return service


def assemble(bundles: Sequence[str], options: Options, peers: Peers | None = None, worker: int = 0) -> Service:
    """Open and warm up bundles and put a service around them; `Service.close` gives everything back.

    Raises:
        InputError: an address that others reach without a key; a bundle with external steps without leave; two bundles
            of one name; a file that cannot be used. NotReady: a bundle that is not ready, without `accept`.
    """
    from smeaton.service.app import create_app

    peers = peers or Alone()
    tls = checked_tls(options.tls_cert, options.tls_key, options.tls_ca)
    settings = settings_for(
        options.host,
        options.auth,
        options.key_file,
        limits_of(options),
        options.allow_host,
        tls=tls is not None,
        page=options.page,
        explain=options.explain,
    )
    with contextlib.ExitStack() as held:
        opened = [open_bundle(Path(path)) for path in bundles]
        for bundle in opened:
            bundle.require_ready(accept=options.accept)
        _one_writer(opened, options)
        purse = _purse(opened, options, held)
        recorder = _recorder(options, worker, held)
        several = len(opened) > 1

        def hosted(bundle: Bundle) -> Hosted:
            folder = state_folder(bundle, options.state, several)
            return host(
                bundle,
                settings.limits,
                purse,
                recorder,
                state_dir=folder,
                allow_external=options.allow_external,
                trust=options.trust_code,
            )

        def again(folder: Path) -> Hosted:
            bundle = open_bundle(folder)
            bundle.require_ready(accept=options.accept)
            return hosted(bundle)

        models = []
        for bundle in opened:
            model = hosted(bundle)
            held.callback(model.close)
            recorder.declare(model)
            models.append(model)
        wires = {name: plugins.load("protocols", name) for name in plugins.names("protocols")}
        service = Service(
            registry=Registry(models, wires, again),
            settings=settings,
            wires=wires,
            recorder=recorder,
            peers=peers,
            audit=Audit(options.audit),
            access=_access_log(options, worker),
            tls=None if tls is None else tls.context(),
            worker=worker,
        )
        service.app = create_app(service)
        if isinstance(peers, Alone):
            peers.handler = service.obey
        service.held = held.pop_all()
    service.audit.note("service.started", outcome="done", worker=worker, models=", ".join(service.registry))
    return service


def limits_of(options: Options) -> Limits:
    """The limits that options state.

    Raises:
        InputError: one is no size or time.
    """
    return Limits(
        body=size_of("max-body", options.max_body),
        rows=options.max_rows,
        seconds=time_of("deadline", options.deadline, least=1e-6),
        queue=options.max_queue,
        batch=options.max_batch,
        connections=options.max_connections,
    )


def _access_log(options: Options, worker: int) -> AccessLog | None:
    if not options.access_log:
        return None
    return AccessLog("json" if options.log == "json" else "text", str(worker) if options.workers > 1 else "")


def _recorder(options: Options, worker: int, held: contextlib.ExitStack) -> Recorder:
    metrics = Metrics(str(worker) if options.workers > 1 else "")
    journal, spans = None, None
    if options.journal is not None:
        from smeaton.journal import Journal

        _check_folder(Path(options.journal))
        keep = None if options.journal_keep is None else time_of("journal-keep", options.journal_keep, least=1.0)
        most = None if options.journal_size is None else size_of("journal-size", options.journal_size)
        journal = Journal(
            Path(options.journal),
            worker=str(worker),
            sample=options.journal_sample,
            keep_seconds=keep,
            keep_bytes=most,
        )
        held.callback(journal.close)
        metrics.watch_journal(_counts(journal))
    if options.otel:
        from smeaton.service.telemetry.otel import open_spans

        spans = open_spans(str(worker))
    return Recorder(metrics, journal, spans)


def _check_folder(folder: Path) -> None:
    """While it runs a service lives with a journal that cannot be written; it does not begin with one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "it may not be written to")
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(
            f"the journal cannot be kept there: {why}", fix="name another folder", where=str(folder)
        ) from error


def _counts(journal: "Journal") -> Any:
    def counts() -> tuple[int, int]:
        stats = journal.stats()
        return int(stats["written"]), int(stats["dropped"])

    return counts


def _one_writer(bundles: Sequence[Bundle], options: Options) -> None:
    """A state has one writer, so a bundle that keeps one is answered by one worker."""
    for bundle in bundles:
        if options.workers > 1 and any(step.state is not None for step in bundle.program.steps):
            raise InputError(
                f"{bundle.manifest.name} keeps a state, which has one writer; {options.workers} workers were asked",
                fix="serve it with --workers 1",
                where=str(bundle.path),
            )


def _purse(bundles: Sequence[Bundle], options: Options, held: contextlib.ExitStack) -> Allowance | None:
    """Money a day, kept in a file: a restart does not start the day anew. Model servers on this machine send no bill,
    so a bundle that asks only them needs none."""
    external = [bundle for bundle in bundles if any(map(_billed, externals(bundle.program)))]
    cap = None if options.spend is None else _per_day(options.spend)
    if not external:
        return None
    if cap is None:
        raise InputError(
            "this bundle calls another machine, and nothing says what that may cost",
            fix="say it: --spend '$1/day' ('$0/day' where the calls are free)",
            where=str(external[0].path),
        )
    folder = Path(options.state) if options.state else external[0].default_state
    os.makedirs(folder, exist_ok=True)
    ledger = Ledger(folder / "spend.db", cap, daily=True)
    held.callback(ledger.close)
    return Allowance(ledger)


def _billed(step: External) -> bool:
    return not step.local or step.price > 0


def _per_day(text: str) -> float:
    amount, _, period = text.partition("/")
    fix = "write it as '$1/day', in quotes: a shell reads $1 as a variable"
    if period != "day":
        raise InputError(f"--spend {text!r} is no amount a day", fix=fix)
    try:
        return dollars(amount)
    except ValueError as error:
        raise InputError(f"--spend {text!r}: {error}", fix=fix) from error
