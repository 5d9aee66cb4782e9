"""MLServer with ONNX Runtime: custom runtimes, loaded by `mlserver start FOLDER`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput, ResponseOutput


class Tensors(MLModel):
    """The very graph that Smeaton runs, on one tensor of numbers and one of categories: the fewest there can be."""

    async def load(self) -> bool:
        """Open the graph, one thread."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        return True

    def feed(self, payload: InferenceRequest) -> dict[str, Any]:
        """The inputs of the graph."""
        given = {tensor.name: tensor for tensor in payload.inputs}
        return {"numbers": _array(given["numbers"], np.float64), "categories": _array(given["categories"], object)}

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Probabilities of the rows."""
        (found,) = self.session.run(["probability"], self.feed(payload))
        data = found.ravel().tolist()
        output = ResponseOutput(name="probability", shape=list(found.shape), datatype="FP64", data=data)
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=[output])


class Columns(Tensors):
    """The same on one tensor a column, as the protocol has tables."""

    async def load(self) -> bool:
        """The names of the columns lie beside the bundle."""
        known = json.loads(Path(self.settings.parameters.uri).parents[2].joinpath("columns.json").read_text("utf-8"))
        self.numbers, self.categories = known["numbers"], list(known["categories"])
        return await super().load()

    def feed(self, payload: InferenceRequest) -> dict[str, Any]:
        """The inputs of the graph."""
        given = {tensor.name: tensor for tensor in payload.inputs}
        numbers = [_array(given[name], np.float64) for name in self.numbers]
        return {
            "numbers": np.concatenate(numbers, axis=1),
            "categories": np.concatenate([_array(given[name], object) for name in self.categories], axis=1),
        }


def _array(tensor: RequestInput, dtype: Any) -> Any:
    return np.array(tensor.data.root, dtype=dtype).reshape(tensor.shape)
