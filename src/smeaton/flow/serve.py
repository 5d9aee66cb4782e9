"""Serve bundles: open, check that they may be served, listen, and leave cleanly."""

import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.errors import InputError
from smeaton.runtime.ledger import Ledger
from smeaton.service.hosted import Hosted, host
from smeaton.service.settings import Settings, settings_for
from smeaton.task.units import dollars


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve; the words of the command line."""

    host: str = "127.0.0.1"
    port: int = 8000
    accept: str | None = None
    state: str | None = None
    key_file: str | None = None
    auth: str = "key"
    allow_external: tuple[str, ...] = ()
    spend: str | None = None
    json: bool = False


def serve(bundle: str | Path | Sequence[str | Path], **options: Any) -> int:
    """Serve one or more bundles until SIGINT or SIGTERM; `options` are those of `smeaton serve`.

    Raises:
        NotReady: a bundle missed its bars or limits and no `accept` reason was given.
    """
    bundles = [bundle] if isinstance(bundle, str | Path) else list(bundle)
    return serve_forever([str(path) for path in bundles], Options(**options))


def open_models(bundles: Sequence[str], options: Options) -> tuple[list[Hosted], Settings]:
    """Open and warm up the bundles.

    Raises:
        InputError: an address that others reach without a key; a bundle with external steps without leave.
        NotReady: a bundle that is not ready, without `accept`.
    """
    settings = settings_for(options.host, options.auth, options.key_file)
    purse = _purse(bundles[0], options)
    hosted: list[Hosted] = []
    for path in bundles:
        state = Path(options.state) if options.state else None
        model = host(Path(path), settings, state_dir=state, allow_external=options.allow_external, purse=purse)
        hosted.append(model)
        model.bundle.require_ready(accept=options.accept)
        if model.engine.effect == "external" and purse is None:
            raise InputError(f"{path} makes paid calls", fix="say what it may cost: --spend $1/day")
    return hosted, settings


def serve_forever(bundles: Sequence[str], options: Options) -> int:
    """Listen until told to stop; 0 after a clean end."""
    import uvicorn

    from smeaton.service.app import create_app

    hosted, settings = open_models(bundles, options)
    listening = _listen(options.host, options.port)
    config = uvicorn.Config(
        create_app(hosted, settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
        timeout_keep_alive=30,
    )
    server = uvicorn.Server(config)
    _announce(hosted, listening, options)
    server.run(sockets=[listening])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """Bind first: a port that is taken is said before anything else happens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        fix = "choose another port, or 0 for any free one"
        raise InputError(f"cannot listen on {host}:{port}: {error.strerror}", fix=fix) from error
    listening.listen(2048)
    return listening


def _announce(hosted: Sequence[Hosted], listening: socket.socket, options: Options) -> None:
    host, port = listening.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if options.json:
        print(json.dumps({"url": url, "models": {model.name: model.bundle.hash for model in hosted}}), flush=True)
        return
    for model in hosted:
        print(f"{model.name} (bundle {model.version}, {model.bundle.manifest.outcome}) answers at {url}")
    print(f"  try it:    {url}/   schema: {url}/openapi.json   Open Inference Protocol: {url}/v2")
    print("  Ctrl-C stops it")
    sys.stdout.flush()


def _purse(bundle: str, options: Options) -> Ledger | None:
    """Money a day, kept in a file: a restart does not start the day anew."""
    if options.spend is None:
        return None
    folder = Path(options.state) if options.state else Path(bundle).with_suffix(".state")
    folder.mkdir(parents=True, exist_ok=True)
    return Ledger(folder / "spend.db", _per_day(options.spend), daily=True)


def _per_day(text: str) -> float:
    amount, _, period = text.partition("/")
    if period != "day":
        raise InputError(f"--spend {text!r} is no amount a day", fix="write it as $1/day")
    try:
        return dollars(amount)
    except ValueError as error:
        raise InputError(f"--spend {text!r}: {error}", fix="write it as $1/day") from error
