"""The meter counts what one fit spends and passes everything on."""

from pathlib import Path

import pytest

from smeaton.errors import OutOfMoney
from smeaton.llm.ledger import Ledger
from smeaton.llm.purse import Replies
from smeaton.trials.purse import Meter


def test_it_counts_its_own_share(tmp_path: Path) -> None:
    other = Ledger(tmp_path / "ledger.db", cap=1.0)
    other.settle(other.reserve(0.3, "another fit"), 0.3)
    meter = Meter(Ledger(tmp_path / "ledger.db"))
    assert isinstance(meter, Replies)
    meter.settle(meter.reserve(0.2, "a call"), 0.1)
    meter.keep(meter.reserve(0.2, "a call"), 0.15, "key", b"reply")
    assert meter.recall("key") == b"reply"
    assert meter.claim(0.2, "a call", "key") is None
    assert meter.spent == pytest.approx(0.25)
    assert other.used == pytest.approx(0.55)
    with pytest.raises(OutOfMoney):
        meter.reserve(0.5, "too much")
    assert meter.spent == pytest.approx(0.25)
    meter.close()
    other.close()
