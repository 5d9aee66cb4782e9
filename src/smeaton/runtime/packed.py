"""Graph files packed with gzip. Trees are long lists of small and of repeated numbers: packed they take a third to a
half of the room, and reading them takes some hundredths of a second longer, once."""

import gzip
import zlib
from pathlib import Path

import msgspec

from smeaton.errors import ProgramError
from smeaton.runtime.program import Program, Step

SUFFIX = ".gz"
#: No graph is larger: protobuf holds no more. What unpacks to more was not packed here.
MOST_BYTES = 2_000_000_000
_LEVEL = 4  # more takes twice as long for one hundredth
_LEAST_BYTES = 32_768  # below it nothing is won that anyone would notice
_MOST_SHARE = 0.8  # of the plain size that a packed file may have; weights in few bits do not shrink


def pack(program: Program, folder: Path) -> Program:
    """Pack the graphs of the program's `onnx` steps where that makes them clearly smaller. Changes the files in
    `folder` and returns the program that names them; the caller saves it. Equal files give equal bytes."""
    shared = {name for step in program.steps if step.op != "onnx" for name in step.files}
    names = {name: _packed(name, folder) for step in program.steps if step.op == "onnx" for name in step.files}

    def renamed(step: Step) -> Step:
        return step if step.op != "onnx" else msgspec.structs.replace(step, files=tuple(names[n] for n in step.files))

    packed = msgspec.structs.replace(program, steps=tuple(renamed(step) for step in program.steps))
    for name, found in names.items():
        if found != name and name not in shared:
            (folder / name).unlink()
    return packed


def _packed(name: str, folder: Path) -> str:
    """Write the packed file beside and return its name, or the name itself where that is not worth it."""
    plain = folder / name
    if name.endswith(SUFFIX) or plain.stat().st_size < _LEAST_BYTES:
        return name
    data = plain.read_bytes()
    small = gzip.compress(data, _LEVEL, mtime=0)
    if len(small) > _MOST_SHARE * len(data):
        return name
    (folder / f"{name}{SUFFIX}").write_bytes(small)
    return f"{name}{SUFFIX}"


def read_packed(path: Path) -> bytes:
    """The bytes of a file, unpacked if its name says that it is packed.

    Raises:
        ProgramError: it is damaged, or unpacks to more than a graph can be.
        OSError: it cannot be read.
    """
    if path.suffix != SUFFIX:
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            data = file.read(MOST_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ProgramError(
            f"the packed file is damaged: {error}", fix="take the bundle from where it was built", where=str(path)
        ) from error
    if len(data) > MOST_BYTES:
        raise ProgramError(
            f"the packed file holds more than {MOST_BYTES:,} bytes, no graph does",
            fix="do not use this file",
            where=str(path),
        )
    return data
