"""A trained encoder as an ONNX file that `embed` reads, checked against torch, and its copy in 8-bit integers."""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import SmeatonError
from smeaton.extras import needs
from smeaton.families._torch_encoder import Encoder, Ids
from smeaton.runtime.ops._embed import OnnxEncoder, unit

_OPSET = 17
_FAR = 1e-4  # vectors of torch and ONNX Runtime may be so far apart
_CHECKED = 16  # texts that are compared
_INPUTS, _OUTPUT = ("input_ids", "attention_mask"), "last_hidden_state"


def _states(body: Any) -> Any:
    """The transformer alone, as a module whose inputs are the file's: pooling is the op's."""
    from torch import nn

    class States(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(self, ids: Any, mask: Any) -> Any:
            return self.body(input_ids=ids, attention_mask=mask)[0]

    return States().eval()


def write_onnx(encoder: Encoder, path: Path, texts: Ids) -> float:
    """Write the encoder with batch and length left open; returns how far its vectors of some of `texts` (token ids, not
    all empty) are from those of torch.

    Raises:
        SmeatonError: they are further apart than float32 explains.
    """
    import torch

    body = encoder.body.cpu().eval()
    ids = torch.tensor([[1, 2, 3, 4], [1, 2, 3, 4]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    axes = {name: {0: "batch", 1: "length"} for name in (*_INPUTS, _OUTPUT)}
    with warnings.catch_warnings():
        # The tracing exporter needs no further package; what it warns of (values that might be frozen into the
        # graph) is what the comparison below finds.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _states(body), (ids, mask), str(path), input_names=list(_INPUTS), output_names=[_OUTPUT],
            dynamic_axes=axes, opset_version=_OPSET, dynamo=False,
        )  # fmt: skip
    off = _apart(encoder, OnnxEncoder(path), _various(texts))
    if not off <= _FAR:
        raise SmeatonError(
            f"the exported encoder's vectors differ from the trained one's by {off:.2g}",
            fix="use weights of another architecture: this one cannot be exported by tracing",
        )
    return off


def _various(texts: Ids) -> list[Sequence[int]]:
    """A few texts from the shortest to the longest."""
    order = sorted((text for text in texts if text), key=len)
    spots = np.unique(np.linspace(0, len(order) - 1, _CHECKED).astype(int))
    return [order[spot] for spot in spots]


def _apart(encoder: Encoder, exported: OnnxEncoder, texts: Ids) -> float:
    """The largest difference, relative to the vectors' length; all texts in one batch, and the first alone."""
    worst = 0.0
    for some in (texts, texts[:1]):
        found, wanted = exported.pool(some, encoder.cls), encoder.vectors(some)
        if encoder.normalise:
            found = unit(found.astype(np.float64))
        length = float(np.sqrt(np.square(wanted).sum(axis=1)).max())
        worst = max(worst, float(np.abs(found - wanted).max()) / max(length, 1e-9))
    return worst


def write_int8(path: Path, out: Path) -> None:
    """A copy whose matrices are 8-bit integers, scaled by channel; activations are quantised as they come. Seven bits
    of the eight are used: with all, processors without the newer instructions would overflow."""
    with needs("build"):
        import onnx  # noqa: F401  (onnxruntime's quantiser needs it)
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(path), str(ready), skip_optimization=True, skip_symbolic_shape=True)
        quantize_dynamic(str(ready), str(out), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
