"""The matrix that trees and networks read: the same as a graph, and nothing in it that a row knows of itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import (
    CITIES,
    INPUTS,
    WORDS,
    as_program,
    make_fold,
    make_profile,
    make_rows,
    make_run,
    make_task,
    strange_rows,
)

from smeaton import plugins
from smeaton.compile.proof import adversarial
from smeaton.data.fold import Fold, Rows
from smeaton.errors import InputError
from smeaton.families._columns import column_choices, learn_columns
from smeaton.families._ending import class_ending, number_ending
from smeaton.runtime.files import save_program
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, object_column
from smeaton.task.types import Type

WIDE = INPUTS | {
    "closed": Type(type="timestamp", optional=True),
    "kind": Type(type="category"),
    "street": Type(type="category", optional=True),
}
ALL = ["counts", "pairs", "cross", "gaps"]


def widened(rows: Rows, seed: int = 1) -> Rows:
    """The generated rows with another timestamp, another category and one of many values."""
    rng, size = np.random.default_rng(seed), len(rows)
    rows.x["closed"] = rows.x["opened"] + rng.integers(0, 10**13, size).astype("timedelta64[us]")
    rows.x["kind"] = object_column([f"k{value}" for value in rng.integers(0, 5, size)])
    streets = [f"{WORDS[value % 7]} {CITIES[value % 5]} {value}" for value in rng.integers(0, 300, size)]
    rows.x["street"] = object_column([None if i % 13 == 0 else street for i, street in enumerate(streets)])
    return rows


def wide_fold(rows: int, kind: str) -> Fold:
    fold, _ = make_fold(rows, kind, weights=kind == "4")
    held = widened(Rows(dict(fold.held), np.zeros(len(fold.held_index)), None, fold.held_index)).x
    return Fold(0, widened(fold.train), widened(fold.stop), held, fold.held_index)


def odd_rows(held: Table) -> Table:
    odd = {name: column[:12].copy() for name, column in held.items()}
    odd |= strange_rows({name: held[name] for name in INPUTS}, make_task("4"))
    odd["kind"] = object_column(["k1", "York", "zz", "k2", "k3", "k4", "K", "k0", "k1", "k2", "k2", "k3"])
    odd["street"] = object_column(["late", None, "", "late York 3", "k1", "\u6771", *["slow  Hull 77"] * 6])
    return odd


def difference(one: Table, other: Table) -> float:
    key = PROBABILITY if PROBABILITY in one else PREDICTION
    scale = np.maximum(1.0, np.abs(one[key]))
    return float((np.abs(one[key] - other[key]) / scale).max())


@pytest.mark.parametrize("kind", ["binary", "4", "number"])
@pytest.mark.parametrize(
    "config",
    [
        {"encode": "target"},
        {"encode": "onehot", "texts": "none"},
        {"derive": ALL},
        {"encode": "target", "derive": ALL, "texts": "scores"},
        {"texts": "scores"},
    ],
)
def test_the_program_answers_as_the_model(config: dict[str, Any], kind: str, tmp_path: Path) -> None:
    task, fold = make_task(kind, WIDE), wide_fold(600, kind)
    family = plugins.load("families", "boosting")
    fitted = family.fit(task, {"rounds": 15, "num_leaves": 8, **config}, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    hard = adversarial(engine.program, tmp_path / "program", fold.held, task, 0)
    for rows in (fold.held, odd_rows(fold.held), hard):
        assert difference(fitted.predict(rows), engine.predict(rows)) <= 1e-9
    columns = fitted.columns
    assert columns.matrix(columns.encode(fold.held)).shape[1] == columns.width


def test_the_same_fit_gives_the_same_bits(tmp_path: Path) -> None:
    task, fold = make_task("4", WIDE), wide_fold(400, "4")
    family = plugins.load("families", "boosting")
    config = {"rounds": 10, "encode": "target", "derive": ALL, "texts": "scores"}
    for turn in range(2):
        family.fit(task, config, fold, make_run(tmp_path, seed=3)).export(tmp_path / str(turn))
    one, two = ((tmp_path / str(turn) / "model.onnx").read_bytes() for turn in range(2))
    assert one == two


def test_programs_on_different_columns_are_merged(tmp_path: Path) -> None:
    from smeaton.compile.merge import average
    from smeaton.runtime.engine import Engine

    task, fold = make_task("binary", WIDE), wide_fold(400, "binary")
    family = plugins.load("families", "boosting")
    configs = [{}, {"texts": "scores"}, {"encode": "target", "derive": ALL, "texts": "none"}, {"texts": "scores"}]
    folders, answers = [], []
    for number, config in enumerate(configs):
        run = make_run(tmp_path, seed=number)
        fitted = family.fit(task, {"rounds": 8, **config}, fold, run)
        folders.append(tmp_path / str(number))
        save_program(fitted.export(folders[-1]), folders[-1])
        answers.append(fitted.predict(odd_rows(fold.held))[PROBABILITY])
    inner = average(folders[1:3], [1, 1], [None] * 2, tmp_path / "inner")
    save_program(inner, tmp_path / "inner")
    program = average([folders[0], tmp_path / "inner", folders[3]], [1, 2, 1], [None] * 3, tmp_path / "all")
    assert [step.op for step in program.steps].count("table") == 1  # the rows are parsed once
    save_program(program, tmp_path / "all")
    with Engine(program, tmp_path / "all", types=task.input_types) as engine:
        assert engine.reader is not None
        found = engine.predict(odd_rows(fold.held))[PROBABILITY]
    assert np.abs(found - np.mean(answers, axis=0)).max() < 1e-12


def matrix_of(rows: Rows, y: Array, config: dict[str, Any]) -> Array:
    """The matrix to fit on for other targets, with the ending of the rows' own."""
    kind = "binary" if y.dtype == np.int64 else "number"
    task = make_task(kind, {"city": INPUTS["city"], "street": WIDE["street"]})
    ending = class_ending(task, rows) if task.is_class else number_ending(rows, False)
    x = {name: rows.x[name] for name in ("city", "street")}
    return learn_columns(task, config, Rows(x, y, None, rows.index, rows.group, rows.time), ending, 0)[1]


def changed(y: Array, chosen: Array) -> Array:
    other = y.copy()
    other[chosen] = 1 - other[chosen] if y.dtype == np.int64 else other[chosen] + 1e4
    return other


LEAKS = [{"encode": "target", "texts": "none"}, {"encode": "onehot", "texts": "scores"}]


@pytest.mark.parametrize("config", LEAKS)
def test_no_row_sees_its_own_target(config: dict[str, Any]) -> None:
    rows = widened(make_rows(200, "number"))
    plain = matrix_of(rows, rows.y, config)
    for row in (0, 57, 199):
        other = matrix_of(rows, changed(rows.y, np.array([row])), config)
        assert np.array_equal(plain[row], other[row])
        assert not np.array_equal(plain, other)


@pytest.mark.parametrize("config", LEAKS)
def test_no_row_sees_the_targets_of_its_group(config: dict[str, Any]) -> None:
    rows = widened(make_rows(200, "number"))
    group = np.random.default_rng(0).integers(0, 12, 200)
    rows = Rows(rows.x, rows.y, None, rows.index, group)
    plain = matrix_of(rows, rows.y, config)
    for one in (0, 7):
        own = group == one
        other = matrix_of(rows, changed(rows.y, own), config)
        assert np.array_equal(plain[own], other[own])
        assert not np.array_equal(plain, other)


@pytest.mark.parametrize("kind", ["binary", "number"])
@pytest.mark.parametrize("config", LEAKS)
def test_no_row_sees_a_target_that_is_not_older(config: dict[str, Any], kind: str) -> None:
    rows = widened(make_rows(240, kind))
    time = np.random.default_rng(0).integers(0, 100, 240).astype("datetime64[D]").astype("datetime64[us]")
    rows = Rows(rows.x, rows.y, None, rows.index, None, time)
    plain = matrix_of(rows, rows.y, config)
    for day in (20, 50, 70):
        newer = time >= np.datetime64(day, "D")
        other = matrix_of(rows, changed(rows.y, newer), config)
        assert np.array_equal(plain[~newer], other[~newer])
        assert not np.array_equal(plain, other)


def test_in_serving_the_whole_table_holds(tmp_path: Path) -> None:
    rows = make_rows(300, "binary")
    task = make_task("binary", {"city": INPUTS["city"]})
    x = {"city": rows.x["city"]}
    only = Rows(x, rows.y, None, rows.index)
    columns, apart = learn_columns(task, {"encode": "target"}, only, class_ending(task, only), 0)
    asked = {"city": object_column(["Leeds", "Atlantis", None, "Whitby"])}
    found = columns.matrix(columns.encode(asked))[:, 0]
    here = rows.x["city"] == "Leeds"
    assert abs(found[0] - rows.y[here].mean()) < 0.05
    assert abs(found[2] - rows.y[rows.x["city"] == None].mean()) < 0.2  # noqa: E711
    assert found[1] == found[3]  # a value seen in fewer than 5 rows is not kept
    assert len(np.unique(apart[here])) == 5  # one value for each part of the rows


def test_a_category_of_few_values_is_flags_and_of_two_needs_one() -> None:
    rng = np.random.default_rng(0)
    x = {
        "few": object_column([f"f{value}" for value in rng.integers(0, 3, 200)]),
        "two": object_column([f"t{value}" for value in rng.integers(0, 2, 200)]),
        "open": object_column(
            [None if i % 50 == 49 else f"o{value}" for i, value in enumerate(rng.integers(0, 2, 200))]
        ),
        "many": object_column([f"m{value}" for value in rng.integers(0, 9, 200)]),
    }
    task = make_task("binary", {name: Type(type="category", optional=True) for name in x})
    rows = Rows(x, rng.integers(0, 2, 200), None, np.arange(200))
    columns, matrix = learn_columns(task, {"encode": "target"}, rows, class_ending(task, rows), 0)
    assert columns.codes == ()
    assert [part.width for part in columns.derived] == [3 + 1 + 2, 1]  # four rows are null: too few to be known
    assert set(np.unique(matrix[:, :6])) == {0.0, 1.0}
    asked = {name: object_column([None if name == "open" else "new"]) for name in x}
    assert columns.matrix(columns.encode(asked))[0, :6].tolist() == [0.0] * 6


def test_boosting_starts_with_the_columns_as_they_are() -> None:
    task = make_task("binary", WIDE)
    space = plugins.load("families", "boosting").space(task, make_profile(900, task, np.array([0, 1] * 450)))
    derived = [bool(start.get("derive")) for start in space.starts]
    assert derived[:6] == [False, False, True, True, True, False]
    plain = plugins.load("families", "boosting").space(
        make_task("binary", {"size": INPUTS["size"]}), make_profile(900, task, np.array([0, 1] * 450))
    )
    assert not any("derive" in start or "encode" in start for start in plain.starts)
    assert "encode" not in plain.params


def test_strings_of_many_values_are_read_and_others_are_not() -> None:
    rows = widened(make_rows(400, "binary"))
    task = make_task("binary", WIDE)
    columns, _ = learn_columns(task, {"texts": "scores"}, rows, class_ending(task, rows), 0)
    assert [scorer.name for scorer in columns.scorers] == ["note", "street"]
    table = columns.recipe.steps()[0]
    assert table.outputs == ("numbers", "categories", "text:note", "text:street")
    streets = tuple(sorted({street for street in rows.x["street"] if street is not None}))
    labelled = WIDE | {"street": Type(type="category", optional=True, labels=streets)}
    known = make_task("binary", labelled)
    columns, _ = learn_columns(known, {"texts": "scores"}, rows, class_ending(known, rows), 0)
    assert [scorer.name for scorer in columns.scorers] == ["note"]


@pytest.mark.parametrize(
    ("config", "told"),
    [({"encode": "magic"}, "encode"), ({"texts": "all"}, "texts"), ({"derive": ["pears"]}, "pears")],
)
def test_what_there_is_not_is_refused(config: dict[str, Any], told: str) -> None:
    rows = widened(make_rows(100, "binary"))
    task = make_task("binary", WIDE)
    with pytest.raises(InputError, match=told) as caught:
        learn_columns(task, config, rows, class_ending(task, rows), 0)
    assert caught.value.fix


def test_no_column_at_all_is_refused() -> None:
    rows = make_rows(100, "binary")
    task = make_task("binary", {"note": INPUTS["note"]})
    with pytest.raises(InputError, match="no column"):
        learn_columns(task, {"texts": "none"}, rows, class_ending(task, rows), 0)


def test_a_search_chooses_only_what_the_columns_allow() -> None:
    assert set(column_choices(make_task("binary", {"size": INPUTS["size"]}))) == set()
    pairs: Any = column_choices(make_task("binary", {"size": INPUTS["size"], "count": INPUTS["count"]}))
    assert set(pairs) == {"derive"}
    assert pairs["derive"].values == ([], ["pairs"])
    every: Any = column_choices(make_task("binary", WIDE))
    assert every["encode"].values == ("codes", "target")
    assert every["derive"].values == ([], ["pairs", "gaps"], ["counts", "cross"], ALL)


def test_a_string_that_tells_is_worth_its_scores(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = [f"{rng.choice(['red', 'blue'])} {rng.choice(WORDS)} {rng.integers(0, 10**6)}" for _ in range(600)]
    y = np.array([name.startswith("red") != (rng.random() < 0.1) for name in names]).astype(np.int64)
    rows = Rows({"name": object_column(names), "size": rng.normal(size=600)}, y, None, np.arange(600))
    task = make_task("binary", {"name": Type(type="category"), "size": Type(type="number")})
    every = np.arange(600)
    fold = Fold(0, rows.take(every[:300]), rows.take(every[300:400]), rows.take(every[400:]).x, every[400:])
    held, losses = y[400:], []
    for config in ({}, {"texts": "scores"}):
        fitted = plugins.load("families", "boosting").fit(task, {"rounds": 100, **config}, fold, make_run(tmp_path))
        losses.append(float(-np.log(fitted.predict(fold.held)[PROBABILITY][np.arange(200), held]).mean()))
    assert losses[1] < 0.7 * losses[0]
