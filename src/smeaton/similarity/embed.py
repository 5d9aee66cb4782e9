"""An embedder from pretrained weights, run by the op `embed`: the vectors are those that a bundle would compute."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from smeaton.errors import InputError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.embed import EmbedRunner
from smeaton.runtime.ops.embed import part as embed
from smeaton.runtime.program import Step
from smeaton.similarity.vectors import Embedder
from smeaton.task.table import Array, object_column
from smeaton.weights import Weights, discover, resolve

_MAX_TOKENS, _WINDOWS = 512, 4
#: Models trained on questions and passages told apart by these words want both.
_QUERY, _PASSAGE = "query: ", "passage: "


class WeightsEmbedder:
    """Pretrained weights as an `Embedder`. `name` is their reference with the hash of their content."""

    def __init__(self, weights: Weights) -> None:
        self.name = f"{weights.reference.partition('#')[0]}#sha256={weights.hash}"
        prefixes = {True: weights.prefix, False: weights.prefix}
        if weights.prefix == _QUERY:
            prefixes[False] = _PASSAGE
        with TemporaryDirectory(prefix="smeaton-embed-") as folder:
            self._runners = {query: _runner(weights, prefix, Path(folder)) for query, prefix in prefixes.items()}

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> Array:
        """(texts, dimensions) float32."""
        answer = self._runners[query]({"text": object_column(list(texts))}, Call())
        return answer["vector"]


def embedder(reference: str | None = None, folder: Path | None = None, cache: Path | None = None) -> Embedder:
    """The embedder of some weights; None takes the first that are installed. Only a `hub:` reference is fetched.

    Raises:
        InputError: there are no such weights, none are installed, or they need to be trained first.
        ExtraMissing: the package `tokenizers` is not installed.
    """
    folder = folder or Path(".")
    if reference is None:
        known = discover()
        if not known:
            raise InputError(
                "search by meaning needs pretrained weights, and none are installed",
                fix="install some (pip install --no-deps wordllama), or name some by --model (a folder, package:NAME "
                "or hub:org/name), or search by words",
            )
        reference = known[0]
    return WeightsEmbedder(resolve(reference, folder, cache or folder / ".smeaton" / "weights"))


def _runner(weights: Weights, prefix: str, folder: Path) -> EmbedRunner:
    if weights.kind == "torch":
        raise InputError(
            f"the weights {weights.reference} have no ONNX graph to run", fix="export them to ONNX, or name others"
        )
    args = {
        "kind": weights.kind,
        "max_tokens": min(weights.max_tokens, _MAX_TOKENS),
        "windows": _WINDOWS,
        "pooling": weights.pooling,
        "normalise": weights.normalise,
        "prefix": prefix,
    }
    if weights.kind == "static":
        from smeaton.weights._safetensors import read

        path = folder / "table.npy"
        if not path.exists():
            np.save(path, read(weights.files["table"], weights.tensor), allow_pickle=False)
    else:
        from smeaton.runtime.ops._embed import is_dynamic

        path = weights.files["model"]
        args["alone"] = is_dynamic(path)
    files = (str(weights.files["tokenizer"].resolve()), str(path.resolve()))
    step = Step(op="embed", inputs=("text",), outputs=("vector",), args=args, files=files)
    return embed.load(step, folder, None)
