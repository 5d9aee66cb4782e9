"""`Held`: a bundle that goes with the object that was fitted: in memory, over a pickle, to another machine.

What travels are the bundle's files as bytes. They are unpacked into a folder of their own and verified like any bundle
before they answer: nothing of them is ever unpickled.
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smeaton.runtime.files import safe_name

if TYPE_CHECKING:
    from smeaton.flow.model import Model


class Held:
    """A bundle at a path; with `own`, that folder goes when this object does."""

    def __init__(self, path: Path, own: Path | None = None) -> None:
        self._path: Path | None = path
        self._files: Mapping[str, bytes] = {}
        self._name = path.name
        self._model: Model | None = None
        if own is not None:
            self._owns(own)

    @property
    def path(self) -> Path:
        """Where the bundle stands; what came over a pickle is unpacked when it is first asked for."""
        if self._path is None:
            folder = temporary_folder()
            self._owns(folder)
            for name, content in self._files.items():
                if not safe_name(name):
                    raise ValueError(f"the file name {name!r} leaves the bundle")
                file = folder / self._name / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            self._path, self._files = folder / self._name, {}
        return self._path

    def model(self) -> "Model":
        """The bundle, verified and loaded; once.

        Raises:
            BundleError: it is damaged, altered, or gone.
        """
        if self._model is None:
            from smeaton.flow.model import load

            self._model = load(self.path)
        return self._model

    def save(self, path: Path) -> Path:
        """Copy the bundle to `path`, replacing an older bundle there in one step.

        Raises:
            BundleError: something that is no bundle is there, or it cannot be written.
        """
        from smeaton.bundle.copy import copy_bundle

        return copy_bundle(self.path, path)

    def _owns(self, folder: Path) -> None:
        weakref.finalize(self, _remove, folder, os.getpid())

    def __getstate__(self) -> dict[str, Any]:
        if self._path is None:
            return {"name": self._name, "files": dict(self._files)}
        files = (file for file in sorted(self._path.rglob("*")) if file.is_file())
        return {
            "name": self._name,
            "files": {file.relative_to(self._path).as_posix(): file.read_bytes() for file in files},
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        name = str(state["name"])
        if not safe_name(name) or "/" in name:
            raise ValueError(f"{name!r} is no name of a bundle")
        self._path, self._name, self._files, self._model = None, name, dict(state["files"]), None


def temporary_folder() -> Path:
    """A new folder of ours among the system's temporary ones."""
    return Path(tempfile.mkdtemp(prefix="smeaton-"))


def _remove(folder: Path, process: int) -> None:
    """Remove a folder, unless this is a fork of the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
