"""The contract of pretrained weights: where they come from, one file in this folder for each kind of place.

A reference is `hub:org/name[@revision]`, `package:NAME` (an installed distribution), or the path of a local folder; any
of them may end in `#sha256=...`, the hash that `Weights.hash` must have. Nothing found here is ever run as code:
weights are ONNX, safetensors and JSON.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, Protocol

from smeaton import plugins
from smeaton.errors import InputError

Kind = Literal["onnx", "static", "torch"]
Pooling = Literal["mean", "cls"]

#: The kind of place of a reference without one in front.
FOLDER = "folder"
_PIN = "#sha256="


@dataclass(frozen=True)
class Weights:
    """One model as files. `kind` says how it runs, what needs no torch first: `onnx` (a graph), `static` (a table of
    token vectors), `torch` (a transformer's tensors and its config.json).

    `files` by role: `tokenizer`; `model` (onnx); `table` (static: safetensors), where the tensor `tensor` is the table;
    `tensors` and `config` (torch; also there beside an ONNX file, so that it can be trained on). `max_tokens` counts a
    text's tokens with the special ones. `licence` is what the files state, '' if nothing.
    """

    reference: str
    name: str
    kind: Kind
    files: Mapping[str, Path]
    dim: int
    max_tokens: int
    pooling: Pooling = "mean"
    normalise: bool = True
    prefix: str = ""
    tensor: str = ""
    licence: str = ""

    @cached_property
    def sha256(self) -> Mapping[str, str]:
        """The hash of every file, by role."""
        return {role: sha256(path) for role, path in self.files.items()}

    @property
    def hash(self) -> str:
        """One hash of all contents, by role."""
        lines = "".join(f"{role}={digest}\n" for role, digest in sorted(self.sha256.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())


class Place(Protocol):
    """Where weights come from."""

    def find(self, name: str, folder: Path, cache: Path, offline: bool) -> Weights:
        """The weights called `name`, fetched into `cache` where they are elsewhere. `folder` is the task's.

        Raises:
            InputError: there are none, or they cannot be read; the fix is one sentence.
        """
        ...

    def known(self) -> Sequence[str]:
        """References of what is there already, without a download."""
        ...


def is_reference(text: str, folder: Path) -> bool:
    """Whether a text names weights: a kind of place in front, or a folder that is there."""
    place, _, name = text.partition(":")
    if name and place in plugins.names("weights"):
        return True
    path = text.partition(_PIN)[0]
    return bool(path) and (Path(folder) / Path(path).expanduser()).is_dir()


def resolve(reference: str, folder: Path, cache: Path, *, offline: bool = False) -> Weights:
    """The weights a reference names. Rows never leave the machine for it; `offline` forbids downloads too.

    Raises:
        InputError: there are no such weights, they cannot be read, or they are not those of the pinned hash.
    """
    plain, _, pin = reference.partition(_PIN)
    place, _, name = plain.partition(":")
    if not name or place not in plugins.names("weights"):
        place, name = FOLDER, plain
    part: Place = plugins.load("weights", place)
    found = part.find(name, folder, cache, offline)
    if pin and pin != found.hash:
        raise InputError(
            f"the weights of {plain} have the hash {found.hash}, not {pin}",
            fix="take the files that were pinned, or correct the pin",
            where=reference,
        )
    return found


def discover() -> list[str]:
    """References of the weights that are here already: installed packages that are known and complete."""
    return [name for place in plugins.names("weights") for name in plugins.load("weights", place).known()]


def sha256(path: Path) -> str:
    """The hash of a file's bytes; read once in a process for as long as the file stays as it is."""
    found = path.stat()
    return _hashed(str(path), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def _hashed(path: str, changed: int, size: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
