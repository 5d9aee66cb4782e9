"""BentoML: `bentoml serve bentoml_app:Plain` and `bentoml_app:Batched`. One worker; metrics off.

The methods are coroutines: in its pool of threads the same model answered half as many requests.
"""

from typing import Any

import bentoml
from scoring import Row, load, reply

SETTINGS: dict[str, Any] = {
    "workers": 1,
    "traffic": {"timeout": 60, "max_concurrency": 1024},
    "metrics": {"enabled": False},
    "logging": {"access": {"enabled": False}},
}


@bentoml.service(**SETTINGS)
class Plain:
    """A request is scored when it comes."""

    def __init__(self) -> None:
        self.score = load()

    @bentoml.api
    async def predict(self, rows: list[Row]) -> list[dict[str, Any]]:
        """Answers of the rows."""
        return [reply(found) for found in self.score([row.model_dump() for row in rows])]


@bentoml.service(**SETTINGS)
class Batched:
    """The adaptive batching of BentoML: rows of several requests are scored together."""

    def __init__(self) -> None:
        self.score = load()

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=64, max_latency_ms=1000)
    async def predict(self, rows: list[Row]) -> list[dict[str, Any]]:
        """Answers of the rows."""
        return [reply(found) for found in self.score([row.model_dump() for row in rows])]
