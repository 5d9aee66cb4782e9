"""The three fakes of `smeaton.testing` from a task file to a bundle that answers: money, state and a cascade."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

import smeaton
from smeaton.bundle.read import open_bundle
from smeaton.errors import NotReady, OutOfMoney, ProgramError
from smeaton.flow.build import board
from smeaton.llm.ledger import Ledger
from smeaton.runtime.call import Call
from smeaton.task.table import object_column

pytestmark = pytest.mark.slow

FAKES = """
from smeaton.testing.fakes import Cascade, Chat, Index

chat = Chat(price=0.0005)
faulty = Chat(price=0.0005, faults={"broken": "fail", "odd": "nonsense"})
index = Index()
cascade = Cascade(chat=chat)
"""
TASK = """\
smeaton: 1
name: moods
data: moods.csv
inputs: {body: text}
output: {mood: [happy, sad]}
metric: accuracy
solutions: {only: [baseline], add: ["fakes.py:%s"]}
budget: {time: 20s, money: %s}
privacy: {external: %s}
"""
PRICE = 0.0005


def write(folder: Path, name: str, money: str = "$2", external: str = "true", rows: int = 120) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "fakes.py").write_text(FAKES)
    words = {"happy": "glad sun smile", "sad": "rain grey tears"}
    lines = ["body,mood"]
    for number in range(rows):
        mood = ("happy", "sad")[number % 2]
        fault = {2: "broken", 5: "odd"}.get(number % 10, "plain")
        lines.append(f"{words[mood].split()[number % 3]} {fault} number {number // 2},{mood}")
    (folder / "moods.csv").write_text("\n".join(lines) + "\n")
    (folder / "smeaton.yaml").write_text(TASK % (name, money, external))
    return folder


def spent(folder: Path) -> float:
    (path,) = (folder / ".smeaton").glob("*/ledger.db")
    return Ledger(path).used


def test_chat_from_task_to_bundle(tmp_path: Path) -> None:
    built = smeaton.build(write(tmp_path, "chat"))
    assert built.outcome == "ready", built.reasons
    assert built.winner == "fakes.py:chat"
    assert 120 * PRICE * 0.8 <= spent(tmp_path) <= 2.0
    row = built.board[built.board.winner or ""]
    assert row.cost is not None
    assert row.cost.cost_per_1k == pytest.approx(1000 * PRICE, rel=0.2)
    assert built.bundle is not None
    opened = open_bundle(built.bundle)
    with pytest.raises(ProgramError, match=r"chat\.example"):
        opened.engine()
    with opened.engine(allow_external=("chat.example",)) as engine:
        with pytest.raises(OutOfMoney):
            engine.rows([{"body": "glad plain"}])
        purse = Ledger(tmp_path / "purse.db", cap=2.5 * PRICE)
        answers = engine.rows([{"body": "glad plain"}, {"body": "rain plain"}], Call(purse=purse))
        assert answers["prediction"].tolist() == ["happy", "sad"]
        with pytest.raises(OutOfMoney):
            engine.rows([{"body": "glad fresh"}], Call(purse=purse))
        assert purse.used <= 2.5 * PRICE


def test_invalid_answers_are_scored_as_wrong(tmp_path: Path) -> None:
    built = smeaton.build(write(tmp_path, "faulty"))
    row = built.board[next(row.key for row in built.board.rows if row.family == "fakes.py:faulty")]
    assert row.score is not None
    assert row.score.value == pytest.approx(0.8, abs=0.05), "two of ten rows fail or are nonsense"


@pytest.mark.parametrize("money", ["$0.02", "$0.05", "$0.056", "$0.061", "$0.07"])
def test_money_is_never_overspent(money: str, tmp_path: Path) -> None:
    built = smeaton.build(write(tmp_path, "chat", money=money))
    assert spent(tmp_path) <= float(money[1:]) + 1e-9
    assert built.bundle is not None
    assert built.exit_code in (0, 3, 4)


def test_no_money_and_no_leave_are_refusals(tmp_path: Path) -> None:
    for name, money, external, word in (("a", "$0", "true", "budget.money"), ("b", "$1", "false", "privacy.external")):
        built = smeaton.build(write(tmp_path / name, "chat", money, external))
        assert built.exit_code == 4
        (row,) = (row for row in board(tmp_path / name).rows if row.family == "fakes.py:chat")
        assert row.state == "refused"
        assert word in row.why
        assert not list((tmp_path / name / ".smeaton").glob("*/ledger.db")) or spent(tmp_path / name) == 0


def test_masked_columns_are_never_sent(tmp_path: Path) -> None:
    folder = write(tmp_path, "chat")
    text = (folder / "smeaton.yaml").read_text()
    (folder / "smeaton.yaml").write_text(text.replace("{external: true}", "{external: true, mask: [body]}"))
    smeaton.build(folder)
    (row,) = (row for row in board(folder).rows if row.family == "fakes.py:chat")
    assert row.state == "refused"
    assert "mask" in row.why
    assert spent(folder) == 0


def test_index_learns_after_shipping(tmp_path: Path) -> None:
    built = smeaton.build(write(tmp_path, "index"))
    assert built.outcome == "ready", built.reasons
    assert built.bundle is not None
    with smeaton.load(built.bundle, state=tmp_path / "state") as model:
        assert model.predict({"body": "glad"})["prediction"] == "happy"
        assert model.predict({"body": "zebra"})["error"]
        model.engine.write(None, [{"text": "zebra stripes", "answer": "sad"}])
        assert model.predict({"body": "zebra"})["prediction"] == "sad"
    with smeaton.load(built.bundle, state=tmp_path / "state") as model:
        assert model.predict({"body": "zebra"})["prediction"] == "sad"


def test_cascade_streams_its_last_step(tmp_path: Path) -> None:
    built = smeaton.build(write(tmp_path, "cascade"))
    assert built.bundle is not None
    assert built.winner == "fakes.py:cascade", built.summary()
    opened = open_bundle(built.bundle)
    rows = {"body": object_column(["glad plain", "unheard words"])}
    purse = Ledger(tmp_path / "purse.db", cap=1.0)
    with opened.engine(state_dir=tmp_path / "state", allow_external=("chat.example",)) as engine:

        async def collect() -> dict[tuple[int, str], str]:
            pieces: dict[tuple[int, str], str] = {}
            async for row, name, delta in engine.astream(rows, Call(purse=purse)):
                pieces[row, name] = pieces.get((row, name), "") + delta
            return pieces

        pieces = asyncio.run(collect())
        whole = engine.run(rows, Call(purse=purse))
    assert [pieces[row, "prediction"] for row in range(2)] == whole["prediction"].tolist()


def test_a_bundle_that_is_not_ready_is_not_served(tmp_path: Path) -> None:
    folder = write(tmp_path, "index")
    with (folder / "smeaton.yaml").open("a") as stream:
        stream.write("limits: {size: 1B}\n")
    built = smeaton.build(folder)
    assert built.outcome == "not ready"
    assert built.bundle is not None
    with pytest.raises(NotReady):
        open_bundle(built.bundle).require_ready()


def test_the_ledger_is_one_file(tmp_path: Path) -> None:
    """A second build of the same task does not spend the money anew: its trials are kept."""
    smeaton.build(write(tmp_path, "chat"))
    before = spent(tmp_path)
    smeaton.build(tmp_path)
    assert spent(tmp_path) - before < 0.5 * before
    (path,) = (tmp_path / ".smeaton").glob("*/ledger.db")
    assert sqlite3.connect(path).execute("pragma integrity_check").fetchone() == ("ok",)


def test_predict_needs_leave_and_money(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from smeaton.cli import main

    built = smeaton.build(write(tmp_path, "faulty"))
    (tmp_path / "new.csv").write_text("body\nglad plain\nrain broken\nrain plain\n")
    command = ["predict", str(built.bundle), str(tmp_path / "new.csv"), "-o", str(tmp_path / "out.csv")]
    cases = {
        "--allow-external chat.example": [],
        "no money was given": ["--allow-external", "chat.example"],
        "nothing was written": ["--allow-external", "chat.example", "--spend", "$0.0006"],
        "an amount such as": ["--allow-external", "chat.example", "--spend", "much"],
    }
    for word, more in cases.items():
        assert main([*command, *more]) == 2
        assert word in capsys.readouterr().err
        assert not (tmp_path / "out.csv").exists()
    assert main([*command, "--allow-external", "chat.example", "--spend", "$0.01"]) == 6
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["prediction", "happy", "", "sad"]
    assert lines[2].startswith(",,,")
    assert "chat.example failed" in lines[2]


def test_money_that_runs_out_in_the_sealed_test_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["smeaton.flow.build"], "_kept_money", lambda prepared, found: 0.0)
    built = smeaton.build(write(tmp_path, "chat", money="$0.062"))
    assert spent(tmp_path) <= 0.062
    assert (built.winner, built.outcome, built.exit_code) == ("fakes.py:chat", "not ready", 3)
    assert any("the money ran out in the sealed test" in reason for reason in built.reasons)
    assert built.test is None
    assert built.as_dict()["test"] is None
    assert "not ready" in built.summary()
    assert built.bundle is not None
    open_bundle(built.bundle)


def test_leave_that_was_taken_back_lets_another_solution_win(tmp_path: Path) -> None:
    first = smeaton.build(write(tmp_path, "chat"))
    assert first.winner == "fakes.py:chat"
    built = smeaton.build(write(tmp_path, "chat", external="false"))
    assert built.winner == "baseline"
    found = {row.family: row for row in built.board.rows}
    assert found["fakes.py:chat"].state == "refused"
    assert "chat.example" in found["fakes.py:chat"].why


def test_a_mask_added_later_keeps_what_was_tried_without_it_off_the_board(tmp_path: Path) -> None:
    smeaton.build(write(tmp_path, "chat"))
    task = write(tmp_path, "chat") / "smeaton.yaml"
    task.write_text(task.read_text().replace("external: true}", "external: true, mask: [body]}"))
    built = smeaton.build(task)
    assert built.winner == "baseline"
    assert "does not mask" in next(row.why for row in built.board.rows if row.family == "fakes.py:chat")
