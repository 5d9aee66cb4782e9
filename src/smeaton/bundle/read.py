"""`open_bundle`: a bundle is checked whole before anything in it is used. Nothing in it is ever unpickled."""

import hashlib
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from smeaton.bundle.manifest import MANIFEST_FILE, PROGRAM_FOLDER, FileRecord, Manifest, bundle_hash, decode
from smeaton.errors import BundleError, NotReady
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import safe_name
from smeaton.runtime.program import Program
from smeaton.task.task import Task

_MAX_MANIFEST = 64_000_000  # bytes: a larger bundle.json is no bundle.json
_REBUILD = "bring back the bundle as it was built, or build it again"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: its folder, what it states, and its hash (sha256 of `bundle.json`, hex)."""

    path: Path
    manifest: Manifest
    hash: str

    @property
    def task(self) -> Task:
        """The pinned task it solves."""
        return self.manifest.task

    @property
    def program(self) -> Program:
        """The program that ships; its files lie in `program_folder`."""
        return self.manifest.program

    @property
    def program_folder(self) -> Path:
        """Where the op files lie."""
        return self.path / PROGRAM_FOLDER

    @property
    def default_state(self) -> Path:
        """`NAME.state` beside `NAME.bundle`."""
        return self.path.with_name(f"{self.path.name.removesuffix('.bundle')}.state")

    def engine(
        self, state_dir: Path | None = None, allow_external: Collection[str] = (), trust: Collection[str] = ()
    ) -> Engine:
        """Load the program. `state_dir` is where a stateful program keeps what it learns (default `NAME.state`);
        hosts and code files are denied unless named.

        Raises:
            ProgramError: it does what was not allowed, or cannot run. DataError: the state cannot be used.
        """
        keeps_state = any(step.state is not None for step in self.program.steps)
        return Engine(
            self.program,
            self.program_folder,
            (state_dir or self.default_state) if keeps_state else None,
            types=self.task.input_types,
            allow_external=allow_external,
            trust=trust,
            binding=self.hash,
        )

    def require_ready(self, accept: str | None = None) -> None:
        """Let only a ready bundle pass, unless the caller states why another is accepted.

        Raises:
            NotReady: it is not ready; the message lists the reasons.
        """
        if self.manifest.outcome == "ready" or (accept and accept.strip()):
            return
        reasons = "; ".join(self.manifest.reasons) or "no reason was recorded"
        raise NotReady(
            f"this bundle is {self.manifest.outcome}: {reasons}",
            fix="build a better one, or accept it with --accept REASON",
            where=str(self.path),
        )


def open_bundle(path: Path) -> Bundle:
    """Open a bundle and verify it: format, every hash and size, no file that is not listed, no links.

    Bundles that are not ready open too; see `Bundle.require_ready`.

    Raises:
        BundleError: it is not a bundle, is damaged or altered, or of a future version; the message says which file.
    """
    try:
        folder = path.resolve(strict=True)
        content = _read_manifest(folder)
        manifest = decode(content, f"{path.name}/{MANIFEST_FILE}")
        _check_names(manifest, path)
        _check_tree(folder, manifest)
        for name, record in manifest.files.items():
            _check_file(folder / name, name, record)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise BundleError(f"it cannot be read: {error.strerror}", where=str(path), fix="check the path") from error
    return Bundle(path.absolute(), manifest, bundle_hash(content))


def _read_manifest(folder: Path) -> bytes:
    if not folder.is_dir():
        raise BundleError("it is not a folder", where=str(folder), fix="name the NAME.bundle folder of a build")
    path = folder / MANIFEST_FILE
    try:
        found = path.lstat()
    except FileNotFoundError as error:
        raise BundleError(
            f"there is no {MANIFEST_FILE} in it", where=str(folder), fix="name the NAME.bundle folder of a build"
        ) from error
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_MANIFEST:
        raise BundleError(f"its {MANIFEST_FILE} is not a plain file", where=str(folder), fix=_REBUILD)
    return path.read_bytes()


def _check_names(manifest: Manifest, path: Path) -> None:
    for name in (*manifest.files, *manifest.program.files()):
        if not safe_name(name):
            raise BundleError(f"the file name {name!r} leaves the bundle", where=str(path), fix=_REBUILD)
    if MANIFEST_FILE in manifest.files:
        raise BundleError(f"{MANIFEST_FILE} cannot list itself", where=str(path), fix=_REBUILD)
    for name in manifest.program.files():
        if f"{PROGRAM_FOLDER}/{name}" not in manifest.files:
            raise BundleError(f"the program needs {name!r}, which is not listed", where=str(path), fix=_REBUILD)


def _check_tree(folder: Path, manifest: Manifest) -> None:
    listed = {MANIFEST_FILE, *manifest.files}
    folders = {str(parent) for name in listed for parent in PurePosixPath(name).parents}
    seen = set()
    todo = [""]
    while todo:
        inside = todo.pop()
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                name = f"{inside}/{entry.name}" if inside else entry.name
                seen.add(name)
                if entry.is_symlink():
                    raise BundleError(f"{name!r} is a link", where=str(folder), fix="bundles hold plain files only")
                if entry.is_dir(follow_symlinks=False) and name in folders:
                    todo.append(name)
                elif name not in listed:
                    raise BundleError(f"{name!r} is not listed", where=str(folder), fix="remove it, or build it again")
                elif not entry.is_file(follow_symlinks=False):
                    raise BundleError(f"{name!r} is not a plain file", where=str(folder), fix=_REBUILD)
    for name in sorted(listed - seen):
        raise BundleError(f"{name!r} is missing", where=str(folder), fix=_REBUILD)


def _check_file(path: Path, name: str, record: FileRecord) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        size = os.fstat(handle).st_size
        if size != record.size:
            raise BundleError(f"{name!r} has {size} bytes, not {record.size}", where=str(path.parent), fix=_REBUILD)
        if hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
            raise BundleError(f"{name!r} was changed: its hash differs", where=str(path.parent), fix=_REBUILD)


def _missing(path: Path) -> BundleError:
    kept = sorted(path.parent.glob(f".{path.name}.old-*"))
    if kept and not path.exists():
        return BundleError(
            "it was being replaced when the machine stopped; the older one is kept",
            where=str(path),
            fix=f"run: mv '{kept[0]}' '{path}'",
        )
    return BundleError("there is no such bundle", where=str(path), fix="name the NAME.bundle folder of a build")
