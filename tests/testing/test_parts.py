"""Every family there is, found by itself, on small tables of each kind; and every op of what they export."""

from pathlib import Path

import numpy as np
import pytest

from smeaton import plugins
from smeaton.data.dataset import Dataset
from smeaton.data.profile import profile
from smeaton.data.split import fold, make_folds
from smeaton.families import Refusal, Run
from smeaton.runtime.call import Call
from smeaton.runtime.check import op_of
from smeaton.task.table import Array, object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.testing import check_family, check_op

OUTPUTS = {
    "number": Type(type="number"),
    "boolean": Type(type="boolean", labels=(False, True)),
    "category": Type(type="category", labels=("a", "b", "c")),
}
ROWS = 240
#: Families that need weights, torch, a language model or another kind of answer; their own tests check them there.
ELSEWHERE = ("cascade", "distil", "encoder", "finetune", "prompt", "prompt_search", "static", "tagger")


def dataset(kind: str) -> Dataset:
    generator = np.random.default_rng(8)
    size = generator.normal(size=ROWS)
    city = generator.integers(0, 4, ROWS)
    signal = size + 0.5 * city + 0.3 * generator.normal(size=ROWS)
    missing = generator.random(ROWS) < 0.1
    words = np.array(["red", "green", "blue"])
    table = {
        "size": np.where(missing, np.nan, size),
        "count": generator.integers(0, 9, ROWS),
        "city": object_column([None if gone else f"city {code}" for gone, code in zip(missing, city, strict=True)]),
        "on": object_column([bool(value) for value in generator.integers(0, 2, ROWS)]),
        "opened": np.datetime64("2024-01-01", "us") + generator.integers(0, 10**13, ROWS).astype("timedelta64[us]"),
        "note": object_column([" ".join(generator.choice(words, 3)) for _ in range(ROWS)]),
    }
    inputs = {
        "size": Type(type="number", optional=True),
        "count": Type(type="integer"),
        "city": Type(type="category", optional=True),
        "on": Type(type="boolean"),
        "opened": Type(type="timestamp"),
        "note": Type(type="text"),
    }
    target: Array = signal
    if kind != "number":
        target = np.digitize(signal, [0.7] if kind == "boolean" else [0.2, 1.2]).astype(np.int64)
    return Dataset(Task(data=Data(), inputs=inputs, output={"y": OUTPUTS[kind]}), table, target)


@pytest.mark.slow
@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("name", plugins.names("families"))
def test_every_family_conforms(name: str, kind: str, tmp_path: Path) -> None:
    family, data = plugins.load("families", name), dataset(kind)
    known = profile(data, np.arange(ROWS))
    space = family.space(data.task, known)
    if isinstance(space, Refusal):
        assert name in ELSEWHERE, space.why
        pytest.skip(space.why)
    if space.needs_pool:
        pytest.skip("it needs finished trials; its own tests bring some")
    first = fold(data, make_folds(data, np.arange(ROWS), 3, 0)[0], 0)
    check_family(family, data.task, first, known)
    out = tmp_path / "out"
    out.mkdir()
    run = Run(seed=1, fidelity=1.0, seconds=30.0, scratch=tmp_path)
    program = family.fit(data.task, space.starts[0], first, run).export(out)
    columns = {column: first.held[column] for column in program.inputs}
    for step in program.steps:
        inputs = {column: columns[column] for column in step.inputs}
        check_op(op_of(step), step, inputs, out)
        columns |= op_of(step).load(step, out, None)(inputs, Call())
