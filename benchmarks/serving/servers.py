"""The servers: how each is started, and how it is asked."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.model import COLUMNS, Model
from benchmarks.serving.wires import WIRES, Wire

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Place:
    """Where one process runs: the model, an empty folder of its own, a free port and another one, the environments."""

    model: Model
    folder: Path
    port: int
    other_port: int
    peers: Path

    def program(self, peer: str, name: str) -> str:
        """A program of a peer's environment."""
        return str(self.peers / peer / "bin" / name)


Command = Callable[[Place], list[str]]


@dataclass(frozen=True)
class Server:
    """One server with its settings. `peer` is its environment, '' for those that run in this one."""

    name: str
    peer: str
    command: Command
    wire_name: str = "rows"
    path: str = "/predict"
    env: tuple[tuple[str, str], ...] = ()

    @property
    def wire(self) -> Wire:
        """How it is asked."""
        return WIRES[self.wire_name]

    def environment(self, place: Place) -> dict[str, str]:
        """Environment variables of its process."""
        own = {"SERVING_MODEL": str(place.model.folder), "PYTHONPATH": str(APPS), "PYTHONDONTWRITEBYTECODE": "1"}
        if not self.peer:
            return dict(os.environ) | dict(self.env)
        path = f"{place.peers / self.peer / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return dict(os.environ) | own | {"PATH": path, "OMP_NUM_THREADS": "1"} | dict(self.env)


def _script(peer: str, name: str, *more: str) -> Command:
    return lambda place: [place.program(peer, "python"), str(APPS / name), str(place.port), *more]


def _bento(service: str) -> Command:
    def command(place: Place) -> list[str]:
        bento = [place.program("bentoml", "bentoml"), "serve", f"bentoml_app:{service}"]
        return [*bento, "--host", "127.0.0.1", "--port", str(place.port), "--working-dir", str(APPS)]

    return command


def _mlserver(runtime: str, workers: int = 0) -> Command:
    """Without its pool of processes (`parallel_workers` 0, a documented setting) unless `workers` says otherwise."""

    def command(place: Place) -> list[str]:
        settings = {
            "host": "127.0.0.1",
            "http_port": place.port,
            "grpc_port": place.other_port,
            "parallel_workers": workers,
            "metrics_endpoint": None,
            "debug": False,
        }
        model = {"name": "model", "implementation": f"mlserver_app.{runtime}"}
        model |= {"parameters": {"uri": str(place.model.graph)}}
        (place.folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        (place.folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
        return [place.program("mlserver", "mlserver"), "start", str(place.folder)]

    return command


def _mlflow(place: Place) -> list[str]:
    """`peers.prepare` has saved the model."""
    mlflow = [place.program("mlflow", "mlflow"), "models", "serve", "--model-uri", str(place.model.folder / "mlflow")]
    return [*mlflow, "--host", "127.0.0.1", "--port", str(place.port), "--env-manager", "local", "--workers", "1"]


def _bare(place: Place) -> list[str]:
    columns = str(place.model.folder / COLUMNS)
    return [sys.executable, str(APPS / "bare.py"), str(place.model.graph), columns, str(place.port)]


def _smeaton(place: Place) -> list[str]:
    return [sys.executable, "-m", "smeaton", "serve", str(place.model.bundle), "--port", str(place.port)]


_RAY = (("RAY_SERVE_THROUGHPUT_OPTIMIZED", "1"), ("RAY_USAGE_STATS_ENABLED", "0"))
_BENTO = (("BENTOML_DO_NOT_TRACK", "true"),)
_CODED = (("SERVING_SCORER", "matrix"),)
_INFER = "/v2/models/model/infer"

OURS = (Server("smeaton", "", _smeaton), Server("bare", "", _bare))
#: As their documentation says it, LightGBM asked with a DataFrame where the server runs Python code.
PEERS = (
    Server("fastapi", "fastapi", _script("fastapi", "fastapi_app.py")),
    Server("litserve", "litserve", _script("litserve", "litserve_app.py", "plain")),
    Server("litserve+batch", "litserve", _script("litserve", "litserve_app.py", "batch")),
    Server("bentoml", "bentoml", _bento("Plain"), "list", env=_BENTO),
    Server("bentoml+batch", "bentoml", _bento("Batched"), "list", env=_BENTO),
    Server("ray", "ray", _script("ray", "ray_app.py", "plain"), env=_RAY),
    Server("ray+batch", "ray", _script("ray", "ray_app.py", "batch"), env=_RAY),
    Server("mlflow", "mlflow", _mlflow, "records", "/invocations"),
    Server("mlserver", "mlserver", _mlserver("Tensors"), "tensors", _INFER),
    Server("mlserver+pool", "mlserver", _mlserver("Tensors", 1), "tensors", _INFER),
    Server("mlserver+columns", "mlserver", _mlserver("Columns"), "columns", _INFER),
)
#: The same with the categories coded by hand, so that what is left is the server itself.
CODED = tuple(
    Server(f"{one.name}+coded", one.peer, one.command, one.wire_name, one.path, one.env + _CODED)
    for one in PEERS
    if one.peer not in {"mlflow", "mlserver"}
)
SERVERS = {server.name: server for server in (*OURS, *PEERS, *CODED)}
