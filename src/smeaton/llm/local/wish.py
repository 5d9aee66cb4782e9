"""`wanted`: the GGUF file a server shall be started for."""

import os
from pathlib import Path

from smeaton.errors import InputError
from smeaton.llm import config
from smeaton.llm.endpoint import LOCAL
from smeaton.llm.local.server import GGUF

_MAGIC = b"GGUF"


def wanted() -> Path | None:
    """The file that `SMEATON_GGUF` names, else `gguf` of `[providers.local]` in the operator's configuration (relative
    to it); None if neither is set.

    Raises:
        InputError: the configuration cannot be read, or the file is not there, or is no GGUF file.
    """
    named = os.environ.get(GGUF)
    if named:
        return checked(Path(named), GGUF)
    stated = config.config().providers.get(LOCAL)
    path = config.path()
    if path is None or stated is None or not stated.gguf:
        return None
    return checked(path.parent / stated.gguf, str(path))


def checked(path: Path, where: str) -> Path:
    """The path of a GGUF file, absolute.

    Raises:
        InputError: there is no such file, or it is of another kind.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", fix="name a GGUF file", where=where) from error
    if magic != _MAGIC:
        raise InputError(f"{path} is not a GGUF file", fix="name a model in the GGUF format", where=where)
    return path.resolve()
