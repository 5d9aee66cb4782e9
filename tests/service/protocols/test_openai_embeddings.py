"""Vectors of the encoder inside of a bundle, by the official client."""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import numpy as np
import openai
import pytest

from smeaton.compile.graph import Graph
from smeaton.compile.links import add_answers
from smeaton.runtime.call import Call
from smeaton.runtime.ops.embed import part as embed_op
from smeaton.runtime.program import Program, Step
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

sys.path.insert(0, str(Path(__file__).parents[2] / "weights"))
from tiny_weights import DIM, make_tokenizer

TEXTS = ["the train was late", "good"]
ENCODER = Step(
    op="embed",
    inputs=("text:note",),
    outputs=("vector:note",),
    args={"kind": "static"},
    files=("tokenizer.json", "table.npy"),
)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, write: Any) -> Path:
    """A number from the vector of a note."""
    folder = tmp_path_factory.mktemp("scored")
    home = folder / "program"
    home.mkdir()
    size = make_tokenizer(home / "tokenizer.json")
    np.save(home / "table.npy", np.random.default_rng(3).normal(size=(size, DIM)).astype(np.float32))
    graph = Graph()
    raw = graph.node("Cast", [graph.input("vector:note", "float", DIM)], to=11)
    output = add_answers(graph, graph.node("MatMul", [raw, graph.constant([[1.0]] * DIM)]), "identity", 1)
    graph.save(home / "model.onnx")
    inputs = {"note": Type(type="text"), "age": Type(type="number", optional=True)}
    columns = [{"name": name, "type": msgspec.to_builtins(kind)} for name, kind in inputs.items()]
    table = Step(op="table", inputs=tuple(inputs), outputs=("text:note",), args={"columns": columns, "texts": ["note"]})
    model = Step(op="onnx", inputs=("vector:note",), outputs=(output,), files=("model.onnx",))
    task = Task(name="scored", data=Data(), inputs=inputs, output={"total": Type(type="number")})
    return write(folder, task, Program(inputs=tuple(inputs), steps=(table, ENCODER, model), outputs=("prediction",)))


@pytest.fixture
def caller(client: Any, scored: Path) -> Any:
    return client(scored)


def expected(folder: Path) -> Any:
    runner = embed_op.load(ENCODER, folder / "program", None)
    return runner({"text:note": object_column(TEXTS)}, Call())["vector:note"]


@pytest.mark.parametrize("form", ["float", "base64", None])
def test_the_client_gets_the_vectors_of_the_step(caller: Any, scored: Path, form: str | None) -> None:
    async def go() -> Any:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(caller.app)) as http:
            api = openai.AsyncOpenAI(base_url="http://localhost/v1", api_key="none", http_client=http)
            more = {} if form is None else {"encoding_format": form}
            return await api.embeddings.create(model="scored", input=TEXTS, **more)  # type: ignore[call-overload]

    found = asyncio.run(go())
    assert [one.index for one in found.data] == [0, 1]
    assert found.usage.total_tokens == 0
    wanted = expected(scored)
    for one, vector in zip(found.data, wanted, strict=True):
        # The client reads base64 by itself where no form was asked for.
        values = one.embedding
        if form == "base64":
            values = np.frombuffer(base64.b64decode(values), "<f4")
        np.testing.assert_allclose(values, vector, atol=1e-6)


def test_one_text_and_the_right_number_of_dimensions(caller: Any) -> None:
    status, found = caller.post("/v1/embeddings", {"model": "scored", "input": "good", "dimensions": DIM})
    assert (status, len(found["data"]), len(found["data"][0]["embedding"])) == (200, 1, DIM)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"input": ["a", " "]}, "input[1]"),
        ({"input": ["a"] * 10_001}, "input"),
        ({"dimensions": 3}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"user": "me"}, "user"),
        ({"zebra": 1}, "zebra"),
    ],
)
def test_what_cannot_be_honoured_is_refused(caller: Any, change: Any, param: str) -> None:
    status, problem = caller.post("/v1/embeddings", {"model": "scored", "input": "good"} | change)
    assert (status in (400, 413), problem["error"]["param"]) == (True, param)


def test_a_model_without_an_encoder(client: Any, churn: Path) -> None:
    status, problem = client(churn).post("/v1/embeddings", {"model": "churn", "input": "good"})
    assert (status, problem["error"]["code"]) == (400, "no_encoder")


def test_many_ask_at_once_and_one_encoder_answers(caller: Any) -> None:
    body = json.dumps({"model": "scored", "input": TEXTS}).encode()

    async def go() -> list[tuple[int, bytes, dict[str, str]]]:
        return await asyncio.gather(*(caller.asend("POST", "/v1/embeddings", body) for _ in range(8)))

    found = asyncio.run(go())
    assert {status for status, _, _ in found} == {200}
    assert len({content for _, content, _ in found}) == 1
