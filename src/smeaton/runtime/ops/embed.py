"""A text column to vectors of a pretrained model: `vector:<name>`, float32 (n, dim). Null and empty texts are zeros.

Arguments: `kind` "onnx" (files: tokenizer, model) or "static" (files: tokenizer, table of token vectors as .npy, and
optionally weights of tokens as .npy); `max_tokens` of one window; `windows` of one text at most (spread over the text
where it is longer, pooled by their mean); `pooling` "mean" or "cls"; `normalise` to length 1; `prefix` put before every
text; `alone`: every text goes through the model by itself. A dynamically quantised model must be asked alone, for it
scales its inputs by the whole batch; then a row's vector is the same bits whatever its neighbours.
"""

import hashlib
from pathlib import Path
from typing import Any, Literal
from weakref import WeakValueDictionary

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._embed import OnnxEncoder, Settings, Tokens, average_texts, encode_texts, is_dynamic
from smeaton.runtime.ops._embed_memory import Compute, memory
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table

#: How far answers may be apart: float32 sums in another order; on another processor, integers rounded otherwise.
FLOAT, INTEGER_ELSEWHERE, EXACT = 1e-4, 0.1, 1e-9


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["onnx", "static"]
    max_tokens: int = 256
    windows: int = 1
    pooling: Literal["mean", "cls"] = "mean"
    normalise: bool = True
    prefix: str = ""
    alone: bool = False


class EmbedRunner:
    """A loaded `embed` step."""

    def __init__(self, step: Step, args: _Args, files: Path, model: Any) -> None:
        self._input, self._output = step.inputs[0], step.outputs[0]
        self._step, self._args, self._files = step, args, files
        self._model = model
        self.dim = model.dim
        self._named = ""

    @property
    def key(self) -> str:
        """What decides a vector but the text: a hash of the files and the arguments."""
        if not self._named:
            digest = hashlib.sha256(msgspec.json.encode(self._args, order="deterministic"))
            for name in self._step.files:
                with (self._files / name).open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
            self._named = digest.hexdigest()
        return self._named

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Vectors of a text column. Equal texts are embedded once; the deadline is looked at between batches."""
        values = columns[self._input].tolist()
        places: dict[str, int] = {}
        rows = np.array([places.setdefault(text, len(places)) if text and text.strip() else -1 for text in values])
        found = np.zeros((len(values), self.dim), dtype=np.float32)
        if places:
            known = rows >= 0
            found[known] = self.vectors(list(places), call)[rows[known]]
        return {self._output: found}

    def vectors(self, texts: list[str], call: Call) -> Array:
        """Vectors of different texts that are not empty, float32 (texts, dim)."""
        prefix, model = self._args.prefix, self._model

        def compute(some: Any) -> Array:
            asked = [prefix + text for text in some] if prefix else some
            vectors: Array = model(asked, call.check)
            return vectors if vectors.shape[1] else np.zeros((len(asked), self.dim), dtype=np.float32)

        asked: Compute = compute
        store = memory()
        return compute(texts) if store is None else store.vectors(self.key, texts, asked)


class _Onnx:
    def __init__(self, args: _Args, tokens: Tokens, encoder: OnnxEncoder) -> None:
        self._tokens, self._encoder = tokens, encoder
        self._settings = Settings(args.max_tokens, args.windows, args.pooling == "cls", args.normalise, args.alone)
        around = [*tokens.before, *tokens.after]
        if args.max_tokens <= len(around):
            raise ProgramError(f"max_tokens must be more than the {len(around)} tokens around every text")
        self.dim = int(encoder.pool([around or [0]], False).shape[1])

    def __call__(self, texts: list[str], check: Any) -> Array:
        return encode_texts(self._tokens, self._encoder, self._settings, texts, check)


class _Static:
    def __init__(self, args: _Args, tokens: Tokens, table: Array, weights: Array | None) -> None:
        if table.ndim != 2 or table.dtype.kind != "f" or len(table) < tokens.size:
            raise ProgramError(f"the table is {table.dtype} {table.shape}; the tokenizer has {tokens.size} tokens")
        if weights is not None and weights.shape != table.shape[:1]:
            raise ProgramError(f"there are {weights.shape} weights for {len(table)} tokens")
        self._tokens, self._table, self._weights = tokens, table, weights
        self._normalise = args.normalise
        self.dim = int(table.shape[1])

    def __call__(self, texts: list[str], check: Any) -> Array:
        return average_texts(self._tokens, self._table, self._weights, self._normalise, texts, check)


class EmbedOp:
    """Vectors of a pretrained model. Pure."""

    effect: Effect = "pure"

    def tolerance(self, step: Step, elsewhere: bool) -> float:
        """How far the answers of a program with this step may be from those expected; `elsewhere`: made on another
        machine. Float sums depend on the batch; quantised models round what they sum."""
        if step.args.get("kind") == "static":
            return EXACT
        if step.args.get("alone"):
            return INTEGER_ELSEWHERE if elsewhere else EXACT
        return FLOAT

    def load(self, step: Step, files: Path, state: State | None) -> EmbedRunner:
        """Load tokenizer and model. Steps with the same files in one process share them.

        Raises:
            ProgramError: wrong arguments or files; a dynamically quantised model that is not asked alone.
            ExtraMissing: the package `tokenizers` is not installed.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of an embed step are wrong: {error}") from error
        if len(step.inputs) != 1 or len(step.outputs) != 1:
            raise ProgramError("an embed step has one input and one output")
        most = 2 if args.kind == "onnx" else 3
        if not 2 <= len(step.files) <= most or args.max_tokens < 1 or args.windows < 1:
            raise ProgramError("an embed step has a tokenizer, a model, and sizes of 1 or more")
        paths = [files / name for name in step.files]
        for path in paths:
            if not path.is_file():
                raise ProgramError(f"there is no file {path.name}", fix="export the program again")
        tokens: Tokens = _shared(Tokens, paths[0])
        if args.kind == "static":
            arrays = [_array(path) for path in paths[1:]]
            return EmbedRunner(step, args, files, _Static(args, tokens, arrays[0], arrays[1] if arrays[1:] else None))
        if not args.alone and is_dynamic(paths[1]):
            raise ProgramError(
                f"{paths[1].name} is dynamically quantised: a text's vector would depend on its neighbours",
                fix="set args.alone to true",
            )
        return EmbedRunner(step, args, files, _Onnx(args, tokens, _shared(OnnxEncoder, paths[1])))


_LOADED: "WeakValueDictionary[tuple[str, str, int, int], Any]" = WeakValueDictionary()


def _shared(make: Any, path: Path) -> Any:
    """What `make` makes of a file, once for as long as somebody holds it and the file stays as it is."""
    found = path.resolve().stat()
    key = (make.__name__, str(path.resolve()), found.st_mtime_ns, found.st_size)
    made = _LOADED.get(key)
    if made is None:
        made = _LOADED[key] = make(path)
    return made


def _array(path: Path) -> Array:
    try:
        found: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ProgramError(f"{path.name} is no array: {error}", fix="export the program again") from error
    return found


part = EmbedOp()
