"""`Subject`: the service that is loaded, started here or running already, and the requests it answers."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.bundle.read import Bundle, open_bundle
from smeaton.bundle.verify import SAMPLES_FILE
from smeaton.errors import InputError
from smeaton.runtime.check import effect_of
from smeaton.service.load.ask import check_bodies, check_ready, facts
from smeaton.service.load.bodies import bodies, path_of, read_rows
from smeaton.service.load.options import Options
from smeaton.service.load.process import Served, served
from smeaton.service.load.target import Target, target_of


@dataclass(frozen=True, slots=True)
class Subject:
    """`target` is where to ask, `requests` are whole ones, each answered once already; `process` is None for a service
    that was not started here."""

    name: str
    target: Target
    requests: Sequence[bytes]
    process: Served | None


def subject(bundle: Path | None, options: Options, held: ExitStack) -> Subject:
    """Find or start what is to be loaded; `held` ends what was started.

    Raises:
        InputError: no such bundle; it is not ready; it calls other machines; the URL leads off this machine or nobody
            answers there; rows that it refuses. NotReady: a bundle that missed its bars, without `accept`.
    """
    opened = None if bundle is None else _opened(bundle)
    process = None
    if options.url is not None:
        target = target_of(options.url, options.allow_host)
    elif opened is not None:
        process = held.enter_context(served(opened.path, list(_arguments(opened, options, held))))
        target = target_of(process.url)
    else:
        raise InputError("there is nothing to load", fix="name a bundle, or a running service with --url")
    headers = _headers(options)
    check_ready(target, headers)
    names = list(facts(target, "/models", headers))
    name = names[0] if opened is None else opened.manifest.name
    if name not in names:
        raise InputError(f"it serves {', '.join(names)}, not {name}", fix="name one of its bundles", where=target.url)
    where = Target(target.host, target.port, path_of(options.wire, name))
    return Subject(name, where, _requests(opened, where, name, options, headers), process)


def _opened(path: Path) -> Bundle:
    bundle = open_bundle(path)
    if effect_of(bundle.program) == "external":
        raise InputError(
            "this bundle calls another machine: a load test would load that machine, and pay for it",
            fix="try it with smeaton serve and a few requests",
            where=str(path),
        )
    return bundle


def _arguments(bundle: Bundle, options: Options, held: ExitStack) -> Iterator[str]:
    """Arguments of `smeaton serve`. The user's own state is left alone: the load test gets a fresh one."""
    yield from ("--workers", str(options.workers))
    if options.accept is not None:
        yield from ("--accept", options.accept)
    if any(step.state is not None for step in bundle.program.steps):
        yield from ("--state", held.enter_context(tempfile.TemporaryDirectory(prefix="smeaton-bench-")))


def _requests(
    bundle: Bundle | None, where: Target, name: str, options: Options, headers: dict[str, str]
) -> list[bytes]:
    if options.rows is None and bundle is None:
        raise InputError("there are no rows to ask", fix="give --rows FILE.jsonl, or a bundle: its samples are asked")
    samples = None if bundle is None else bundle.path / SAMPLES_FILE
    rows = read_rows(samples if samples is not None and options.rows is None else Path(str(options.rows)))
    inputs: list[Any] = []
    if options.wire == "oip":
        inputs = facts(where, f"/v2/models/{name}", headers)["inputs"]
    made = bodies(options.wire, rows, options.batch, inputs)
    check_bodies(where, made, headers)
    return [where.request(body, headers) for body in made]


def _headers(options: Options) -> dict[str, str]:
    if options.key_file is None:
        return {}
    path = Path(options.key_file)
    key = path.read_text(encoding="utf-8").strip()
    if not key.isascii() or len(key.split()) != 1:
        raise InputError("it does not hold one key", fix="write the API key into it, nothing else", where=str(path))
    return {"Authorization": f"Bearer {key}"}
