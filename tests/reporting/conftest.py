"""Finished builds of three kinds, each made once a session: two labels, three labels, numbers."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Example, smeaton, write_task

from smeaton.reporting.build import Build, Wish

TASK = """\
smeaton: 1
name: {name}
data: clients.csv
output: {{{output}}}
rows: {{id: client, ignore: [{ignore}]}}
solutions: {{only: [baseline], add: ["quick.py:quick"]}}
budget: {{time: 60s}}
"""
Opened = Callable[..., Build]


def many_rows(count: int = 300, seed: int = 3) -> list[dict[str, object]]:
    """Rows with a plan of three kinds that follows from age and spend, and a fee that follows from all."""
    draw = random.Random(seed)
    rows: list[dict[str, object]] = []
    for number in range(count):
        age, region = draw.randint(18, 80), draw.choice(["north", "south", "west"])
        spend = None if draw.random() < 0.05 else round(draw.uniform(1, 200), 2)
        level = (age - 45) / 15 + (spend or 90) / 100 + {"north": -0.5, "south": 0.0, "west": 0.5}[region]
        plan = ("basic", "plus", "pro")[max(0, min(2, round(level + draw.gauss(0, 0.35))))]
        fee = round(20 + 8 * level + draw.gauss(0, 2), 2)
        rows.append({"client": f"c{number:04}", "age": age, "region": region, "spend": spend, "plan": plan, "fee": fee})
    return rows


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory, example: Example) -> dict[str, Path]:
    """The folders of the builds; do not write into them."""
    found = {"two": example.folder}
    for kind, name, output, ignore in (
        ("three", "plans", "plan: category", "fee"),
        ("number", "fees", "fee: number", "plan"),
    ):
        folder = tmp_path_factory.mktemp(name)
        write_task(folder, TASK.format(name=name, output=output, ignore=ignore), many_rows())
        done = smeaton("build", folder, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found[kind] = folder
    return found


@pytest.fixture
def opened(folders: dict[str, Path]) -> Opened:
    """`opened("two" | "three" | "number", **wishes)`: that build, opened anew."""

    def open_(kind: str, **wishes: object) -> Build:
        folder = folders[kind]
        root = next((folder / ".smeaton").glob("*/board.json")).parent
        return Build(folder, root, next(folder.glob("*.bundle")), Wish(**wishes))  # type: ignore[arg-type]

    return open_
