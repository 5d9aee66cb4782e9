"""What every family and every op promises, as checks that anyone who writes one can run.

A check raises AssertionError with what was promised and what was found; it returns nothing.
"""

import asyncio
import itertools
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.fold import Fold
from smeaton.families import Choice, Family, Finished, Fitted, Range, Refusal, Run
from smeaton.llm.purse import Purse
from smeaton.runtime.call import Call
from smeaton.runtime.check import TOLERANCE, effect_of, externals, tolerance_of
from smeaton.runtime.engine import Engine
from smeaton.runtime.ops import Op, RowReader, State, Streamer
from smeaton.runtime.program import PROGRAM_FILE, Program, Step
from smeaton.runtime.stream import cell_text
from smeaton.task.profile import Profile
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table, rows_in, take
from smeaton.task.task import Task
from smeaton.task.values import value_reader

_FORBIDDEN = (".pkl", ".pickle", ".joblib", ".py", ".so")


def check_family(
    family: Family,
    task: Task,
    fold: Fold,
    profile: Profile,
    purse: Purse | None = None,
    pool: Sequence[Finished] = (),
    other_folds: Mapping[int, Array] | None = None,
) -> None:
    """Check a family on one fold of a pinned task: its space, each start's fit, answers, export and parity.

    `purse` pays for external families, `pool` and `other_folds` feed those that need finished trials.
    """
    space = family.space(task, profile)
    if isinstance(space, Refusal):
        assert space.why.strip(), "a refusal says why"
        return
    assert space == family.space(task, profile), "the same task and profile give the same space"
    assert space.starts, "a space has at least one start"
    assert space.repeats >= 1
    for name, domain in space.params.items():
        _check_domain(name, domain)
    before = _bits(fold.train.x), _bits(fold.held)

    def fit(config: Mapping[str, Any], scratch: Path) -> Fitted:
        scratch.mkdir(parents=True)
        run = Run(seed=7, fidelity=1.0, seconds=60.0, scratch=scratch, purse=purse, pool=pool)
        run.other_folds = dict(other_folds or {})
        return family.fit(task, config, fold, run)

    for start in space.starts:
        assert msgspec.json.decode(msgspec.json.encode(start)) == start, f"a configuration is plain JSON, not {start}"
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fitted = fit(start, folder / "one")
            answers = fitted.predict(fold.held)
            assert before == (_bits(fold.train.x), _bits(fold.held)), "a family must not change the rows it is given"
            check_answers(answers, rows_in(fold.held), task)
            program = fitted.export(_made(folder / "out"))
            check_program_files(program, folder / "out")
            _check_parity(program, folder, fold.held, answers, task, purse)
            if space.repeats == 1 and effect_of(program) != "external":
                again = fit(start, folder / "two").predict(fold.held)
                assert _bits(answers) == _bits(again), f"the same seed gave other answers with {start}"


def check_answers(answers: Table, rows: int, task: Task) -> None:
    """Check that a table holds answers of a task: columns, lengths, labels, probabilities."""
    assert PREDICTION in answers, f"answers have a column {PREDICTION!r}"
    for name, column in answers.items():
        assert len(column) == rows, f"{name!r} has {len(column)} of {rows} rows"
    errors = answers[ERROR].tolist() if ERROR in answers else [None] * rows
    answered = np.array([error is None for error in errors], dtype=bool)
    prediction = answers[PREDICTION][answered]
    if not task.labels:
        if task.answer == "structure":
            _check_structures(prediction.tolist(), task)
        if task.answer == "number":
            assert np.isfinite(prediction.astype(np.float64)).all(), "a number is finite, or the row has an error"
        return
    many = task.answer == "many"
    for label in itertools.chain.from_iterable(prediction.tolist()) if many else prediction.tolist():
        assert label in task.labels, f"{label!r} is none of the labels {task.labels}"
        assert type(label) in {type(known) for known in task.labels}, f"{label!r} is of another type than the labels"
    assert PROBABILITY in answers, f"a class task has a column {PROBABILITY!r}"
    chance = answers[PROBABILITY][answered]
    assert chance.shape == (len(prediction), len(task.labels)), f"probabilities of shape {chance.shape}"
    assert chance.dtype == np.float64, f"probabilities are float64, not {chance.dtype}"
    assert ((chance >= 0) & (chance <= 1)).all(), "a probability lies from 0 to 1"
    assert many or np.allclose(chance.sum(axis=1), 1.0, atol=1e-6), "the probabilities of a row sum to 1"


def _check_structures(values: list[Any], task: Task) -> None:
    read = value_reader(task.output_type)
    for value in values:
        assert read(value) == value, f"{value!r} is not of the output's type"


def check_program_files(program: Program, folder: Path) -> None:
    """Check that an exported program has its files, no others, and nothing that runs as code when loaded."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {PROGRAM_FILE}
    assert there == set(program.files()), (
        f"the program names {sorted(program.files())}, the folder holds {sorted(there)}"
    )
    for name in there:
        assert not name.endswith(_FORBIDDEN), f"{name} may hold code; a bundle must not"


def check_op(
    op: Op, step: Step, rows: Table, files: Path = Path(), state: Callable[[], State] | None = None,
    purse: Callable[[], Purse] | None = None,
) -> None:  # fmt: skip
    """Check an op with one step on some rows (two or more, of which any part must be an allowed input).

    `state` opens a fresh state for each load, `purse` gives a fresh purse for each call.
    """
    assert op.effect in ("pure", "state", "external"), f"{op.effect!r} is no effect"
    if op.effect == "external":
        assert isinstance(step.args.get("host"), str), "an external step names its host"
        assert isinstance(step.args.get("price", 0.0), int | float), "an external step's price is a number"
    runner = op.load(step, files, state() if state else None)

    def call() -> Call:
        return Call(purse=purse() if purse else None, seed=3)

    def answer(some: Table) -> dict[str, Array]:
        found = runner(some, call())
        return dict(asyncio.run(_awaited(found)) if isinstance(found, Awaitable) else found)

    before = _bits(rows)
    whole = answer(rows)
    assert before == _bits(rows), "an op must not change its input"
    missing = set(step.outputs) - set(whole)
    assert not missing, f"the outputs {sorted(missing)} are missing"
    count = rows_in(rows)
    for name in step.outputs:
        assert len(whole[name]) == count, f"{name!r} has {len(whole[name])} of {count} rows"
    if op.effect != "external":
        assert _bits(answer(rows)) == _bits(whole), "the same rows gave other answers"
        backwards = np.arange(count)[::-1]
        turned = take(answer(take(rows, backwards)), backwards)
        ask = getattr(op, "tolerance", None)
        off = TOLERANCE if ask is None else ask(step, False)
        _check_close(turned, whole, "an answer depends on the other rows, or rows come out of order", off)
    for part in (np.arange(0), np.arange(1)):
        for name, column in answer(take(rows, part)).items():
            assert len(column) == len(part), f"{name!r} has {len(column)} rows for {len(part)}"
            assert column.dtype == whole[name].dtype, f"{name!r} is {column.dtype} for {len(part)} rows"
    if isinstance(runner, RowReader):
        plain = [{name: column[row] for name, column in rows.items()} for row in range(count)]
        assert _bits(runner.rows(_python(plain))) == _bits(whole), "request rows and tables give other answers"
    if isinstance(runner, Streamer):
        _check_stream(runner, step, rows, whole, call())


def _check_close(one: Table, other: Table, otherwise: str, tolerance: float) -> None:
    """Equal but for the last bits: a matrix product may add in another order for another number of rows."""
    for name, column in one.items():
        if column.dtype.kind == "f":
            off = np.abs(column - other[name]).max(initial=0.0, where=~np.isnan(column))
            assert off <= tolerance, f"{otherwise}: {name!r} is off by {off:g}"
            assert np.array_equal(np.isnan(column), np.isnan(other[name])), f"{otherwise}: nulls of {name!r}"
        else:
            assert _bits({name: column}) == _bits({name: other[name]}), f"{otherwise}: {name!r}"


def _check_stream(runner: Streamer, step: Step, rows: Table, whole: Table, call: Call) -> None:
    async def collect() -> dict[tuple[int, str], str]:
        pieces: defaultdict[tuple[int, str], str] = defaultdict(str)
        async for row, name, delta in runner.stream(rows, call):
            assert name in step.outputs, f"a delta for {name!r}, which is no output"
            pieces[row, name] += delta
        return pieces

    found = asyncio.run(collect())
    for row, name in itertools.product(range(rows_in(rows)), step.outputs):
        expected = cell_text(whole[name][row]) or ""
        joined = found.get((row, name), "")
        assert joined == expected, f"row {row} of {name!r} streams {joined!r}, the plain answer is {expected!r}"


def _check_parity(program: Program, folder: Path, held: Table, answers: Table, task: Task, purse: Purse | None) -> None:
    hosts: Collection[str] = {external.host for external in externals(program)}
    call = Call(purse=purse, seed=7)
    with Engine(program, folder / "out", folder / "state", allow_external=hosts) as engine:
        again = engine.run(held, call)
        one = engine.run(take(held, np.arange(1)), call)
    check_answers(again, rows_in(held), task)
    tolerance = tolerance_of(program)
    for name in again:
        if again[name].dtype == object:
            assert again[name].tolist() == answers[name].tolist(), f"the program answers another {name!r}"
            continue
        # As in a build's proof: what rounds is judged by the size of the numbers, what is a share as it is.
        size = max(1.0, float(np.abs(answers[name]).max(initial=0.0)))
        off = float(np.abs(again[name] - answers[name]).max(initial=0.0)) / size
        assert off <= tolerance, f"the program is off by {off:g} in {name!r}"
        alone = float(np.abs(one[name] - again[name][:1]).max(initial=0.0)) / size
        assert alone <= tolerance, f"a row alone is off by {alone:g} in {name!r}"


def _check_domain(name: str, domain: Choice | Range) -> None:
    if isinstance(domain, Choice):
        assert domain.values, f"{name!r} has no values to choose from"
        return
    assert domain.low < domain.high, f"{name!r} is an empty range"
    assert not domain.log or domain.low > 0, f"{name!r} is on a log scale and begins at {domain.low}"


def _bits(table: Table) -> dict[str, Any]:
    """A form in which equal tables are equal, NaN with NaN."""
    return {
        name: column.tolist() if column.dtype == object else (str(column.dtype), column.shape, column.tobytes())
        for name, column in table.items()
    }


def _python(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cells as a request holds them: Python values, null for NaN."""

    def plain(value: Any) -> Any:
        value = value.item() if isinstance(value, np.generic) else value
        return None if isinstance(value, float) and np.isnan(value) else value

    return [{name: plain(value) for name, value in row.items()} for row in rows]


async def _awaited(found: Awaitable[Mapping[str, Array]]) -> Mapping[str, Array]:
    return await found


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
