"""A sentence encoder in torch: loaded without pickles or code from the weights, run on token ids, with small adapters.

Pooling and length one are those of the `embed` op, so that what is trained is what is served.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import InputError
from smeaton.task.table import Array

#: Padded tokens that go through at once without gradients.
BATCH_TOKENS = 4096

Ids = Sequence[Sequence[int]]


class Encoder:
    """Token ids to vectors (texts, dim) by a transformer `body`. `cls` takes the first token's state, not all tokens'
    mean."""

    def __init__(self, body: Any, cls: bool, normalise: bool) -> None:
        self.body, self.cls, self.normalise = body, cls, normalise

    @property
    def device(self) -> Any:
        """Where the weights lie."""
        return next(self.body.parameters()).device

    def __call__(self, batch: Ids) -> Any:
        """Vectors of a batch of token ids, float32 (texts, dim); a text without tokens is zeros."""
        import torch

        lengths = np.array([len(row) for row in batch])
        mask = np.arange(max(int(lengths.max()), 1)) < lengths[:, None]
        ids = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = np.fromiter((token for row in batch for token in row), dtype=np.int64)
        seen = mask.copy()
        seen[:, 0] = True  # attention over no token at all would not be a number
        given = {"input_ids": ids, "attention_mask": seen.astype(np.int64)}
        states = self.body(**{name: torch.from_numpy(value).to(self.device) for name, value in given.items()})[0]
        told = torch.from_numpy(mask).to(self.device).unsqueeze(-1).to(torch.float32)
        states = states.to(torch.float32) * told
        vectors = states[:, 0] if self.cls else states.sum(dim=1) / told.sum(dim=1).clamp(min=1.0)
        return torch.nn.functional.normalize(vectors, dim=1) if self.normalise else vectors

    def vectors(self, texts: Ids) -> Array:
        """The same without gradients and dropout for any number of texts, float32 (texts, dim); longest first."""
        import torch

        found: Array | None = None
        before = self.body.training
        self.body.eval()
        with torch.inference_mode():
            order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
            while order:
                size = max(1, BATCH_TOKENS // max(len(texts[order[0]]), 1))
                rows, order = order[:size], order[size:]
                some = self([texts[row] for row in rows]).cpu().numpy()
                found = np.zeros((len(texts), some.shape[1]), dtype=np.float32) if found is None else found
                found[rows] = some
        self.body.train(before)
        return np.zeros((0, 0), dtype=np.float32) if found is None else found


def load(folder: Path, cls: bool, normalise: bool) -> Encoder:
    """The encoder in a folder with `config.json` and safetensors. Its word vectors are frozen: rows of words that the
    training texts lack would stay behind the others, and they are half of a small model.

    Raises:
        InputError: transformers cannot read the folder.
    """
    import transformers

    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    try:
        body = transformers.AutoModel.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, trust_remote_code=False,
            attn_implementation="eager",
        )  # fmt: skip
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(
            f"transformers cannot read the weights: {str(error).splitlines()[0]}",
            fix="give a folder with config.json, model.safetensors and tokenizer.json of an encoder it knows",
            where=str(folder),
        ) from error
    body = body.float()
    body.get_input_embeddings().requires_grad_(False)
    return Encoder(body, cls, normalise)


@lru_cache(maxsize=1)
def adapter_class() -> Any:
    """The module that stands in for a linear layer: W x plus (alpha / rank) B A x, where only A and B are trained
    (Hu et al. 2021). Made here, as its base comes with torch."""
    import torch
    from torch import nn

    class Adapted(nn.Module):  # type: ignore[misc]
        def __init__(self, base: Any, rank: int, alpha: float) -> None:
            super().__init__()
            self.base = base.requires_grad_(False)
            self.down = nn.Parameter(torch.empty(rank, base.in_features, device=base.weight.device))
            self.up = nn.Parameter(torch.zeros(base.out_features, rank, device=base.weight.device))
            self.scale = alpha / rank
            nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

        @property
        def weight(self) -> Any:  # the untouched weights: some models look at their form
            return self.base.weight

        def forward(self, x: Any) -> Any:
            linear = nn.functional.linear
            return self.base(x) + self.scale * linear(linear(x, self.down), self.up)

        def merged(self) -> Any:
            """One linear layer that answers the same."""
            with torch.no_grad():
                self.base.weight += self.scale * (self.up @ self.down)
            return self.base.requires_grad_(True)

    return Adapted


def adapt(encoder: Encoder, rank: int) -> int:
    """Freeze the encoder and give each linear layer an adapter of that rank. Returns how many layers there are."""
    from torch import nn

    made = adapter_class()
    encoder.body.requires_grad_(False)
    layers = [(parent, name) for parent, name, child in _children(encoder.body) if isinstance(child, nn.Linear)]
    for parent, name in layers:
        setattr(parent, name, made(getattr(parent, name), rank, 2.0 * rank))
    return len(layers)


def merge(encoder: Encoder) -> None:
    """Fold every adapter into the layer it stands on."""
    made = adapter_class()
    for parent, name in [(parent, name) for parent, name, child in _children(encoder.body) if isinstance(child, made)]:
        setattr(parent, name, getattr(parent, name).merged())


def _children(module: Any) -> Iterator[tuple[Any, str, Any]]:
    """Every module with its parent and its name there; those within adapters are left out."""
    for parent in list(module.modules()):
        if not isinstance(parent, adapter_class()):
            for name, child in list(parent.named_children()):
                yield parent, name, child


@contextmanager
def repeatable(seed: int, threads: int) -> Iterator[None]:
    """Run a block with a seed, so many threads, and operators that give the same bits each time where there are any."""
    import torch

    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def place() -> str:
    """`cuda` where torch can use one, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
