import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smeaton.errors import DataError, OutOfMoney
from smeaton.llm import ledger as module
from smeaton.llm.ledger import Ledger, alive, process_mark
from smeaton.llm.purse import Replies, reply_key


def test_money_is_reserved_before_and_settled_after(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", 1.0)
    ticket = ledger.reserve(0.6, "a call")
    with pytest.raises(OutOfMoney, match=r"another call may cost \$0\.500000, and \$0\.400000 is left"):
        ledger.reserve(0.5, "another call")
    ledger.settle(ticket, 0.1)
    assert (ledger.cap, ledger.used, ledger.left) == (1.0, 0.1, 0.9)
    with pytest.raises(ValueError, match="no open reservation"):
        ledger.settle(ticket, 0.1)


def test_a_call_dearer_than_its_bound_is_booked_and_said(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", 1.0)
    with pytest.raises(OutOfMoney, match="more than"):
        ledger.settle(ledger.reserve(0.1, ""), 0.7)
    assert ledger.used == 0.7


def test_the_cap_is_stored_and_can_be_raised(tmp_path: Path) -> None:
    Ledger(tmp_path / "l.db", 0.1).close()
    other = Ledger(tmp_path / "l.db")
    assert other.cap == 0.1
    Ledger(tmp_path / "l.db", 0.3).close()
    assert other.left == 0.3
    assert Ledger(tmp_path / "none.db").left == 0.0


def test_many_small_amounts_fill_the_cap_exactly(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", 0.3)
    for _ in range(3):
        ledger.settle(ledger.reserve(0.1, ""), 0.1)
    assert ledger.left == 0.0
    with pytest.raises(OutOfMoney):
        ledger.reserve(1e-9, "")


def test_replies_are_kept_with_their_settlement(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", 1.0)
    assert isinstance(ledger, Replies)
    key = reply_key("host", {"b": 1, "a": 2})
    assert key == reply_key("host", {"a": 2, "b": 1}) != reply_key("host", {"a": 2, "b": 2})
    assert ledger.recall(key) is None
    ledger.keep(ledger.reserve(0.5, ""), 0.2, key, b"answer")
    with pytest.raises(ValueError, match="no open"):
        ledger.keep("unknown", 0.1, "other", b"x")
    ledger.close()
    again = Ledger(tmp_path / "l.db")
    assert (again.recall(key), again.recall("other"), again.used) == (b"answer", None, 0.2)


def test_a_question_is_claimed_by_one_at_a_time(tmp_path: Path) -> None:
    one, other = Ledger(tmp_path / "l.db", 1.0), Ledger(tmp_path / "l.db")
    first = one.claim(0.2, "a call", "key")
    assert first is not None
    assert other.claim(0.2, "a call", "key") is None
    assert other.claim(0.2, "a call", "another") is not None
    one.settle(first, 0.0)  # it failed: who waited may ask now
    second = other.claim(0.2, "a call", "key")
    assert second is not None
    other.keep(second, 0.1, "key", b"answer")
    assert one.claim(0.2, "a call", "key") is None
    assert one.recall("key") == b"answer"
    assert one.used == pytest.approx(0.3)
    with pytest.raises(OutOfMoney):
        one.claim(0.8, "too dear", "third")


def test_the_claim_of_a_dead_process_holds_nobody_up(tmp_path: Path) -> None:
    text = "import sys; from pathlib import Path; from smeaton.llm.ledger import Ledger; "
    text += "print(Ledger(Path(sys.argv[1]), 1.0).claim(0.2, '', 'key'))"
    subprocess.run([sys.executable, "-c", text, str(tmp_path / "l.db")], check=True)
    ledger = Ledger(tmp_path / "l.db")
    assert ledger.claim(0.2, "a call", "key") is not None
    assert ledger.used == pytest.approx(0.4)  # what the dead one asked may have been billed


def test_a_daily_cap_forgets_what_was_settled_yesterday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "l.db", 1.0, daily=True)
    day = 86_400 * 20_000.0
    monkeypatch.setattr(module.time, "time", lambda: day + 86_399)
    ledger.settle(ledger.reserve(0.4, ""), 0.4)
    ledger.reserve(0.5, "still open")
    monkeypatch.setattr(module.time, "time", lambda: day + 86_401)
    assert ledger.used == 0.5


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_amounts_are_numbers(tmp_path: Path, amount: float) -> None:
    with pytest.raises(ValueError, match="amount of money"):
        Ledger(tmp_path / "l.db", 1.0).reserve(amount, "")


def test_a_ledger_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(DataError, match="ledger cannot be used"):
        Ledger(tmp_path / "l.db", 1.0)


def test_marks_tell_living_from_dead_processes() -> None:
    assert alive(process_mark())
    boot, pid, started = process_mark().rsplit(":", 2)
    assert not alive(f"{boot}:{pid}:{int(started) + 1}")
    assert not alive(f"another:{pid}:{started}")
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not alive(f"{boot}:{process.pid}:1")


def test_threads_share_the_cap(tmp_path: Path) -> None:
    ledger, kept = Ledger(tmp_path / "l.db", 0.01), []

    def spend() -> None:
        for _ in range(20):
            try:
                ticket = ledger.reserve(0.001, "")
            except OutOfMoney:
                return
            ledger.settle(ticket, 0.0007)
            kept.append(1)

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.used == pytest.approx(0.0007 * len(kept))
    assert ledger.used <= 0.01


class Money(RuleBasedStateMachine):
    """Two openings of one ledger against a plain model in nanodollars."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        path = self.folder / f"{os.urandom(6).hex()}.db"
        self.ledgers = [Ledger(path, 1.0), Ledger(path)]
        self.open: dict[str, int] = {}
        self.spent = 0

    @rule(amount=st.integers(0, 600_000_000), who=st.booleans())
    def reserve(self, amount: int, who: bool) -> None:
        fits = self.spent + sum(self.open.values()) + amount <= 1_000_000_000
        if fits:
            self.open[self.ledgers[who].reserve(amount / 1e9, "x")] = amount
        else:
            with pytest.raises(OutOfMoney):
                self.ledgers[who].reserve(amount / 1e9, "x")

    @precondition(lambda self: self.open)
    @rule(share=st.floats(0, 1), who=st.booleans())
    def settle(self, share: float, who: bool) -> None:
        ticket, reserved = self.open.popitem()
        cost = int(reserved * share)
        self.ledgers[who].settle(ticket, cost / 1e9)
        self.spent += cost

    @invariant()
    def never_overspent(self) -> None:
        assert round(self.ledgers[0].used * 1e9) == self.spent + sum(self.open.values()) <= 1_000_000_000

    def teardown(self) -> None:
        for ledger in self.ledgers:
            ledger.close()


def test_any_order_of_calls_keeps_the_cap(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    Money.folder = tmp_path
    run_state_machine_as_test(Money, settings=settings(max_examples=10, stateful_step_count=15, deadline=None))


SPENDER = """
import sys
from pathlib import Path
from smeaton.errors import OutOfMoney
from smeaton.llm.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
print("go", flush=True)
while True:
    try:
        ticket = ledger.reserve(0.003, "call")
    except OutOfMoney:
        print("out", flush=True)
        break
    ledger.settle(ticket, 0.001)
    print("paid", flush=True)
"""


@pytest.mark.slow
def test_processes_and_kill_9_never_overspend(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path, 0.5)
    acknowledged = 0
    for life in range(4):
        processes = [
            subprocess.Popen([sys.executable, "-c", SPENDER, str(path)], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            for _ in range(4 + 5 * life):
                if process.stdout.readline() == "paid\n":
                    acknowledged += 1
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
            assert process.stdout is not None
            acknowledged += process.stdout.read().count("paid\n")
            process.wait()
            process.stdout.close()
        assert ledger.used <= 0.5
        assert ledger.used >= acknowledged * 0.001 - 1e-9
    before, freed = ledger.used, ledger.release_dead()
    assert ledger.used == pytest.approx(before - freed)
    mine = ledger.reserve(0.001, "alive")
    assert ledger.release_dead() == 0.0
    ledger.settle(mine, 0.0)
