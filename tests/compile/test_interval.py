"""Intervals behind a program: what is there already is used, what is added has names of its own."""

from pathlib import Path

import numpy as np
import pytest

from smeaton.compile.graph import Graph
from smeaton.compile.interval import add_interval
from smeaton.errors import ProgramError
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program, save_program
from smeaton.runtime.ops.interval import Band, ends
from smeaton.runtime.program import Program, Step
from smeaton.task.table import object_column

BAND = Band(low=-1.0, high=2.0, least=0.1)


def table(texts: tuple[str, ...] = (), column: str = "low") -> Step:
    return Step(
        op="table",
        inputs=("low", "note"),
        outputs=("numbers", *(f"text:{name}" for name in texts)),
        args={
            "columns": [{"name": "low", "type": {"type": "number"}}, {"name": "note", "type": {"type": "text"}}],
            "numbers": [{"column": column}],
            "categories": [],
            "texts": list(texts),
        },
    )


def program(folder: Path, factor: float, *features: Step) -> Program:
    """A number: a multiple of the first one."""
    graph = Graph()
    value = graph.node("Mul", [graph.input("numbers", "double", 1), graph.constant(factor)])
    graph.output("prediction", graph.node("Squeeze", [value, graph.constant([1], np.int64)]), None)
    folder.mkdir(parents=True)
    graph.save(folder / "model.onnx")
    model = Step(op="onnx", inputs=("numbers",), outputs=("prediction",), files=("model.onnx",))
    made = Program(inputs=("low", "note"), steps=(*features, model), outputs=("prediction",))
    save_program(made, folder)
    return made


ROWS = {"low": np.array([1.0, 4.0, -2.0]), "note": object_column(["a", "b", "c"])}


@pytest.mark.parametrize(
    ("own", "other", "tables"),
    [((), (), 1), (("note",), (), 1), (("note",), ("note",), 1), ((), ("note",), 2)],
)
def test_a_spread_model_shares_the_steps_that_are_there(
    own: tuple[str, ...], other: tuple[str, ...], tables: int, tmp_path: Path
) -> None:
    main, spread = tmp_path / "main", tmp_path / "spread"
    made = program(main, 3.0, table(own))
    program(spread, 0.5, table(other))
    found = add_interval(made, main, BAND, spread)
    assert open_program(main) == found
    assert [step.op for step in found.steps].count("table") == tables
    assert found.outputs == ("prediction", "low", "high")
    assert found.files() == ("model.onnx", "spread~model.onnx")
    with Engine(found, main) as engine:
        answers = engine.run(ROWS)
    low, high = ends(BAND, 3.0 * ROWS["low"], 0.5 * ROWS["low"])
    assert answers["low"].tolist() == low.tolist()
    assert answers["high"].tolist() == high.tolist()


def test_without_a_model_the_band_has_its_own_scale(tmp_path: Path) -> None:
    made = program(tmp_path / "main", 3.0, table())
    found = add_interval(made, tmp_path / "main", Band(low=-1.0, high=2.0))
    assert found.steps[:-1] == made.steps
    assert found.steps[-1].inputs == ("prediction",)


def test_only_numbers_get_intervals_and_once(tmp_path: Path) -> None:
    made = program(tmp_path / "main", 3.0, table())
    found = add_interval(made, tmp_path / "main", BAND)
    with pytest.raises(ProgramError, match="plain numbers"):
        add_interval(found, tmp_path / "main", BAND)
