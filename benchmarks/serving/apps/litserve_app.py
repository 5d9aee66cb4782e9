"""LitServe: `litserve_app.py PORT plain|batch`. One worker, one API server."""

import sys
from typing import Any

import litserve
from scoring import Row, load, reply


class Classifier(litserve.LitAPI):
    """One row a request; with batching the rows of several requests are scored together."""

    def setup(self, device: str) -> None:
        """Load the model."""
        self.score = load()

    def decode_request(self, request: dict[str, Any]) -> dict[str, Any]:
        """The row, checked."""
        return Row(**request["rows"][0]).model_dump()

    def predict(self, x: Any) -> Any:
        """Probabilities of the rows."""
        return self.score(x) if self.max_batch_size > 1 else self.score([x])[0]

    def encode_response(self, output: float) -> dict[str, Any]:
        """The answer."""
        return {"predictions": [reply(output)]}


class Batched(Classifier):
    """Rows stay a list: they are no arrays to stack."""

    def batch(self, inputs: list[Any]) -> list[Any]:
        """As they came."""
        return inputs

    def unbatch(self, output: list[float]) -> list[float]:
        """One each."""
        return output


if __name__ == "__main__":
    port, mode = sys.argv[1:]
    api = Classifier() if mode == "plain" else Batched(max_batch_size=64, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(port),
        num_api_servers=1,
        generate_client_file=False,
        access_log=False,
        log_level="warning",
    )
