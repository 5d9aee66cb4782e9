"""Ray Serve: `ray_app.py PORT plain|batch`. One replica on a local cluster of its own, without the dashboard."""

import sys
from typing import Any

import ray
from ray import serve
from scoring import Row, load, reply
from starlette.requests import Request


@serve.deployment(num_replicas=1, max_ongoing_requests=256)
class Plain:
    """A request is scored when it comes."""

    def __init__(self) -> None:
        self.score = load()

    async def __call__(self, request: Request) -> dict[str, Any]:
        """Answers of the rows."""
        rows = [Row(**row).model_dump() for row in (await request.json())["rows"]]
        return {"predictions": [reply(found) for found in self.score(rows)]}


@serve.deployment(num_replicas=1, max_ongoing_requests=256)
class Batched:
    """`serve.batch`: rows of several requests are scored together."""

    def __init__(self) -> None:
        self.score = load()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)
    async def scored(self, rows: list[dict[str, Any]]) -> list[float]:
        """Probabilities of the rows."""
        return self.score(rows)

    async def __call__(self, request: Request) -> dict[str, Any]:
        """The answer of one row."""
        row = Row(**(await request.json())["rows"][0])
        return {"predictions": [reply(await self.scored(row.model_dump()))]}


if __name__ == "__main__":
    port, mode = sys.argv[1:]
    ray.init(include_dashboard=False, num_cpus=2, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)}, logging_config={"enable_access_log": False})
    serve.run((Plain if mode == "plain" else Batched).bind(), route_prefix="/predict", blocking=True)
