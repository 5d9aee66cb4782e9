"""Objects, lists and ordered labels as inputs: families learn from them, and programs answer as their models do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import as_program, make_profile, make_run

from smeaton import plugins
from smeaton.compile.proof import adversarial
from smeaton.data.fold import Fold, Rows
from smeaton.families import Refusal, Space
from smeaton.families._parts import recipe, refuse
from smeaton.task.parts import parts_of
from smeaton.task.table import PREDICTION, Table, object_column, take
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

INPUTS = {
    "place": Type(
        type="json",
        fields={
            "city": Type(type="category", optional=True),
            "at": Type(type="json", fields={"lat": Type(type="number", optional=True)}, optional=True),
            "note": Type(type="text", optional=True),
        },
        optional=True,
    ),
    "tags": Type(type="list", of=Type(type="category", known=("blue", "red")), optional=True),
    "scores": Type(type="list", of=Type(type="number")),
    "point": Type(type="vector", form="2"),
    "size": Type(type="category", ordered=True, known=("S", "M", "L")),
}


def rows_of(count: int) -> tuple[list[dict[str, Any]], Any]:
    """Rows as a client sends them, and answers that depend on what stands in them."""
    rng = np.random.default_rng(0)
    rows, y = [], []
    for _ in range(count):
        city, size = str(rng.choice(["Ulm", "Bonn", "Hof"])), str(rng.choice(["S", "M", "L"]))
        tags = [tag for tag in ("blue", "red", "grey") if rng.random() < 0.5]
        lat, point, scores = float(rng.random()), rng.random(2).tolist(), rng.random(rng.integers(5)).tolist()
        place = None if rng.random() < 0.1 else {"city": city, "at": {"lat": lat}, "note": f"a note on {city}"}
        rows.append({"place": place, "tags": tags, "scores": scores, "point": point, "size": size})
        y.append(
            3.0 * (place is not None and city == "Ulm") + 2.0 * ("red" in tags) + len(scores) + 4 * point[1]
            + 2.0 * "SML".index(size)
        )  # fmt: skip
    return rows, np.array(y)


def table_of(rows: list[dict[str, Any]]) -> Table:
    found = {name: object_column([row[name] for row in rows]) for name in INPUTS}
    return {**found, "point": np.array([row["point"] for row in rows], dtype=np.float32)}


def make_fold(count: int) -> tuple[Fold, Any, list[dict[str, Any]]]:
    rows, y = rows_of(count)
    table, index = table_of(rows), np.arange(count)

    def some(which: Any) -> Rows:
        return Rows(take(table, which), y[which], None, which)

    a, b = int(0.7 * count), int(0.85 * count)
    held = index[b:]
    return Fold(0, some(index[:a]), some(index[a:b]), take(table, held), held), y[held], rows[b:]


TASK = Task(data=Data(), output={"y": Type(type="number")}, inputs=INPUTS)


@pytest.mark.parametrize("name", ["linear", "boosting", "forest", "network"])
def test_what_stands_in_objects_and_lists_is_learnt(name: str, tmp_path: Path) -> None:
    fold, y, rows = make_fold(400)
    family = plugins.load("families", name)
    space = family.space(TASK, make_profile(400, TASK, fold.train.y))
    assert isinstance(space, Space)
    config = {**space.starts[0], **{key: 60 for key in ("rounds", "epochs", "trees") if key in space.starts[0]}}
    fitted = family.fit(TASK, config, fold, make_run(tmp_path))
    found = fitted.predict(fold.held)[PREDICTION]
    assert np.sqrt(np.square(found - y).mean()) < 0.6 * y.std()
    engine = as_program(fitted, TASK, tmp_path / "program")
    assert np.allclose(engine.predict(fold.held)[PREDICTION], found, rtol=0, atol=1e-9 * np.abs(y).max())
    hard = adversarial(engine.program, tmp_path / "program", fold.held, TASK, 0)
    one, other = engine.predict(hard)[PREDICTION], fitted.predict(hard)[PREDICTION]
    assert np.allclose(one, other, rtol=0, atol=1e-9 * np.abs(y).max())
    sent = [{name: row[name] for name in engine.program.inputs} for row in rows]
    assert engine.rows(sent)[PREDICTION].tolist() == engine.predict(fold.held)[PREDICTION].tolist()


def test_rows_and_tables_give_the_same_answers(tmp_path: Path) -> None:
    fold, _, rows = make_fold(200)
    family = plugins.load("families", "linear")
    fitted = family.fit(TASK, {}, fold, make_run(tmp_path))
    engine = as_program(fitted, TASK, tmp_path / "program")
    table = engine.predict(fold.held)[PREDICTION].tolist()
    single = [engine.rows([row])[PREDICTION].tolist()[0] for row in rows]
    assert single == table


def test_a_recipe_names_what_stands_in_columns_once() -> None:
    inputs = {"a": Type(type="json", fields={"b": Type(type="number")}), "a.b": Type(type="number")}
    found = recipe(TASK.with_(inputs=inputs))
    assert [number["column"] for number in found.numbers] == ["a.b", "a.b'"]


def test_json_of_no_one_shape_is_refused() -> None:
    found = refuse(TASK.with_(inputs={"a": Type(type="json")}))
    assert isinstance(found, Refusal)
    assert "state their fields" in found.why
    assert refuse(TASK) is None
    assert parts_of("a", Type(type="json")) == []
