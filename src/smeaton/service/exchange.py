"""One request and its reply as the data plane sees them, whatever the wire."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import Receive

from smeaton.runtime.call import Call
from smeaton.service.telemetry.trace import Trace

if TYPE_CHECKING:
    from smeaton.service.hosted import Hosted

Headers = tuple[tuple[bytes, bytes], ...]

JSON: Headers = ((b"content-type", b"application/json"),)


@dataclass(slots=True)
class Asked:
    """An inference request, admitted, its body read. Header names are lower-case."""

    body: bytes
    headers: Mapping[bytes, bytes]
    id: str
    wire: str
    call: Call
    trace: Trace
    receive: Receive  #: only to notice that the caller left
    alone: bool = False  #: no other request is being answered by this process

    @property
    def caller(self) -> str:
        """Name of the key it came with."""
        return self.call.caller.identity


@dataclass(slots=True)
class Reply:
    """What is sent back: a body, or `pieces` of one as they come."""

    body: bytes = b""
    status: int = 200
    headers: Headers = JSON
    pieces: AsyncGenerator[bytes, None] | None = None


#: Answers one request for one model; raises Problem, RowsError or CallError.
Ask = Callable[["Hosted", Asked], Awaitable[Reply]]
