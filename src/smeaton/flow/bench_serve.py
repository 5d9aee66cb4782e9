"""`bench_serve`: how fast a bundle answers over HTTP, and the highest rate that this machine holds within a limit."""

import contextlib
import resource
from collections.abc import Callable
from pathlib import Path

from smeaton.service.load import How, Pace, Sample, closed, scheduled
from smeaton.service.load.loaded import Loaded
from smeaton.service.load.options import Options, check_options
from smeaton.service.load.search import Search, Step
from smeaton.service.load.subject import Subject, subject
from smeaton.service.load.usage import cores, ended_children

__all__ = ["Options", "bench_serve"]

_ALONE_SECONDS = 1.0
_WARMUP = 0.5
_START = 0.25  # of the rate of one caller: where the search begins
_CONNECTIONS = 512  # at most; a service takes 2,048 a worker
_SPARE_FILES = 64


Listen = Callable[[Loaded, Step | None], None]


def bench_serve(bundle: str | Path | None, options: Options, listen: Listen = lambda loaded, step: None) -> Loaded:
    """Load a bundle's service, started here unless `options.url` names a running one. `listen` hears once what one
    caller saw, then of each rate tried. Ctrl-C ends it with what is known.

    Raises:
        InputError: no such bundle; it is not ready; it calls other machines; the URL leads off this machine or nobody
            answers there; rows that it refuses. NotReady: a bundle that missed its bars, without `accept`.
    """
    check_options(options)
    before = ended_children()
    with contextlib.ExitStack() as held:
        service = subject(None if bundle is None else Path(bundle), options, held)
        process = service.process
        workers = None if process is None else options.workers
        loaded = Loaded(service.name, service.target.url, options.limit, options.batch, cores(), workers)
        try:
            _load(loaded, service, options, listen)
        except KeyboardInterrupt:
            loaded.interrupted = True
        if process is not None and process.usage is not None:
            process.usage.look()
            loaded.peak, loaded.processes = process.usage.peak, process.usage.processes
    if process is not None and process.usage is None:
        after = ended_children()
        loaded.peak = after.peak
        loaded.cpu_per_request = (after.cpu - before.cpu) / max(1, _asked(loaded))
    return loaded


def _load(loaded: Loaded, service: Subject, options: Options, listen: Listen) -> None:
    where, requests, process, limit = service.target, service.requests, service.process, loaded.limit
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


def _connections() -> int:
    """As many as this process may open, up to a bound."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _CONNECTIONS if files == resource.RLIM_INFINITY else max(8, min(_CONNECTIONS, files - _SPARE_FILES))


def _asked(loaded: Loaded) -> int:
    """Requests counted in all."""
    steps = () if loaded.search is None else loaded.search.steps
    return sum(step.sample.requests for step in steps) + (0 if loaded.alone is None else loaded.alone.requests)
