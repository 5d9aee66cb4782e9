"""`Manifest`: what `bundle.json` says. Plain data; the bundle's hash is the sha256 of its bytes."""

import hashlib
import math
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Literal

import msgspec

from smeaton.errors import BundleError
from smeaton.runtime.program import Program
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.task import Source, Task

FORMAT = 1
MANIFEST_FILE = "bundle.json"
PROGRAM_FOLDER = "program"
MIN_SEEN = 5  # values seen in fewer rows may point at a person: they are dropped

Outcome = Literal["ready", "not ready", "no solution"]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the manifest's parts: strict, immutable."""


class Score(Part, frozen=True, kw_only=True):
    """A metric's value with its 95 % interval, and how many rows it was measured on."""

    metric: str
    value: float
    low: float
    high: float
    rows: int
    better: Literal["higher", "lower"] = "higher"


class Running(Part, frozen=True, kw_only=True):
    """What the program costs to run, measured on what ships: seconds a call, dollars per 1,000 calls (None =
    unknown), bytes."""

    p50: float
    p95: float
    cost_per_1k: float | None
    size: int
    memory: int | None = None


class Proof(Part, frozen=True, kw_only=True):
    """How the program was compared with what was trained: rows, the largest difference seen, the one allowed."""

    held_rows: int
    adversarial_rows: int
    largest: float
    tolerance: float


class Facts(Part, frozen=True, kw_only=True):
    """The data it was built from: a hash, row counts, and what was dropped or noticed. `test_opened` counts how often
    the sealed test of these rows was looked at."""

    hash: str
    train_rows: int
    test_rows: int
    test_opened: int = 1
    notes: tuple[str, ...] = ()


class Winner(Part, frozen=True, kw_only=True):
    """The candidate that ships. `how`: `holdout`, `bag` (the folds' programs averaged), `fold`
    (the first fold's) or `refit` (fitted again on all rows: the validation score is its parent's)."""

    family: str
    key: str
    config: dict[str, Any]
    how: str
    why: str
    seed: int = 0


class Entry(Part, frozen=True, kw_only=True):
    """One row of the board: its validation score with interval (None where it was refused or failed)."""

    rank: int | None
    family: str
    state: str
    score: float | None = None
    low: float | None = None
    high: float | None = None
    p95: float | None = None
    size: int | None = None
    why: str = ""


class FileRecord(Part, frozen=True, kw_only=True):
    """One file of the bundle."""

    sha256: str
    size: int


class Manifest(Part, frozen=True, kw_only=True):
    """Everything a bundle states about itself. `files` and `samples` are filled in by `write_bundle`; `created` is a
    UTC moment, and with `seal` the only field that differs between two bundles of equal content. `seal` is the sha256
    of the manifest itself with an empty seal: without it a changed byte of `bundle.json` would go unnoticed.

    `samples`: how a stored sample is judged: `exact` (within 1e-9), `schema` (form only), `none` (nothing stored).
    """

    format: int = FORMAT
    name: str
    created: str = ""
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    task: Task
    program: Program
    profile: Profile
    metric: str
    validation: tuple[Score, ...]
    test: tuple[Score, ...]
    winner: Winner
    board: tuple[Entry, ...] = ()
    running: Running
    proof: Proof | None = None
    data: Facts
    environment: dict[str, str] = {}
    samples: Literal["exact", "schema", "none"] = "none"
    files: dict[str, FileRecord] = {}
    seal: str = ""


def encode(manifest: Manifest) -> bytes:
    """The one byte form of a manifest, sealed.

    Raises:
        BundleError: a number in it is not finite (JSON has no form for it), or a value has the wrong type.
    """
    for place in _not_finite(msgspec.to_builtins(manifest), "bundle"):
        raise BundleError("a number is not finite", where=place, fix="leave it out, or say None")
    try:
        # Read back once: a whole number where a fraction is meant would else change its form on the next writing.
        manifest = msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest)
    except msgspec.ValidationError as error:
        raise BundleError(f"a fact has the wrong type: {error}", fix="correct what is stated") from error
    return _bytes(msgspec.structs.replace(manifest, seal=_seal(manifest)))


def decode(content: bytes, where: str) -> Manifest:
    """Read `bundle.json` strictly: known format, known keys, and exactly the bytes that `encode` would write.

    Raises:
        BundleError: it does not follow that form.
    """
    try:
        head = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"it is not JSON: {error}", where=where, fix=_REPLACE) from error
    found = head.get("format") if isinstance(head, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BundleError("it states no format version", where=where, fix=_REPLACE)
    if found > FORMAT:
        raise BundleError(
            f"it has format version {found}; this Smeaton reads up to {FORMAT}",
            where=where,
            fix="run: pip install --upgrade smeaton",
        )
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"it does not follow the format: {error}", where=where, fix=_REPLACE) from error
    if _bytes(manifest) != content:
        raise BundleError("it holds an unknown key, or was edited by hand", where=where, fix=_REPLACE)
    if manifest.seal != _seal(manifest):
        raise BundleError("it was changed: its own hash differs", where=where, fix=_REPLACE)
    return manifest


def bundle_hash(content: bytes) -> str:
    """The bundle's hash: sha256 of `bundle.json`, which holds the sha256 of every other file."""
    return hashlib.sha256(content).hexdigest()


def discreet(manifest: Manifest) -> Manifest:
    """The manifest without what should not leave with it: values seen in few rows, folders of the building machine."""
    columns = tuple(_without_rare(column) for column in manifest.profile.columns)
    return msgspec.structs.replace(
        manifest,
        profile=msgspec.structs.replace(manifest.profile, columns=columns),
        task=_without_folders(manifest.task),
    )


def _bytes(manifest: Manifest) -> bytes:
    form = msgspec.json.encode(manifest, order="deterministic")
    return msgspec.json.format(form, indent=2) + b"\n"


def _seal(manifest: Manifest) -> str:
    return hashlib.sha256(_bytes(msgspec.structs.replace(manifest, seal=""))).hexdigest()


_REPLACE = "bring back the bundle as it was built, or build it again"


def _without_rare(column: ColumnProfile) -> ColumnProfile:
    kept = tuple((value, count) for value, count in column.values if count >= MIN_SEEN)
    rare = column.rare + sum(count for _, count in column.values if count < MIN_SEEN)
    return msgspec.structs.replace(column, values=kept, rare=rare)


def _without_folders(task: Task) -> Task:
    def shown(name: str) -> str:
        return PurePath(name).name if PurePath(name).is_absolute() else re.sub(r"//[^/@\s]*@", "//", name)

    def source(found: Source | None) -> Source | None:
        if found is None:
            return None
        tables = {key: shown(value) for key, value in found.tables.items()}
        return msgspec.structs.replace(found, files=tuple(map(shown, found.files)), tables=tables)

    data = msgspec.structs.replace(
        task.data,
        examples=source(task.data.examples),
        test=source(task.data.test),
        documents=source(task.data.documents),
        unlabelled=source(task.data.unlabelled),
    )
    return task.with_(data=data, folder=".")


def _not_finite(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield place
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _not_finite(item, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _not_finite(item, f"{place}[{number}]")
