"""`Meter`: a purse that counts what passes through it, so that each fit knows its own share of the common ledger."""

import threading

from smeaton.llm.ledger import Ledger

#: The one file that all of a build draws on, in its folder.
LEDGER_FILE = "ledger.db"


class Meter:
    """Passes everything on to the ledger. `spent` are the dollars settled through it; safe to use from many threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self.spent = 0.0

    def reserve(self, amount: float, why: str) -> str:
        """Set money aside; see `Purse`."""
        return self._ledger.reserve(amount, why)

    def settle(self, ticket: str, amount: float) -> None:
        """Book a cost; see `Purse`."""
        self._count(amount)
        self._ledger.settle(ticket, amount)

    def recall(self, key: str) -> bytes | None:
        """A reply that was paid for before; see `Replies`."""
        return self._ledger.recall(key)

    def claim(self, amount: float, why: str, key: str) -> str | None:
        """Set money aside for a reply that nobody else asks for; see `Replies`."""
        return self._ledger.claim(amount, why, key)

    def keep(self, ticket: str, amount: float, key: str, reply: bytes) -> None:
        """Book a cost and keep its reply; see `Replies`."""
        self._count(amount)
        self._ledger.keep(ticket, amount, key, reply)

    def close(self) -> None:
        """Close the ledger's file."""
        self._ledger.close()

    def _count(self, amount: float) -> None:
        with self._lock:
            self.spent += amount


class Fresh:
    """A purse that pays and recalls nothing: what is measured has to be asked anew. `spent` as a `Meter` has it."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    @property
    def spent(self) -> float:
        """Dollars settled so far."""
        return self._meter.spent

    def reserve(self, amount: float, why: str) -> str:
        """Set money aside; see `Purse`."""
        return self._meter.reserve(amount, why)

    def settle(self, ticket: str, amount: float) -> None:
        """Book a cost; see `Purse`."""
        self._meter.settle(ticket, amount)
