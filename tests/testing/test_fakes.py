"""The three fakes through the real engine."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.errors import Cancelled, DeadlineExceeded, OutOfMoney, ProgramError, RowsError
from smeaton.families import Refusal, Run
from smeaton.llm.ledger import Ledger
from smeaton.llm.purse import MemoryPurse
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.task.table import Table, object_column, take
from smeaton.task.types import Type
from smeaton.testing.conformance import check_answers, check_family
from smeaton.testing.fakes import HOST, Cascade, Chat, FakeFitted, Index, cascade, chat, index


def fitted(family: Any, desk: Any, scratch: Path, purse: Any = None) -> FakeFitted:
    return family.fit(desk.task, {}, desk.fold, Run(seed=1, fidelity=1, seconds=10, scratch=scratch, purse=purse))


def engine(family: Any, desk: Any, folder: Path) -> Engine:
    program = fitted(family, desk, folder / "scratch").export(folder / "out")
    return Engine(program, folder / "out", folder / "state", types=desk.task.input_types, allow_external={HOST})


def body(*texts: str) -> Table:
    return {"body": object_column(texts), "subject": object_column([None] * len(texts))}


@pytest.mark.parametrize("family", [chat, index, cascade], ids=["chat", "index", "cascade"])
def test_each_conforms_and_beats_a_constant(family: Any, desk: Any, truth: np.ndarray, tmp_path: Path) -> None:
    purse = MemoryPurse(1.0)
    check_family(family, desk.task, desk.fold, desk.profile, purse)
    with engine(family, desk, tmp_path) as running:
        answers = running.run(desk.fold.held, Call(purse=purse))
    check_answers(answers, len(truth), desk.task)
    right = [desk.task.labels.index(label) for label in answers["prediction"]] == truth
    assert right.mean() > 0.9


def test_they_refuse_what_they_cannot_solve(desk: Any) -> None:
    numbers = desk.task.with_(output={"price": Type(type="number")})
    no_text = desk.task.with_(inputs={"age": Type(type="number")})
    for family in (chat, index, cascade):
        assert isinstance(family.space(numbers, desk.profile), Refusal)
        assert isinstance(family.space(no_text, desk.profile), Refusal)
    assert chat.space(desk.task, desk.profile).external == (HOST,)
    assert index.space(desk.task, desk.profile).external == ()


# --- chat ---


def test_money_is_reserved_before_and_settled_after(desk: Any, tmp_path: Path) -> None:
    with engine(Chat(price=0.01), desk, tmp_path) as running:
        purse = MemoryPurse(0.10)
        running.run(take(desk.fold.held, np.arange(10)), Call(purse=purse))
        assert (purse.spent, purse.reserved) == (0.10, 0.0)
        with pytest.raises(OutOfMoney, match="no money was given"):
            running.run(take(desk.fold.held, np.arange(1)))


def test_money_is_never_overspent_however_many_ask_at_once(desk: Any, tmp_path: Path) -> None:
    with engine(Chat(price=0.01, delay=0.005), desk, tmp_path) as running:
        ledger = Ledger(tmp_path / "ledger.db", cap=0.05)
        with pytest.raises(OutOfMoney):
            running.run(desk.fold.held, Call(purse=ledger))
        assert ledger.used == pytest.approx(0.05)
        kept = running.run(take(desk.fold.held, np.arange(5)), Call(purse=ledger))  # paid for before: not again
        assert kept["error"].tolist() == [None] * 5
        assert ledger.used == pytest.approx(0.05)
        ledger.close()


def test_failures_nonsense_and_slowness_are_errors_of_their_row(desk: Any, tmp_path: Path) -> None:
    faults = {"fails": "fail", "odd": "nonsense", "late": "slow"}
    purse = MemoryPurse(1.0)
    with engine(Chat(price=0.01, delay=0.01, timeout=0.1, faults=faults), desk, tmp_path) as running:
        answers = running.run(body("crash fails", "crash odd", "crash late", "crash"), Call(purse=purse))
    assert answers["error"].tolist() == [
        f"{HOST} failed",
        "replied 'I would rather not say', which is none of the labels",
        "no reply within 0.1 s",
        None,
    ]
    assert answers["prediction"].tolist() == [None, None, None, "bug"]
    assert purse.spent == pytest.approx(0.03)  # the failed call is not billed
    assert np.isfinite(answers["probability"]).all()


@pytest.mark.parametrize("how", ["deadline", "left"])
def test_a_call_that_is_over_ends_and_is_booked(desk: Any, tmp_path: Path, how: str) -> None:
    with engine(Chat(price=0.01, delay=5), desk, tmp_path) as running:
        start = time.monotonic()
        call = Call(purse=(purse := MemoryPurse(1.0)))
        if how == "deadline":
            call.deadline = start + 0.1
        else:
            call.cancelled = lambda: time.monotonic() > start + 0.1
        with pytest.raises(DeadlineExceeded if how == "deadline" else Cancelled):
            running.run(body("crash", "refund"), call)
        assert time.monotonic() - start < 0.6
        assert purse.reserved == 0
        assert purse.spent == pytest.approx(0.02)  # both were under way and may be billed


def test_an_external_program_runs_only_where_its_host_is_allowed(desk: Any, tmp_path: Path) -> None:
    program = fitted(chat, desk, tmp_path).export(tmp_path / "out")
    with pytest.raises(ProgramError, match="not allowed"):
        Engine(program, tmp_path / "out")


def test_rows_go_side_by_side(desk: Any, tmp_path: Path) -> None:
    with engine(Chat(price=0, delay=0.1), desk, tmp_path) as running:
        start = time.monotonic()
        running.run(take(desk.fold.held, np.arange(8)))
        assert time.monotonic() - start < 0.5


# --- index ---


def test_a_written_document_is_answered_with_at_once(desk: Any, tmp_path: Path) -> None:
    with engine(index, desk, tmp_path) as running:
        assert running.run(body("zebra crossing"))["error"][0] == "no document has any of these words"
        assert running.write("index", [{"text": "my zebra", "answer": "how-to"}]) == 1
        start = time.monotonic()
        assert running.run(body("zebra crossing"))["prediction"][0] == "how-to"
        assert time.monotonic() - start < 1
    with Engine(running.program, running.folder, tmp_path / "state") as again:
        assert again.run(body("zebra crossing"))["prediction"][0] == "how-to"
        assert again.state_revision == 1


@pytest.mark.parametrize(
    "item", [{"text": "x"}, {"answer": "bug"}, {"text": 3, "answer": "bug"}, {"text": "x", "answer": "nobody"}]
)
def test_what_is_no_document_is_refused_whole(desk: Any, tmp_path: Path, item: dict[str, Any]) -> None:
    with engine(index, desk, tmp_path) as running:
        with pytest.raises(RowsError, match="row 1"):
            running.write("index", [{"text": "zebra", "answer": "bug"}, item])
        assert running.state_revision == 0
        assert running.run(body("zebra"))["prediction"][0] is None


WRITER = """
import sys
from pathlib import Path
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program
folder = Path(sys.argv[1])
running = Engine(open_program(folder / "out"), folder / "out", folder / "state")
for number in range(100_000):
    running.write("index", [{"text": f"word{number}a word{number}b", "answer": "bug"}])
    print(number, flush=True)
"""


@pytest.mark.slow
def test_kill_9_in_a_write_loses_nothing_that_was_confirmed(desk: Any, tmp_path: Path) -> None:
    engine(index, desk, tmp_path).close()
    confirmed = 0
    for pause in (0.05, 0.11, 0.17):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        last = int(writer.stdout.readline())
        time.sleep(pause)
        os.kill(writer.pid, signal.SIGKILL)
        last = max([last, *map(int, writer.stdout.read().split("\n")[:-1])])
        writer.wait()
        writer.stdout.close()
        confirmed += last + 1
        with engine(index, desk, tmp_path) as running:
            assert running.state_revision in (confirmed, confirmed + 1)  # one may be on disk and not yet confirmed
            asked = running.run(body(*(f"word{number}a" for number in range(last + 1))))
            assert asked["prediction"].tolist() == ["bug"] * (last + 1)
            confirmed = int(running.state_revision or 0)


# --- cascade ---


def test_the_cascade_asks_the_chat_only_where_the_index_is_unsure(desk: Any, tmp_path: Path) -> None:
    family = Cascade(Index(unsure=0.5), Chat(price=0.01))
    purse = MemoryPurse(1.0)
    with engine(family, desk, tmp_path) as running:
        sure = running.run(body("crash error trace"), Call(purse=purse))
        assert (sure["prediction"][0], purse.spent) == ("bug", 0.0)
        unsure = running.run(body("xylophone", "crash error trace"), Call(purse=purse))
        assert unsure["error"].tolist() == [None, None]
        assert purse.spent == pytest.approx(0.01)


def test_the_last_step_streams_and_the_deltas_are_the_answer(desk: Any, tmp_path: Path) -> None:
    from smeaton.runtime.stream import cell_text

    with engine(Cascade(Index(unsure=0.99), Chat(price=0.01, delay=0.01)), desk, tmp_path) as running:
        plain = running.run(desk.fold.held, Call(purse=MemoryPurse(1.0)))

        async def pieces() -> list[tuple[int, str, str]]:
            call = Call(purse=MemoryPurse(1.0))
            return [delta async for delta in running.astream(desk.fold.held, call)]

        found = asyncio.run(pieces())
    cells: dict[tuple[int, str], list[str]] = {}
    for row, name, text in found:
        cells.setdefault((row, name), []).append(text)
    assert any(len(parts) > 1 for parts in cells.values()), "nothing came piece by piece"
    for row in range(40):
        for name in ("prediction", "probability", "error"):
            assert "".join(cells.get((row, name), [])) == (cell_text(plain[name][row]) or "")
