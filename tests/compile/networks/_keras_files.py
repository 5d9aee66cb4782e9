"""`.keras` files as Keras 3 writes them, made without it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def layer(kind: str, name: str, inputs: list[Any] | None = None, module: str = "keras.layers", **config: Any) -> Any:
    """A layer of a configuration; `inputs` are the places that go into its only call."""
    nodes = [] if inputs is None else [{"args": [inputs[0] if len(inputs) == 1 else inputs], "kwargs": {}}]
    config = {"name": name, "dtype": "float32", **config}
    named = {"module": module, "class_name": kind, "config": config, "registered_name": None}
    return {**named, "name": name, "inbound_nodes": nodes}


def entry(name: str, width: int) -> Any:
    """An input layer."""
    return layer("InputLayer", name, batch_shape=[None, width])


def tensor(name: str, node: int = 0) -> Any:
    """What a layer gives, as an argument."""
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, node, 0]}}


def sequential(*layers: Any) -> Any:
    return {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}, "registered_name": None}


def functional(layers: list[Any], inputs: list[str], outputs: list[str]) -> Any:
    config = {
        "name": "m",
        "layers": layers,
        "input_layers": [[name, 0, 0] for name in inputs],
        "output_layers": [[name, 0, 0] for name in outputs],
    }
    found = {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}
    return {**found, "registered_name": "Functional"}


def save(path: Path, document: Any, weights: dict[str, list[Any]]) -> Path:
    """Write a file; `weights` are the variables of the layers by their groups."""
    h5py = pytest.importorskip("h5py")
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for group, variables in weights.items():
            for place, value in enumerate(variables):
                file[f"layers/{group}/vars/{place}"] = np.asarray(value, dtype=np.float32)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(document))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", held.getvalue())
    return path
