"""The yardstick: one ASGI function around ONNX Runtime on uvicorn, httptools and uvloop, nothing else on.

One row a request, in the body and reply of Smeaton's /predict; no checks, no ids, no limits.

    bare.py GRAPH COLUMNS PORT
"""

import json
import sys
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime
import uvicorn

graph, columns, port = sys.argv[1:]
known = json.loads(Path(columns).read_text(encoding="utf-8"))
numbers, categories = attrgetter(*known["numbers"]), attrgetter(*known["categories"])

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
run = session._sess.run  # without the Python method around it, which checks the feed at each call

fields = [(name, float) for name in known["numbers"]] + [(name, str) for name in known["categories"]]
Row = msgspec.defstruct("Row", fields, gc=False)
decode = msgspec.json.Decoder(msgspec.defstruct("Body", [("rows", list[Row])], gc=False)).decode


class Probability(msgspec.Struct, gc=False):
    """By label."""

    false: float
    true: float


class Prediction(msgspec.Struct, gc=False):
    """The answer of one row."""

    prediction: bool
    probability: Probability


class Reply(msgspec.Struct, gc=False):
    """The whole answer."""

    predictions: list[Prediction]


encode = msgspec.json.Encoder().encode
names = ["probability"]


def answer(body: bytes) -> bytes:
    """One row in, one row out."""
    row = decode(body).rows[0]
    feed = {"numbers": np.array((numbers(row),)), "categories": np.array((categories(row),), dtype=object)}
    no, yes = run(names, feed, None)[0][0].tolist()
    return encode(Reply([Prediction(yes > no, Probability(no, yes))]))


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Any path, any method."""
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    reply = answer(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(reply))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": reply})


uvicorn.run(
    app,
    port=int(port),
    http="httptools",
    loop="uvloop",
    ws="none",
    lifespan="off",
    interface="asgi3",
    access_log=False,
    proxy_headers=False,
    server_header=False,
    date_header=False,
    log_level="warning",
)
