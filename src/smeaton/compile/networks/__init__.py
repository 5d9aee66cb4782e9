"""Networks in the files of Keras (`.keras`) and PyTorch (`.pt2`), into a graph in double.

Both formats hold a graph as JSON and weights as plain arrays. They are read as that: nothing of a file is run, nothing
is unpickled, and neither framework is needed. Layers and operators outside our lists are refused by name. The
frameworks compute in single precision; here the same is computed in double.
"""

from pathlib import Path

from smeaton.compile.networks.tape import Tape
from smeaton.errors import ProgramError

__all__ = ["Tape", "read_network"]


def read_network(path: Path) -> Tape:
    """The network of a file, by its ending.

    Raises:
        ProgramError: it cannot be read, or holds a layer or operator that is not read here.
        ExtraMissing: it is a `.keras` file, and h5py is not installed.
    """
    from smeaton.compile.networks.keras_file import read_keras
    from smeaton.compile.networks.torch_file import read_torch

    readers = {".keras": read_keras, ".pt2": read_torch}
    if path.suffix not in readers:
        raise ProgramError(f"{path.name} is no file of a network", fix=f"give one of: {', '.join(readers)}")
    return readers[path.suffix](path)
