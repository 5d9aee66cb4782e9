"""`Witness`: who is told what a model answered: metrics, the journal, spans."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from smeaton.service.answered import Answered
from smeaton.service.exchange import Asked

if TYPE_CHECKING:
    from smeaton.service.hosted import Hosted


class Witness(Protocol):
    """Told of every run and every answered request; nothing it does may fail or wait."""

    def ran(self, model: "Hosted", rows: int, requests: int, queued: float, seconds: float) -> None:
        """A run of so many rows for so many requests took `seconds`; the first waited `queued` seconds."""
        ...

    def answered(self, model: "Hosted", asked: Asked, rows: Sequence[Any], answered: Answered, seconds: float) -> None:
        """A request was answered. `rows` are checked rows as the model takes them."""
        ...

    def streamed(
        self, model: "Hosted", asked: Asked, rows: Sequence[Any], cells: Mapping[tuple[int, str], str], seconds: float
    ) -> None:
        """A request was answered piece by piece; `cells` are the texts by row and output."""
        ...


class Nobody:
    """Nobody is told."""

    def ran(self, *_: Any) -> None:
        """Nothing is done with it."""

    def answered(self, *_: Any) -> None:
        """Nothing is done with it."""

    def streamed(self, *_: Any) -> None:
        """Nothing is done with it."""
