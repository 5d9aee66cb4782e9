"""Serve bundles: open, check that they may be served, listen, and leave cleanly."""

import contextlib
import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smeaton.bundle.read import Bundle, open_bundle
from smeaton.errors import InputError
from smeaton.runtime.check import effect_of
from smeaton.runtime.ledger import Ledger
from smeaton.task.units import dollars, seconds

if TYPE_CHECKING:
    from smeaton.service.hosted import Hosted
    from smeaton.service.settings import Settings


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
    deadline: str = "30s"
    json: bool = False


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


def serve(bundle: str | Path | Sequence[str | Path], **options: Any) -> int:
    """Serve one or more bundles until SIGINT or SIGTERM; `options` are those of `smeaton serve`.

    Raises:
        InputError: an address that others reach without a key, a port that is taken, two bundles of one name, or a
            bundle with external steps without leave.
        NotReady: a bundle missed its bars or limits and no `accept` reason was given.
    """
    bundles = [bundle] if isinstance(bundle, str | Path) else list(bundle)
    return serve_forever([str(path) for path in bundles], Options(**options))


def serve_forever(bundles: Sequence[str], options: Options) -> int:
    """Listen until told to stop; 0 after a clean end. Raises as `serve` does."""
    from smeaton.service.app import create_app
    from smeaton.service.server import listen, run

    with contextlib.ExitStack() as held:
        listening = held.enter_context(listen(options.host, options.port))
        models, settings = open_models(bundles, options, held)
        run(create_app(models, settings), listening, settings, lambda: _announce(models, listening, options))
    return 0


def open_models(
    bundles: Sequence[str], options: Options, held: contextlib.ExitStack
) -> tuple[list["Hosted"], "Settings"]:
    """Open and warm up the bundles; `held` gives everything back.

    Raises:
        InputError: an address that others reach without a key; a bundle with external steps without leave.
        NotReady: a bundle that is not ready, without `accept`.
    """
    from smeaton.service.hosted import host, state_folder
    from smeaton.service.settings import settings_for

    settings = settings_for(options.host, options.auth, options.key_file, _limit(options.deadline))
    opened = [open_bundle(Path(path)) for path in bundles]
    for bundle in opened:
        bundle.require_ready(accept=options.accept)
    purse = _purse(opened, options, held)
    models = []
    for bundle in opened:
        folder = state_folder(bundle, options.state, len(opened) > 1)
        model = host(bundle, settings, purse, state_dir=folder, allow_external=options.allow_external)
        held.callback(model.close)
        models.append(model)
    return models, settings


def _announce(models: Sequence["Hosted"], listening: socket.socket, options: Options) -> None:
    from smeaton.service.server import address

    url = address(listening)
    for model in models:
        if not model.ready:
            print(f"smeaton: {model.name} is not ready and answers 503: {model.why}", file=sys.stderr, flush=True)
    if options.json:
        ready = {model.name: model.ready for model in models}
        print(json.dumps({"url": url, "models": {m.name: m.bundle.hash for m in models}, "ready": ready}), flush=True)
        return
    for model in models:
        print(f"{model.name} (bundle {model.version}, {model.bundle.manifest.outcome}) answers at {url}")
    print(f"  try it:    {url}/   schema: {url}/openapi.json   Open Inference Protocol: {url}/v2")
    print("  Ctrl-C stops it", flush=True)


def _purse(bundles: Sequence[Bundle], options: Options, held: contextlib.ExitStack) -> Allowance | None:
    """Money a day, kept in a file: a restart does not start the day anew."""
    external = [bundle for bundle in bundles if effect_of(bundle.program) == "external"]
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
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / "spend.db", cap, daily=True)
    held.callback(ledger.close)
    return Allowance(ledger)


def _per_day(text: str) -> float:
    amount, _, period = text.partition("/")
    fix = "write it as '$1/day', in quotes: a shell reads $1 as a variable"
    if period != "day":
        raise InputError(f"--spend {text!r} is no amount a day", fix=fix)
    try:
        return dollars(amount)
    except ValueError as error:
        raise InputError(f"--spend {text!r}: {error}", fix=fix) from error


def _limit(text: str) -> float:
    try:
        limit = seconds(text)
    except ValueError as error:
        raise InputError(f"--deadline {text!r}: {error}", fix="write it as 30s") from error
    if limit <= 0:
        raise InputError(f"--deadline {text!r} leaves no time to answer", fix="write it as 30s")
    return limit
