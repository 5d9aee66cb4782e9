"""Bundles made without training: a small table model of every input type, and the three fakes."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import numpy as np
import pytest

from smeaton.bundle.manifest import Facts, Manifest, Running, Winner
from smeaton.bundle.read import Bundle
from smeaton.bundle.write import write_bundle
from smeaton.compile.encode import encode_text
from smeaton.compile.graph import Graph
from smeaton.compile.interval import add_interval
from smeaton.compile.links import add_answers
from smeaton.data.fold import Fold, Rows
from smeaton.families import Run
from smeaton.runtime.ops.interval import Band
from smeaton.runtime.program import Program, Step
from smeaton.service.options import Options
from smeaton.service.service import Service
from smeaton.service.start import assemble
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.testing.fakes import HOST, Cascade, Chat, Index

INPUTS = {
    "age": Type(type="number", optional=True, min=0),
    "visits": Type(type="integer"),
    "member": Type(type="boolean"),
    "plan": Type(type="category"),
    "opened": Type(type="timestamp", optional=True),
    "note": Type(type="text", optional=True),
}
TASK = Task(
    name="churn",
    goal="Who <b>will</b> leave?",
    data=Data(),
    inputs=INPUTS,
    output={"churned": Type(type="boolean", labels=(False, True))},
)
ROW = {
    "age": 41.5,
    "visits": 3,
    "member": True,
    "plan": "basic",
    "opened": "2026-01-31T12:00:00Z",
    "note": "called: twice",
}
LABELS = ("billing", "bug", "how-to")
TICKETS = Task(
    name="tickets",
    data=Data(),
    inputs={"body": Type(type="text"), "subject": Type(type="text", optional=True)},
    output={"team": Type(type="category", labels=LABELS)},
)
TEXTS = {"billing": "invoice refund price", "bug": "crash error trace", "how-to": "where find export"}


def levels(low: float, high: float) -> tuple[float, ...]:
    return tuple(float(value) for value in np.linspace(low, high, 9))


PROFILE = Profile(
    rows=100,
    columns=(
        ColumnProfile(name="age", type="number", missing=20, quantiles=levels(18, 90)),
        ColumnProfile(name="visits", type="integer", quantiles=levels(0, 20)),
        ColumnProfile(name="member", type="boolean"),
        ColumnProfile(name="plan", type="category", values=(("basic", 60), ("pro", 40))),
        ColumnProfile(name="opened", type="timestamp", quantiles=levels(1.7e9, 1.8e9)),
        ColumnProfile(name="note", type="text", missing=50, mean_length=20),
    ),
    shares=(0.7, 0.3),
)


def manifest(task: Task, program: Program, profile: Profile, **changes: Any) -> Manifest:
    given: dict[str, Any] = {
        "name": task.name,
        "outcome": "ready",
        "task": task,
        "program": program,
        "profile": profile,
        "metric": "log_loss",
        "validation": (),
        "test": (),
        "winner": Winner(family="linear", key="0123456789abcdef", config={}, how="holdout", why="the only one"),
        "running": Running(p50=0.0001, p95=0.0002, cost_per_1k=None, size=1000),
        "data": Facts(hash="ab" * 32, train_rows=80, test_rows=20),
    }
    return Manifest(**given | changes)


def table_program(task: Task, folder: Path) -> Program:
    """Numbers and one category through a hand-made graph; a plan never seen adds nothing."""
    graph = Graph()
    raw = graph.input("numbers", "double", 4)
    numbers = graph.node("Where", [graph.node("IsNaN", [raw]), graph.constant([0.0] * 4), raw])
    plans = encode_text(graph, graph.input("categories", "string", 1), {"basic": 1, "pro": 2}, np.float64)
    known = graph.node("Max", [plans, graph.constant([0.0])])
    matrix = graph.node("Concat", [numbers, known], axis=1)
    weights = graph.constant([[0.02], [-0.1], [0.3], [0.05], [-0.7]])
    link = "sigmoid" if task.is_class else "identity"
    output = add_answers(graph, graph.node("MatMul", [matrix, weights]), link, 1)
    folder.mkdir(parents=True, exist_ok=True)
    graph.save(folder / "model.onnx")
    columns = [{"name": name, "type": msgspec.to_builtins(kind)} for name, kind in task.input_types.items()]
    numbers_args = [{"column": name} for name in ("age", "visits", "member")] + [{"column": "opened", "part": "month"}]
    args = {"columns": columns, "numbers": numbers_args, "categories": ["plan"], "texts": ["note"]}
    steps = [
        Step(op="table", inputs=tuple(task.input_types), outputs=("numbers", "categories", "text:note"), args=args),
        Step(op="onnx", inputs=("numbers", "categories"), outputs=(output,), files=("model.onnx",)),
    ]
    if not task.is_class:
        return Program(inputs=tuple(task.input_types), steps=tuple(steps), outputs=("prediction",))
    labels = {"labels": list(task.labels)}
    steps.append(Step(op="labels", inputs=("probability",), outputs=("prediction",), args=labels))
    return Program(inputs=tuple(task.input_types), steps=tuple(steps), outputs=("prediction", "probability"))


def table_bundle(folder: Path, task: Task = TASK, **changes: Any) -> Bundle:
    program = table_program(task, folder / "program")
    return write_bundle(folder / f"{task.name}.bundle", manifest(task, program, PROFILE, **changes), folder / "program")


def interval_bundle(folder: Path, inputs: dict[str, Type]) -> Bundle:
    """A table bundle that answers a number with its interval; the inputs may be called `low` and `high` too."""
    number = TASK.with_(name="spend", output={"spend": Type(type="number", min=0)}, inputs={**INPUTS, **inputs})
    columns = [*PROFILE.columns, *(ColumnProfile(name=name, type="number", quantiles=levels(0, 9)) for name in inputs)]
    program = table_program(number, folder / "program")
    band = Band(low=-1.5, high=2.0, points=(0.0, 10.0), scales=(1.0, 3.0), min=0.0)
    program = add_interval(program, folder / "program", band)
    profile = msgspec.structs.replace(PROFILE, columns=tuple(columns), shares=())
    return write_bundle(folder / "spend.bundle", manifest(number, program, profile, metric="rmse"), folder / "program")


def ticket_fold() -> Fold:
    texts = [f"my {word} again" for words in TEXTS.values() for word in words.split()] * 4
    codes = np.array([code for code, words in enumerate(TEXTS.values()) for _ in words.split()] * 4)
    table = {"body": object_column(texts), "subject": object_column([None] * len(texts))}
    rows = Rows(table, codes, None, np.arange(len(texts)))
    return Fold(0, rows, rows, table, rows.index)


def fake_bundle(folder: Path, family: Any, name: str = "tickets") -> Bundle:
    """One of the fakes, fitted on a few tickets."""
    run = Run(seed=1, fidelity=1, seconds=10, scratch=folder / "scratch")
    task = TICKETS.with_(name=name)
    program = family.fit(task, {}, ticket_fold(), run).export(folder / "program")
    columns = tuple(ColumnProfile(name=column, type="text", mean_length=20) for column in task.input_types)
    profile = Profile(rows=36, columns=columns, shares=(0.3, 0.3, 0.4))
    return write_bundle(folder / f"{name}.bundle", manifest(task, program, profile), folder / "program")


def fake(kind: str, **settings: Any) -> Any:
    """A fake family by name."""
    return {"chat": Chat, "index": Index}[kind](**settings) if kind != "cascade" else Cascade(chat=Chat(**settings))


class Caller:
    """Sends requests, to an application in this process or to a server."""

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        raise NotImplementedError

    def get(self, path: str) -> tuple[int, Any]:
        status, body, _ = self.send("GET", path)
        return status, json.loads(body)

    def post(self, path: str, content: Any) -> tuple[int, Any]:
        status, body, _ = self.send("POST", path, json.dumps(content).encode())
        return status, json.loads(body)


class Client(Caller):
    """The application in this process, without a socket."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.app = service.app
        self.models = service.registry

    async def asend(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            reply = await client.request(method, path, content=body, headers=headers)
            return reply.status_code, reply.content, dict(reply.headers)

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        return asyncio.run(self.asend(method, path, body, headers))


class Server(Caller):
    """A `smeaton serve` process of its own; `python` are the interpreter's arguments that start the command line."""

    def __init__(self, *arguments: str, python: Sequence[str] = ("-m", "smeaton")) -> None:
        command = [sys.executable, *python, "serve", *arguments, "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        if not self.line.startswith('{"url"'):
            _, errors = self.process.communicate(timeout=20)
            raise RuntimeError(f"exit {self.process.returncode}: {self.line} {errors}")
        self.said = json.loads(self.line)
        self.url = self.said["url"]
        self.address = urlsplit(self.url).netloc

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            reply = connection.getresponse()
            return reply.status, reply.read(), {name.lower(): value for name, value in reply.getheaders()}
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what it said on stderr."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait until it ends: exit code and what it said on stderr. (A second signal would end it at once.)"""
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture(scope="session")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pure table bundle."""
    return table_bundle(tmp_path_factory.mktemp("churn")).path


@pytest.fixture(scope="session")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a bundle of a fake; bundles are immutable, so each form is made once."""
    made: dict[str, Path] = {}

    def make(kind: str, name: str = "tickets", **settings: Any) -> Path:
        key = repr((kind, name, settings))
        if key not in made:
            made[key] = fake_bundle(tmp_path_factory.mktemp(kind), fake(kind, **settings), name).path
        return made[key]

    return make


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    """Starts the application over bundles, in this process."""
    with ExitStack() as held:

        def start(*bundles: Path, **options: Any) -> Client:
            service = assemble([str(path) for path in bundles], Options(**options))
            held.callback(service.close)
            return Client(service)

        yield start


def _servers() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*arguments: object, **how: Any) -> Server:
        started.append(Server(*map(str, arguments), **how))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        for stream in (one.process.stdout, one.process.stderr):
            if stream is not None:
                stream.close()
        one.process.wait(timeout=30)


#: Start `smeaton serve` processes, for one test or for a module.
server = pytest.fixture(_servers)
make_server = pytest.fixture(_servers, scope="module")


@pytest.fixture
def row() -> dict[str, Any]:
    """A good row of the table bundle."""
    return dict(ROW)


@pytest.fixture
def task() -> Task:
    """The task of the table bundle."""
    return TASK


@pytest.fixture
def external() -> dict[str, Any]:
    """Options that let a fake chat run."""
    return {"allow_external": (HOST,), "spend": "$1/day"}


@pytest.fixture
def make_interval_bundle() -> Callable[..., Bundle]:
    return interval_bundle


@pytest.fixture
def make_table_bundle() -> Callable[..., Bundle]:
    return table_bundle
