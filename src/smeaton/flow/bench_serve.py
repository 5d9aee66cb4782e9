"""`bench_serve`: how fast a bundle answers over HTTP, and the highest rate that this machine holds within a limit."""

import contextlib
import os
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from smeaton.errors import InputError
from smeaton.task.units import seconds as read_seconds

if TYPE_CHECKING:
    from smeaton.bundle.read import Bundle
    from smeaton.service.load import Target
    from smeaton.service.load.loaded import Loaded
    from smeaton.service.load.process import Served
    from smeaton.service.load.search import Step

_ALONE_SECONDS = 1.0
_WARMUP = 0.5
_START = 0.25  # of the rate of one caller: where the search begins
_CONNECTIONS = 512  # at most; a service takes 2,048 a worker
_SPARE_FILES = 64


@dataclass(frozen=True, slots=True)
class Options:
    """How to load; the words of the command line."""

    url: str | None = None
    allow_host: str | None = None
    key_file: str | None = None
    workers: int = 1
    accept: str | None = None
    rows: str | None = None
    batch: int = 1
    wire: Literal["rest", "oip", "v1"] = "rest"
    p99: str = "50ms"
    rate: float | None = None
    seconds: float = 60.0
    arrivals: Literal["poisson", "constant"] = "poisson"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Service:
    """What is loaded: where, which model, and the process if it was started here."""

    target: "Target"
    name: str
    headers: dict[str, str]
    process: "Served | None"


Listen = Callable[["Loaded", "Step | None"], None]


def bench_serve(bundle: str | Path | None, options: Options, listen: Listen = lambda loaded, step: None) -> "Loaded":
    """Load a bundle's service, started here unless `options.url` names a running one. `listen` hears once what one
    caller saw, then of each rate tried. Ctrl-C ends it with what is known.

    Raises:
        InputError: no such bundle; it is not ready; it calls other machines; the URL leads off this machine or nobody
            answers there; rows that it refuses. NotReady: a bundle that missed its bars, without `accept`.
    """
    from smeaton.service.load.loaded import Loaded
    from smeaton.service.load.usage import ended_children

    limit = _checked_limit(options)
    before = ended_children()
    with contextlib.ExitStack() as held:
        service = _service(bundle, options, held)
        where, requests = _requests(bundle, service, options)
        ours = None if service.process is None else options.workers
        loaded = Loaded(service.name, service.target.url, limit, options.batch, os.cpu_count() or 1, ours)
        try:
            _load(loaded, service, (where, requests), options, listen)
        except KeyboardInterrupt:
            loaded.interrupted = True
        usage = None if service.process is None else service.process.usage
        if usage is not None:
            usage.look()
            loaded.peak, loaded.processes = usage.peak, usage.processes
    if service.process is not None and usage is None:
        after = ended_children()
        loaded.peak = after.peak
        loaded.cpu_per_request = (after.cpu - before.cpu) / max(1, _asked(loaded))
    return loaded


def _load(
    loaded: "Loaded",
    service: _Service,
    asked: "tuple[Target, Sequence[bytes]]",
    options: Options,
    listen: Listen,
) -> None:
    from smeaton.service.load import How, Pace, Sample, closed, scheduled
    from smeaton.service.load.search import Search

    where, requests = asked
    process, limit = service.process, loaded.limit
    usage = None if process is None else process.usage
    watch = None if usage is None else usage.cpu
    how = How(
        connections=_connections(),
        warmup=_WARMUP,
        timeout=max(5.0, 10 * limit),
        watch=watch,
        patience=min(5.0, max(1.0, 10 * limit)),
    )

    def ready() -> None:
        if process is not None:
            process.check()
        if usage is not None:
            usage.look()

    def measure(rate: float, seconds: float) -> Sample:
        ready()
        return scheduled(where, requests, Pace(rate, seconds, options.arrivals, options.seed), how)

    ready()
    loaded.alone = closed(where, requests, How(connections=1, warmup=_WARMUP, watch=watch), seconds=_ALONE_SECONDS)
    listen(loaded, None)
    loaded.search = Search(measure, limit, options.seconds, lambda step: listen(loaded, step))
    if options.rate is not None:
        loaded.search.once(options.rate)
    else:
        loaded.search.run(max(loaded.alone.rate, 1.0) * _START)


def _service(bundle: str | Path | None, options: Options, held: contextlib.ExitStack) -> _Service:
    from smeaton.service.load.ask import check_ready, facts
    from smeaton.service.load.process import served
    from smeaton.service.load.target import target_of

    opened = None if bundle is None else _opened(Path(bundle))
    process = None
    if options.url is None:
        if opened is None:
            raise InputError("there is nothing to load", fix="name a bundle, or a running service with --url")
        process = held.enter_context(served(opened.path, list(_arguments(opened, options, held))))
    target = target_of(process.url if process else str(options.url), options.allow_host)
    headers = _headers(options)
    check_ready(target, headers)
    names = list(facts(target, "/models", headers))
    name = names[0] if opened is None else opened.manifest.name
    if name not in names:
        raise InputError(f"it serves {', '.join(names)}, not {name}", fix="name one of its bundles", where=target.url)
    return _Service(target, name, headers, process)


def _opened(path: Path) -> "Bundle":
    from smeaton.bundle.read import open_bundle
    from smeaton.runtime.check import effect_of

    bundle = open_bundle(path)
    if effect_of(bundle.program) == "external":
        raise InputError(
            "this bundle calls another machine: a load test would load that machine, and pay for it",
            fix="try it with smeaton serve and a few requests",
            where=str(path),
        )
    return bundle


def _arguments(bundle: "Bundle", options: Options, held: contextlib.ExitStack) -> Iterator[str]:
    """Arguments of `smeaton serve`. The user's own state is left alone: the load test gets a fresh one."""
    yield from ("--workers", str(options.workers))
    if options.accept is not None:
        yield from ("--accept", options.accept)
    if any(step.state is not None for step in bundle.program.steps):
        yield from ("--state", held.enter_context(tempfile.TemporaryDirectory(prefix="smeaton-bench-")))


def _requests(bundle: str | Path | None, service: _Service, options: Options) -> "tuple[Target, list[bytes]]":
    """Where to ask and the requests, each of which was answered once."""
    from smeaton.bundle.verify import SAMPLES_FILE
    from smeaton.service.load import Target
    from smeaton.service.load.ask import check_bodies, facts
    from smeaton.service.load.bodies import bodies, path_of, read_rows

    if options.rows is None and bundle is None:
        raise InputError("there are no rows to ask", fix="give --rows FILE.jsonl, or a bundle: its samples are asked")
    rows = read_rows(Path(options.rows) if options.rows is not None else Path(str(bundle), SAMPLES_FILE))
    inputs: list[Any] = []
    if options.wire == "oip":
        inputs = facts(service.target, f"/v2/models/{service.name}", service.headers)["inputs"]
    made = bodies(options.wire, rows, options.batch, inputs)
    where = Target(service.target.host, service.target.port, path_of(options.wire, service.name))
    check_bodies(where, where.path, made, service.headers)
    return where, [where.request(body, service.headers) for body in made]


def _headers(options: Options) -> dict[str, str]:
    if options.key_file is None:
        return {}
    path = Path(options.key_file)
    key = path.read_text(encoding="utf-8").strip()
    if not key.isascii() or len(key.split()) != 1:
        raise InputError("it does not hold one key", fix="write the API key into it, nothing else", where=str(path))
    return {"Authorization": f"Bearer {key}"}


def _checked_limit(options: Options) -> float:
    """The limit in seconds; the other numbers are checked too."""
    try:
        limit = read_seconds(options.p99)
    except ValueError as error:
        raise InputError(f"--p99 {options.p99!r}: {error}", fix="write it as --p99 50ms") from error
    least = {"batch": 1, "seconds": 10, "workers": 0}
    for name, low in least.items():
        if getattr(options, name) < low:
            raise InputError(f"--{name} {getattr(options, name)} is too small", fix=f"give {low} or more")
    if limit <= 0 or (options.rate is not None and options.rate <= 0):
        raise InputError("a limit and a rate above 0 were expected", fix="write them as --p99 50ms --rate 500")
    return limit


def _connections() -> int:
    """As many as this process may open, up to a bound."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _CONNECTIONS if files == resource.RLIM_INFINITY else max(8, min(_CONNECTIONS, files - _SPARE_FILES))


def _asked(loaded: "Loaded") -> int:
    """Requests counted in all."""
    steps = () if loaded.search is None else loaded.search.steps
    return sum(step.sample.requests for step in steps) + (0 if loaded.alone is None else loaded.alone.requests)
