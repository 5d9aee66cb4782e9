"""The contract of a wire protocol: one file in this folder, bound to the name `part`.

A protocol turns requests into rows and columns of answers into replies. It never scores, batches or checks values
itself: `Hosted.answer` does, so every wire gives the same answers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from starlette.routing import BaseRoute

from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem

Models = Mapping[str, Hosted]  # by name, in the order given to `serve`


class Wire(Protocol):
    """One wire protocol."""

    prefix: str  #: every path of the protocol begins with it; errors under it are shown its way

    def routes(self, models: Models) -> Sequence[BaseRoute]:
        """The routes it adds to the application."""
        ...

    #: How an error is written in this protocol: a JSON-able body.
    problem: Callable[[Problem], dict[str, object]]
