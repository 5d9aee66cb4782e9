"""Seals: what a folder held when it was finished, so that damage is seen before anything of it is used.

A check sum (CRC-32) and the size of each file. It finds a disk's or a crash's damage at a gigabyte a second; it is no
defence against someone who wants to change a file, who could change its seal too.
"""

import zlib
from pathlib import Path

import msgspec

from smeaton.runtime.files import durable_write

SEAL_FILE = "seal.json"
_PIECE = 1 << 20


def seal(folder: Path) -> None:
    """Write `seal.json` over all files of a folder; folders below it with a seal of their own are left to that."""
    found = {name: _state(folder / name) for name in _names(folder)}
    durable_write(folder / SEAL_FILE, msgspec.json.encode(found))


def broken(folder: Path) -> str:
    """What of a folder is not as it was sealed, in words; '' if all is, or if it was never sealed."""
    path = folder / SEAL_FILE
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, tuple[int, int]])
    except FileNotFoundError:
        return ""
    except (OSError, msgspec.DecodeError):
        return f"{SEAL_FILE} cannot be read"
    for name, state in known.items():
        try:
            if _state(folder / name) != state:
                return f"{name} has changed"
        except FileNotFoundError:
            return f"{name} is missing"
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}"
    return ""


def _names(folder: Path) -> list[str]:
    found: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if not (path / SEAL_FILE).exists():
                found.extend(f"{path.name}/{name}" for name in _names(path))
        elif path.name != SEAL_FILE:
            found.append(path.name)
    return found


def _state(path: Path) -> tuple[int, int]:
    """Size and check sum."""
    size = digest = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest = zlib.crc32(piece, digest)
            size += len(piece)
    return size, digest
