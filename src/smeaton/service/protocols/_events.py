"""Server-sent events: what every wire that streams does the same way."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from smeaton.service.exchange import Asked, Headers
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem, fault, problem_of

log = logging.getLogger("smeaton.service")

EVENTS: Headers = ((b"content-type", b"text/event-stream; charset=utf-8"),)


async def guarded(
    events: AsyncGenerator[bytes, None], model: Hosted, asked: Asked, write: Callable[[Problem], bytes]
) -> AsyncGenerator[bytes, None]:
    """Events as they come. What goes wrong on the way is told in a last one, made by `write`: the status is sent."""
    async with aclosing(events):
        try:
            async for event in events:
                yield event
        except Exception as error:  # told to the caller
            problem = problem_of(error)
            if problem is None:
                log.error("a request failed", exc_info=error, extra={"request": asked.id, "model": model.name})
                model.faulted()
                problem = fault()
            yield write(problem)
