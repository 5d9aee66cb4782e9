"""Weights from the Hugging Face hub: fetched once into the cache, at a commit that is written down beside them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smeaton.errors import InputError
from smeaton.extras import needs
from smeaton.weights import Weights
from smeaton.weights._layout import read_folder

#: What is fetched: never code, never pickles.
PATTERNS = (
    "*.json", "*/config.json", "README.md", "LICENSE*", "model.safetensors", "model.onnx", "onnx/model.onnx",
    "onnx/model_quantized.onnx",
)  # fmt: skip
_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def download(name: str, revision: str | None, cache: Path, offline: bool) -> Path:
    """The folder of a model at a revision, in the cache; nothing is fetched that is there."""
    with needs("text"):
        from huggingface_hub import snapshot_download
    given: dict[str, Any] = {"repo_id": name, "revision": revision, "cache_dir": cache / "hub"}
    return Path(snapshot_download(**given, allow_patterns=list(PATTERNS), local_files_only=offline))


class Hub:
    """The Hugging Face hub."""

    def find(self, name: str, folder: Path, cache: Path, offline: bool) -> Weights:
        """The weights of `org/name[@revision]`, from the cache or the hub.

        Raises:
            InputError: a wrong name; the hub has no such model, or cannot be reached; or no model is in it.
        """
        model, _, revision = name.partition("@")
        reference = f"hub:{name}"
        if not _NAME.fullmatch(model):
            raise InputError(f"{model!r} is no name of a model", fix="write it like hub:org/name", where=reference)
        try:
            path = download(model, revision or None, cache, offline)
        except InputError:
            raise
        except Exception as error:  # the client raises many kinds, of several packages
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            fix = "fetch it where there is a network, then name its folder in solutions.add"
            if offline:
                fix = "it is not in the cache, and limits.offline forbids a download: name a folder in solutions.add"
            raise InputError(f"{model} could not be fetched: {first}", fix=fix, where=reference) from error
        # The commit is the folder's name: what was fetched stays the same model whatever happens at the hub.
        return read_folder(path, f"hub:{model}@{path.name}", model)

    def known(self) -> Sequence[str]:
        """None: what a hub offers is named by the task."""
        return ()


part = Hub()
