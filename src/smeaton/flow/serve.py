"""Serve bundles: hold the port, keep processes that answer behind it, and leave cleanly."""

import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from smeaton.errors import InputError
from smeaton.flow.local import asks, served
from smeaton.llm.endpoint import LOCAL
from smeaton.service.options import Options, check_counts, time_of

__all__ = ["Options", "serve", "serve_forever"]

Facts = dict[str, Any]

_DRAIN_SECONDS = 5.0  # off loopback: as long as a load balancer may still send requests
_FINISH_SECONDS = 2.0  # beyond the deadline of a request


def serve(bundle: str | Path | Sequence[str | Path], **options: Any) -> int:
    """Serve one or more bundles until SIGINT or SIGTERM; `options` are those of `smeaton serve`, with `_` for `-`.

    Raises:
        InputError: an address that others reach without a key, a port that is taken, two bundles of one name, or a
            bundle with external steps without leave.
        NotReady: a bundle missed its bars or limits and no `accept` reason was given.
    """
    bundles = [bundle] if isinstance(bundle, str | Path) else list(bundle)
    return serve_forever([str(path) for path in bundles], Options(**options))


def serve_forever(bundles: Sequence[str], options: Options) -> int:
    """Listen until told to stop; 0 after a clean end. Raises as `serve` does.

    A supervisor holds the port and `options.workers` processes answer; with 0 workers this process answers itself.
    """
    check_counts(options)
    with served(_asks_here(bundles, options), lambda line: print(f"smeaton: {line}", file=sys.stderr, flush=True)):
        return _held(bundles, options)


def _asks_here(bundles: Sequence[str], options: Options) -> bool:
    """Whether a bundle that may do so asks a model on this machine. What cannot be opened is refused where it is
    loaded."""
    if LOCAL not in options.allow_external:
        return False
    from smeaton.bundle.read import open_bundle

    try:
        return any(asks(open_bundle(Path(path)).manifest.program) for path in bundles)
    except InputError:
        return False


def _held(bundles: Sequence[str], options: Options) -> int:
    from smeaton.service.listening import listen

    finish = time_of("deadline", options.deadline, least=1e-6) + _FINISH_SECONDS
    drain = _drain(options)
    listening = listen(options.host, options.port)
    with listening:
        announce = _announcer(listening, options)
        if options.workers == 0:
            return _serve_here(bundles, options, listening, (drain, finish), announce)
        from smeaton.service.supervisor import Plan, supervise

        plan = Plan(
            workers=options.workers,
            hang=time_of("hang", options.hang),
            drain=drain,
            finish=finish,
            tls=options.tls_cert is not None,
        )
        told = {"bundles": [os.path.abspath(path) for path in bundles], "options": options.as_dict()}
        return supervise([listening], told, plan, announce)


def _serve_here(
    bundles: Sequence[str],
    options: Options,
    listening: socket.socket,
    times: tuple[float, float],
    announce: Callable[[Facts], None],
) -> int:
    from smeaton.service.server import Serving, run_here
    from smeaton.service.start import assemble
    from smeaton.service.telemetry import logs

    if options.log == "json":  # in a process of the user's own, its logging is its own
        logs.configure("json", options.log_level)
    service = assemble(bundles, options)
    try:
        serving = Serving(service.limits, *times, service.tls, service.rejected, service.drain)
        run_here(service.app, [listening], serving, lambda: announce(service.facts()))
    finally:
        service.close()
    return 0


def _drain(options: Options) -> float:
    from smeaton.service.listening import is_loopback

    if options.drain is not None:
        return time_of("drain", options.drain)
    return 0.0 if is_loopback(options.host) else _DRAIN_SECONDS


def _announcer(listening: socket.socket, options: Options) -> Callable[[Facts], None]:
    from smeaton.service.listening import address

    url = address(listening, "http" if options.tls_cert is None else "https")

    def announce(facts: Facts) -> None:
        for name, model in facts.items():
            if not model["ready"]:
                text = f"smeaton: {name} is not ready and answers 503: {model['why']}"
                print(text, file=sys.stderr, flush=True)
        if options.json:
            hashes = {name: model["hash"] for name, model in facts.items()}
            ready = {name: model["ready"] for name, model in facts.items()}
            print(json.dumps({"url": url, "models": hashes, "ready": ready}), flush=True)
            return
        for name, model in facts.items():
            print(f"{name} (bundle {model['hash'][:12]}, {model['outcome']}) answers at {url}")
        print(f"  try it:    {url}/   schema: {url}/openapi.json   Open Inference Protocol: {url}/v2")
        print("  Ctrl-C stops it", flush=True)

    return announce
