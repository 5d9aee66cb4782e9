"""The contract of a wire protocol: one file in this folder, bound to the name `part`.

A protocol turns requests into rows and columns of answers into replies. It never scores, batches or checks values
itself: `Hosted.answer` does, so every wire gives the same answers.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.routing import BaseRoute

from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem
from smeaton.service.settings import Settings

Models = Mapping[str, Hosted]  # by name, in the order given to `serve`


class Wire(Protocol):
    """One wire protocol."""

    prefix: str  #: every path of the protocol begins with it (`/v2`); its errors are shown its way. "" takes the rest

    def routes(self, models: Models, settings: Settings) -> Sequence[BaseRoute]:
        """The routes it adds to the application."""
        ...

    def problem(self, problem: Problem) -> tuple[int, object]:
        """How an error is written in this protocol: status and JSON-able body."""
        ...
