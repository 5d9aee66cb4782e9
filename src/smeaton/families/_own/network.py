"""Exports of Keras (`.keras`) and PyTorch (`.pt2`): refused with the way that works, which is ONNX.

Their own formats are read by their own frameworks, and hold layers and operators that only these can run; both write
ONNX, which is read without them.
"""

from pathlib import Path
from typing import NoReturn

from smeaton.errors import ProgramError
from smeaton.families import Family
from smeaton.families._own.elsewhere import FileFamily
from smeaton.task.task import Own, Task

_WAYS = {
    ".keras": ("Keras", 'keras.saving.load_model(PATH).export("model.onnx", format="onnx")'),
    ".pt2": (
        "PyTorch",
        'torch.onnx.export(torch.export.load(PATH), f="model.onnx", dynamo=True, external_data=False)',
    ),
}


class NetworkFile(FileFamily):
    """A network in its framework's own format."""

    def read(self, task: Task, own: Own) -> NoReturn:
        """Refuse it.

        Raises:
            ProgramError: always; says how to export it.
        """
        framework, way = _WAYS[self.path.suffix]
        raise ProgramError(
            f"{framework}'s own format is not read here", fix=f"export it once, and add the ONNX file: {way}"
        )


def family(name: str, path: Path) -> Family:
    """The family of a file."""
    return NetworkFile(name, path)
