"""Tensors of a safetensors file: eight bytes with the length of a JSON header, the header, the bytes of the tensors."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import InputError
from smeaton.task.table import Array

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1", "I8": "i1"}
_MOST_HEADER = 100_000_000


class Entry(msgspec.Struct, frozen=True):
    """One tensor: its element type, its shape, where its bytes begin and end behind the header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def header(path: Path) -> tuple[dict[str, Entry], int]:
    """The tensors of a file by name, and where their bytes begin.

    Raises:
        InputError: it is no safetensors file, or is cut off.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(size - 8, _MOST_HEADER):
                raise ValueError("its header is longer than the file")
            found = msgspec.json.decode(file.read(length), type=dict[str, Any])
        found.pop("__metadata__", None)
        entries = msgspec.convert(found, dict[str, Entry])
        for name, entry in entries.items():
            start, end = entry.data_offsets
            if not 0 <= start <= end <= size - 8 - length:
                raise ValueError(f"the tensor {name!r} lies outside the file")
            if min(entry.shape, default=0) < 0:
                raise ValueError(f"the tensor {name!r} has the shape {entry.shape}")
    except (ValueError, msgspec.MsgspecError) as error:
        raise InputError(
            f"{path.name} is no safetensors file: {error}", fix="fetch it again", where=str(path)
        ) from error
    return entries, 8 + length


def read(path: Path, name: str) -> Array:
    """A tensor, memory-mapped where its element type is one of numpy's; bfloat16 becomes float32.

    Raises:
        InputError: the file does not hold it, or its elements are of a type that is not read.
    """
    entries, base = header(path)
    entry = entries.get(name)
    if entry is None or entry.dtype not in _DTYPES:
        have = f"of type {entry.dtype}" if entry else f"not among {', '.join(sorted(entries)[:8])}"
        raise InputError(f"the tensor {name!r} is {have}", fix="give other weights", where=str(path))
    dtype = np.dtype(_DTYPES[entry.dtype])
    start, end = entry.data_offsets
    if int(np.prod(entry.shape, dtype=np.int64)) * dtype.itemsize != end - start:
        raise InputError(f"the tensor {name!r} has not the bytes of its shape", fix="fetch it again", where=str(path))
    if end == start:
        return np.zeros(entry.shape, dtype=np.float32 if entry.dtype == "BF16" else dtype)
    raw = np.memmap(path, dtype=dtype, mode="r", offset=base + start, shape=entry.shape)
    if entry.dtype != "BF16":
        return raw
    return (raw.astype(np.uint32) << 16).view(np.float32)
