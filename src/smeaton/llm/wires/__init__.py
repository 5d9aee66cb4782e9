"""The contract of a wire: one format in which language models are asked, one file in this folder, bound to `part`."""

from collections.abc import AsyncGenerator
from typing import Protocol

from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask, Piece, Reply


class Connection(Protocol):
    """A pool of connections to one model. Asks once: who retries, waits and pays is above (`llm/client.py`). Used from
    one event loop."""

    async def ask(self, ask: Ask, timeout: float) -> Reply:
        """The whole reply, within `timeout` seconds.

        Raises:
            ProviderError: there is none; its `kind` says why.
        """
        ...

    def stream(self, ask: Ask, timeout: float) -> AsyncGenerator[Piece]:
        """The reply in pieces, the last with the whole reply. Closing the iterator ends the call.

        Raises:
            ProviderError: as `ask`, also in the middle.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Wire(Protocol):
    """A wire format."""

    def connect(self, endpoint: Endpoint) -> Connection:
        """A connection to the model of an endpoint. Nothing is sent yet.

        Raises:
            ExtraMissing: the packages of the extra `llm` are not installed.
        """
        ...
