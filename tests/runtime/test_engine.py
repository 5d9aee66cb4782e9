import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.errors import Cancelled, DataError, DeadlineExceeded, OutOfMoney, ProgramError, RowsError
from smeaton.llm.purse import MemoryPurse
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.program import Program, Step
from smeaton.task.table import object_column
from smeaton.task.types import Type

pytestmark = pytest.mark.usefixtures("ops")

NUMBERS = {"x": np.array([1.0, 2.0, 3.0])}
WORDS = {"x": object_column(["a b", "c", "d e f"])}


def step(op: str, inputs: str, outputs: str, **more: Any) -> Step:
    return Step(op=op, inputs=tuple(inputs.split()), outputs=tuple(outputs.split()), **more)


def engine(*steps: Step, outputs: str = "prediction", inputs: str = "x", **more: Any) -> Engine:
    program = Program(inputs=tuple(inputs.split()), steps=steps, outputs=tuple(outputs.split()))
    return Engine(program, more.pop("folder", Path(".")), **more)


def cascade(than: float, last: Step | None = None) -> Engine:
    """Rows with x > than are doubled, the others become -1."""
    return engine(
        step("constant", "x", "cheap", args={"value": -1.0}),
        step("above", "x", "unsure", args={"than": than}),
        last or step("double", "x", "prediction", when="unsure", otherwise=("cheap",)),
    )


def test_plain_steps_run_without_an_event_loop() -> None:
    with engine(step("double", "x", "y"), step("double", "y", "prediction")) as loaded:
        assert loaded.effect == "pure"
        assert not loaded.is_async
        assert loaded.predict(NUMBERS)["prediction"].tolist() == [4.0, 8.0, 12.0]
        assert loaded._background._thread is None


def test_an_empty_table_gives_an_empty_answer() -> None:
    assert engine(step("double", "x", "prediction")).run({"x": np.zeros(0)})["prediction"].shape == (0,)


@pytest.mark.parametrize(
    ("than", "expected"), [(1.5, [-1.0, 4.0, 6.0]), (0.0, [2.0, 4.0, 6.0]), (9.0, [-1.0, -1.0, -1.0])]
)
def test_only_rows_that_are_true_go_through(than: float, expected: list[float]) -> None:
    answer = cascade(than).run(NUMBERS)["prediction"]
    assert answer.tolist() == expected
    assert answer.dtype == np.float64


def test_an_empty_subset_skips_the_step() -> None:
    failing = step("bad", "x", "prediction", when="unsure", otherwise=("cheap",), args={"how": "none"})
    assert cascade(9.0, failing).run(NUMBERS)["prediction"].tolist() == [-1.0, -1.0, -1.0]
    with pytest.raises(ProgramError, match="did not answer"):
        cascade(1.5, failing).run(NUMBERS)


def test_mixed_parts_of_a_cascade_become_objects() -> None:
    answer = cascade(1.5, step("label", "x", "prediction", when="unsure", otherwise=("cheap",))).run(NUMBERS)
    assert answer["prediction"].tolist() == [-1.0, "2", "3"]
    assert answer["prediction"].dtype == object


def test_null_in_when_counts_as_not_true() -> None:
    loaded = engine(step("double", "x", "prediction", when="go", otherwise=("x",)), inputs="x go")
    go = object_column([True, None, False])
    assert loaded.run(NUMBERS | {"go": go})["prediction"].tolist() == [2.0, 2.0, 3.0]
    with pytest.raises(ProgramError, match="boolean"):
        loaded.run(NUMBERS | {"go": np.ones(3)})


@pytest.mark.parametrize(
    ("steps", "outputs", "reason"),
    [
        ([step("nothing", "x", "prediction")], "prediction", "no ops part"),
        ([step("double", "z", "prediction")], "prediction", "'z' is read before"),
        ([step("double", "x", "y")], "prediction", "no step writes"),
        ([step("double", "x", "x")], "x", "written twice"),
        ([step("double", "x", "y"), step("double", "x", "y")], "y", "written twice"),
        ([step("double", "x", "y", otherwise=("x",))], "y", "without `when`"),
        ([step("double", "x", "y", when="x")], "y", "one `otherwise`"),
        ([step("double", "x", "y", when="z", otherwise=("x",))], "y", "'z' is read before"),
        ([step("double", "x", "y", when="x", otherwise=("z",))], "y", "'z' is read before"),
        ([], "y", "at least one step"),
        ([Step(op="double", inputs=(), outputs=("y",))], "y", "at least one input"),
        ([step("double", "x", "y y")], "y", "twice"),
        ([step("double", "x", "y")], "y y", "twice"),
        ([step("failing", "x", "y")], "y", "not a graph"),
        ([step("double", "x", "y", files=("../secret",))], "y", "leaves"),
        ([step("double", "x", "y", files=("absent.bin",))], "y", "not there"),
        ([step("notes", "x", "y")], "y", "names no folder"),
        ([step("notes", "x", "y", state="words")], "y", "needs a state folder"),
    ],
)
def test_a_program_that_cannot_run_is_refused_at_load(steps: list[Step], outputs: str, reason: str) -> None:
    with pytest.raises(ProgramError, match=reason):
        engine(*steps, outputs=outputs)


@pytest.mark.parametrize(("how", "reason"), [("short", "answered 1 of 3"), ("other", "did not answer")])
def test_a_wrong_answer_of_an_op_is_an_error(how: str, reason: str) -> None:
    with pytest.raises(ProgramError, match=reason):
        engine(step("bad", "x", "prediction", args={"how": how})).run(NUMBERS)


def test_missing_and_uneven_columns_are_named() -> None:
    loaded = engine(step("reader", "x y", "m"), step("sums", "m", "prediction"), inputs="x y")
    with pytest.raises(DataError, match="lacks the column 'y'"):
        loaded.run(NUMBERS)
    with pytest.raises(DataError, match="x 3, y 1"):
        loaded.run(NUMBERS | {"y": np.zeros(1)})


def test_rows_take_the_fast_path_and_agree_with_the_table() -> None:
    loaded = engine(step("reader", "x y", "m"), step("sums", "m", "prediction"), inputs="x y")
    rows = [{"x": 1, "y": 2, "ignored": "z"}, {"x": 3, "y": 4}]
    assert loaded._reader is not None
    assert loaded.rows(rows)["prediction"].tolist() == [3.0, 7.0]
    assert loaded.run({"x": np.array([1.0, 3.0]), "y": np.array([2.0, 4.0])})["prediction"].tolist() == [3.0, 7.0]
    assert asyncio.run(loaded.arows(rows))["prediction"].tolist() == [3.0, 7.0]
    with pytest.raises(RowsError, match="'y'"):
        loaded.rows([{"x": 1}])


def test_rows_without_a_reader_become_columns() -> None:
    loaded = engine(step("label", "x", "prediction"))
    assert loaded.rows([{"x": 1.0}, {"x": 2.0}])["prediction"].tolist() == ["1", "2"]
    with pytest.raises(RowsError, match="row 1, column 'x': is missing"):
        loaded.rows([{"x": 1.0}, {}])


def test_optional_inputs_may_be_left_out_where_types_are_known() -> None:
    types = {"x": Type(type="text", optional=True)}
    program = Program(inputs=("x",), steps=(step("talk", "x", "prediction"),), outputs=("prediction",))
    assert Engine(program, Path("."), types=types).table([{}])["x"].tolist() == [None]


def test_a_later_reader_of_raw_inputs_turns_the_fast_path_off() -> None:
    loaded = engine(step("reader", "x", "m"), step("double", "x", "prediction"))
    assert loaded._reader is None


def test_async_steps_answer_sync_callers_even_inside_a_running_loop() -> None:
    loaded = engine(step("talk", "x", "prediction"))
    assert loaded.is_async

    async def inside() -> Any:
        return loaded.run(WORDS)["prediction"].tolist(), (await loaded.arun(WORDS))["prediction"].tolist()

    expected = ["A B", "C", "D E F"]
    assert loaded.run(WORDS)["prediction"].tolist() == expected
    assert asyncio.run(inside()) == (expected, expected)
    loaded.close()
    loaded.close()
    assert loaded._steps[0].runner.closed == 1  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="was closed"):
        loaded.run(WORDS)


def test_async_steps_see_only_their_rows() -> None:
    loaded = engine(
        step("label", "n", "cheap"),
        step("above", "n", "unsure", args={"than": 1.5}),
        step("talk", "x", "prediction", when="unsure", otherwise=("cheap",)),
        inputs="x n",
    )
    with loaded:
        assert loaded.run(WORDS | {"n": NUMBERS["x"]})["prediction"].tolist() == ["1", "C", "D E F"]
        assert loaded._steps[2].runner.asked == [["c", "d e f"]]  # type: ignore[attr-defined]


def test_deadline_and_cancel_are_looked_at_before_each_step() -> None:
    loaded = engine(step("double", "x", "prediction"))
    with pytest.raises(DeadlineExceeded):
        loaded.run(NUMBERS, Call(deadline=time.monotonic() - 1))
    with pytest.raises(Cancelled):
        loaded.run(NUMBERS, Call(cancelled=lambda: True))


def test_a_step_that_waits_too_long_is_cancelled_at_the_deadline() -> None:
    with engine(step("talk", "x", "prediction", args={"seconds": 30.0})) as loaded:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            loaded.run(WORDS, Call(deadline=started + 0.1))
        assert time.monotonic() - started < 2.0
        assert loaded._steps[0].runner.cancelled == 1  # type: ignore[attr-defined]


def deltas(loaded: Engine, table: Any, call: Call | None = None) -> list[tuple[int, str, str]]:
    async def collect() -> list[tuple[int, str, str]]:
        return [delta async for delta in loaded.astream(table, call)]

    return asyncio.run(collect())


def test_streamed_deltas_joined_equal_the_plain_answer() -> None:
    with engine(
        step("label", "n", "other"), step("talk", "x", "prediction"), outputs="prediction other", inputs="x n"
    ) as e:
        table = WORDS | {"n": NUMBERS["x"]}
        found = deltas(e, table)
        plain = e.run(table)
        for row in range(3):
            for name in ("prediction", "other"):
                assert "".join(text for r, n, text in found if (r, n) == (row, name)) == plain[name][row]
        assert len(found) == 3 + 6
        with_rows = [{"x": "a b", "n": 1.0}]

        async def first() -> Any:
            return [delta async for delta in e.astream_rows(with_rows)][-1]

        assert asyncio.run(first()) == (0, "prediction", " B")


def test_a_step_that_cannot_stream_gives_one_delta_a_cell() -> None:
    assert deltas(engine(step("double", "x", "prediction")), {"x": np.array([1.0, np.nan])}) == [
        (0, "prediction", "2.0")
    ]


def test_a_streamed_last_step_with_when() -> None:
    loaded = engine(
        step("label", "n", "cheap"),
        step("above", "n", "unsure", args={"than": 1.5}),
        step("talk", "x", "prediction", when="unsure", otherwise=("cheap",)),
        inputs="x n",
    )
    found = deltas(loaded, WORDS | {"n": np.array([2.0, 1.0, 3.0])})
    assert found == [
        (1, "prediction", "1"), (0, "prediction", "A"), (0, "prediction", " B"),
        (2, "prediction", "D"), (2, "prediction", " E"), (2, "prediction", " F"),
    ]  # fmt: skip


def test_stream_misuse_and_deadline() -> None:
    with pytest.raises(ProgramError, match="streamed row 9"):
        deltas(engine(step("talk", "x", "prediction", args={"shift": 9})), WORDS)
    with pytest.raises(DeadlineExceeded):
        deltas(
            engine(step("talk", "x", "prediction", args={"seconds": 9.0})), WORDS, Call(deadline=time.monotonic() + 0.1)
        )


CHAT = {"host": "chat.example", "price": 0.01}


def test_external_steps_are_refused_unless_their_host_is_named() -> None:
    with pytest.raises(ProgramError, match=r"chat\.example.*\n.*--allow-external chat\.example"):
        engine(step("chat", "x", "prediction", args=CHAT))
    with pytest.raises(ProgramError, match="names no host"):
        engine(step("chat", "x", "prediction"), allow_external={"chat.example"})
    with pytest.raises(ProgramError, match="no price"):
        engine(step("chat", "x", "prediction", args={"host": "h", "price": -1}), allow_external={"h"})


def test_paid_steps_need_money_and_the_effect_is_the_strongest() -> None:
    loaded = engine(
        step("label", "n", "y"),
        step("chat", "x", "prediction", args=CHAT),
        inputs="x n",
        allow_external=["chat.example"],
    )
    table = WORDS | {"n": NUMBERS["x"]}
    with loaded:
        assert loaded.effect == "external"
        with pytest.raises(OutOfMoney):
            loaded.run(table)
        assert loaded.run(table, Call(purse=MemoryPurse(1.0)))["prediction"][1] == "C"


def test_code_runs_only_when_trusted_by_name(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    code = step("code", "x", "prediction", files=("mine.py",))
    with pytest.raises(ProgramError, match=r"mine\.py"):
        engine(code, folder=tmp_path)
    assert engine(code, folder=tmp_path, trust=("mine.py",)).run(NUMBERS)["prediction"].tolist() == [2.0, 4.0, 6.0]


def test_a_state_step_learns_and_remembers(tmp_path: Path) -> None:
    notes = step("notes", "x", "prediction", state="words")
    with engine(notes, state=tmp_path) as loaded:
        assert (loaded.effect, loaded.state_revision) == ("state", 0)
        assert loaded.write("words", [{"word": "c"}, {"word": "q"}]) == 1
        assert loaded.write(None, [{"word": "a b"}]) == 2
        assert loaded.run(WORDS)["prediction"].tolist() == [1.0, 1.0, 0.0]
        with pytest.raises(ProgramError, match="name one of: words"):
            loaded.write("other", [])
        with pytest.raises(DataError, match="another process"):
            engine(notes, state=tmp_path)
    with engine(notes, state=tmp_path) as again:
        assert again.state_revision == 2
        assert again.run(WORDS)["prediction"].tolist() == [1.0, 1.0, 0.0]
    assert engine(step("double", "x", "prediction")).state_revision is None


def test_a_failed_load_gives_the_state_back(tmp_path: Path) -> None:
    notes = step("notes", "x", "y", state="words")
    with pytest.raises(ProgramError, match="not a graph"):
        engine(notes, step("failing", "x", "prediction"), state=tmp_path)
    program = Program(inputs=("x",), steps=(notes, step("failing", "x", "prediction")), outputs=("prediction",))
    with pytest.raises(ProgramError, match="not a graph"):  # not: in use
        Engine(program, Path("."), state=tmp_path)


def test_an_engine_is_a_fitted_and_exports_itself(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "numbers.bin").write_bytes(b"123")
    loaded = engine(step("double", "x", "prediction", files=("numbers.bin",)), folder=tmp_path / "a")
    program = loaded.export(tmp_path / "b")
    assert Engine(program, tmp_path / "b").predict(NUMBERS)["prediction"].tolist() == [2.0, 4.0, 6.0]
    assert (tmp_path / "b" / "numbers.bin").read_bytes() == b"123"


def test_a_fault_in_an_op_names_the_step() -> None:
    with pytest.raises(TypeError) as caught:
        cascade(0.0).run({"x": object_column(["a"])})
    assert "step 2 (above)" in caught.value.__notes__[0]


def test_own_overhead_of_one_row_is_a_few_microseconds() -> None:
    loaded = engine(step("reader", "x y", "m"), step("sums", "m", "prediction"), inputs="x y")
    rows = [{"x": 1.0, "y": 2.0}]
    reader, sums, call = loaded._steps[0].runner, loaded._steps[1].runner, Call()

    def bare() -> None:
        sums(reader.rows(rows), call)  # type: ignore[attr-defined]

    def best(work: Any) -> float:
        times = []
        for _ in range(40):
            started = time.perf_counter()
            for _ in range(200):
                work()
            times.append((time.perf_counter() - started) / 200)
        return min(times)

    assert best(lambda: loaded.rows(rows)) - best(bare) < 20e-6  # about 3 us; a busy machine is not a failure
