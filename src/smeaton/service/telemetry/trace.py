"""`Trace`: where one request stands in a distributed trace (W3C Trace Context Level 2, headers in and out).

A request that names its trace is a child in it; one that names none, or names it wrongly, starts a new trace. Ids of
our own are made when somebody asks for them, so a request that nobody traces pays for none.

Ids come from a Mersenne Twister seeded by the operating system. An id must be unique and, where the random flag is set,
uniform over its right-most 56 bits (section 3.2.2.5 "random-trace-id"); it is no secret and opens nothing, so the fast
generator is right and reading from the operating system for each request would only cost time. A child made by `fork`
seeds anew: two processes would count through the same ids otherwise.
"""

import os
import random
import re
from collections.abc import Mapping

from smeaton.service.telemetry import tracestate

SAMPLED, RANDOM = 0x01, 0x02
_KNOWN = SAMPLED | RANDOM  # the flags of level 2; all others are sent as zero
_FORM = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[^\r\n]*)?", re.DOTALL
).fullmatch
_ids = random.Random()  # noqa: S311 - an id is no secret, see above
_bits = _ids.getrandbits
os.register_at_fork(after_in_child=_ids.seed)


class Trace:
    """The trace of one request. `trace_id` and `span_id` are ours to use in logs, spans and calls to others.

    `parent_id` is the caller's span, empty where the trace starts here; `flags` the level 2 flags.
    """

    __slots__ = ("_given", "_span_id", "_trace_id", "flags", "parent_id")

    def __init__(self, trace_id: str = "", parent_id: str = "", flags: int = RANDOM, given: bytes = b"") -> None:
        self.parent_id = parent_id
        self.flags = flags
        self._trace_id = trace_id
        self._span_id = ""
        self._given = given

    @staticmethod
    def parse(traceparent: bytes | None, state: bytes | None = None) -> "Trace":
        """The trace that a request's headers name, or a new one if they name none or break the rules.

        A header that came several times is to be handed over joined by commas (RFC 9110, section 5.3): a `traceparent`
        that came twice is then no valid one.
        """
        if traceparent is None:
            return Trace()
        match = _FORM(traceparent)
        if match is None:
            return Trace()
        version, trace_id, parent_id, flags, more = match.groups()
        if more is not None and version == b"00":
            return Trace()
        return Trace(trace_id.decode(), parent_id.decode(), int(flags, 16) & _KNOWN, state or b"")

    @staticmethod
    def of(headers: Mapping[bytes, bytes]) -> "Trace":
        """The trace that a request's headers (lower-case names) name, or a new one."""
        return Trace.parse(headers.get(b"traceparent"), headers.get(b"tracestate"))

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits, the same in every service the trace passes."""
        if not self._trace_id:
            self._trace_id = f"{_bits(128) or 1:032x}"
        return self._trace_id

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits: this request's own span."""
        if not self._span_id:
            self._span_id = new_span_id()
        return self._span_id

    @property
    def sampled(self) -> bool:
        """Whether somebody records this trace."""
        return self.flags & SAMPLED != 0

    @sampled.setter
    def sampled(self, sampled: bool) -> None:
        self.flags = self.flags | SAMPLED if sampled else self.flags & ~SAMPLED

    @property
    def state(self) -> str:
        """The `tracestate` to send along: our span first, then what others wrote."""
        return tracestate.pass_on(self._given, self.span_id)

    def header(self) -> str:
        """The `traceparent` to send along, and the value of `traceresponse`: this request's span as the parent."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    def response(self) -> tuple[bytes, bytes]:
        """The header `traceresponse`: to be sent to callers that gave a `traceparent`, for they alone trace."""
        return b"traceresponse", self.header().encode()


def new_span_id() -> str:
    """16 hexadecimal digits that no other span has."""
    return f"{_bits(64) or 1:016x}"
