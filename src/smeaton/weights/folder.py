"""Weights in a local folder, laid out as sentence-transformers, model2vec or transformers write it."""

from collections.abc import Sequence
from pathlib import Path

from smeaton.errors import InputError
from smeaton.weights import Weights
from smeaton.weights._layout import read_folder


class LocalFolder:
    """A folder of the user."""

    def find(self, name: str, folder: Path, cache: Path, offline: bool) -> Weights:
        """The weights in a folder, whose path starts at the task's folder.

        Raises:
            InputError: there is no such folder, or no model in it.
        """
        path = Path(folder) / Path(name).expanduser()
        if not path.is_dir():
            raise InputError(
                f"there is no folder {path} with weights",
                fix="give a folder, hub:org/name or package:NAME",
                where=name,
            )
        return read_folder(path.resolve(), name)

    def known(self) -> Sequence[str]:
        """None: a folder is named by the task."""
        return ()


part = LocalFolder()
