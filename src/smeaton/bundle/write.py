"""`write_bundle`: everything into a folder beside, hashed, flushed to disk, then put in place in one step."""

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from smeaton.bundle.card import make_card
from smeaton.bundle.environment import environment
from smeaton.bundle.manifest import MANIFEST_FILE, PROGRAM_FOLDER, FileRecord, Manifest, discreet, encode
from smeaton.bundle.read import Bundle, open_bundle
from smeaton.bundle.samples import as_json, synthesise
from smeaton.bundle.sbom import make_sbom
from smeaton.bundle.swap import beside, mend, swap_in
from smeaton.bundle.verify import SAMPLES_FILE, Sample
from smeaton.errors import BundleError
from smeaton.runtime.check import effect_of, externals
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import check_files, copy_files, flush, flush_tree

CARD_FILE = "card.md"
SBOM_FILE = "sbom.cdx.json"


def write_bundle(path: Path, manifest: Manifest, program_folder: Path) -> Bundle:
    """Write a bundle, replacing an older one at the same path, and open it verified.

    Args:
        path: where it will stand, `NAME.bundle`.
        manifest: what it states. `files` and `samples` are filled in here; so are `created` (now, UTC) and
            `environment` where empty. Rarely seen values and folders of this machine are dropped.
        program_folder: where the files of `manifest.program` lie.

    Equal arguments give equal bytes, apart from `created`. Until the new bundle is whole and on disk the older one
    stays in place.

    Raises:
        BundleError: the place cannot be written, or holds something that is not a bundle.
        ProgramError: a file of the program is missing, or the program cannot run.
    """
    return put(path.absolute(), lambda new: _fill(new, _completed(manifest), program_folder))


def put(path: Path, fill: Callable[[Path], object]) -> Bundle:
    """Let `fill` make a bundle in a new folder beside `path`, put it in place whole or not at all, and open it.

    Raises:
        BundleError: the place cannot be written, or holds something that is not a bundle.
    """
    new = beside(path, "new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mend(path)
        check_place(path)
        fill(new)
        flush_tree(new)
        swap_in(new, path)
        flush(path.parent)
    except OSError as error:
        raise BundleError(
            f"the bundle cannot be written: {error.strerror or error}",
            where=str(path),
            fix="choose a folder you may write to, with room, with --out",
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return open_bundle(path)


def _completed(manifest: Manifest) -> Manifest:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return msgspec.structs.replace(
        discreet(manifest),
        created=manifest.created or now,
        environment=manifest.environment or environment(),
    )


def check_place(path: Path) -> None:
    """Check that a bundle may stand there: nothing is there, or a bundle.

    Raises:
        BundleError: it is something else, which stays as it is.
    """
    if not path.exists() and not path.is_symlink():
        return
    if path.is_symlink() or not path.is_dir() or (any(path.iterdir()) and not (path / MANIFEST_FILE).is_file()):
        raise BundleError(
            "something that is not a bundle is there; it was left as it is",
            where=str(path),
            fix="move it away, or choose another folder with --out",
        )


def _fill(new: Path, manifest: Manifest, program_folder: Path) -> None:
    new.mkdir()
    check_files(manifest.program, program_folder)
    copy_files(manifest.program.files(), program_folder, new / PROGRAM_FOLDER)
    files = _hashes(new)
    samples = _samples(manifest, new / PROGRAM_FOLDER)
    if samples:
        (new / SAMPLES_FILE).write_bytes(b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples))
    judged = "none" if not samples else "exact" if samples[0].output is not None else "schema"
    manifest = msgspec.structs.replace(manifest, samples=judged)
    (new / CARD_FILE).write_text(make_card(manifest, externals(manifest.program)), encoding="utf-8")
    (new / SBOM_FILE).write_bytes(make_sbom(manifest, files))
    (new / MANIFEST_FILE).write_bytes(encode(msgspec.structs.replace(manifest, files=_hashes(new))))


def _samples(manifest: Manifest, folder: Path) -> list[Sample]:
    rows = synthesise(manifest.task, manifest.profile, manifest.program.inputs)
    if not rows or effect_of(manifest.program) != "pure":
        return [Sample(input=row) for row in rows]
    code = {name for step in manifest.program.steps if step.op == "code" for name in step.files}
    # The building side wrote and named this code; whoever opens the bundle decides anew.
    with Engine(manifest.program, folder, types=manifest.task.input_types, trust=code) as engine:
        answers = as_json(engine.rows(rows))
    return [Sample(input=row, output=answer) for row, answer in zip(rows, answers, strict=True)]


def _hashes(folder: Path) -> dict[str, FileRecord]:
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found[path.relative_to(folder).as_posix()] = FileRecord(sha256=digest, size=path.stat().st_size)
    return dict(sorted(found.items()))
