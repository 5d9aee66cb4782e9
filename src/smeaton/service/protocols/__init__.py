"""The contract of a wire protocol: one file in this folder, bound to the name `part`.

A protocol turns requests into rows and answers into replies. It never scores, batches or checks values itself:
`Hosted.check` and `Hosted.answer` do, so every wire gives the same answers. Requests for answers take the short way
(`asks`: a plain function from `Asked` to `Reply`); all else are Starlette routes.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from starlette.routing import BaseRoute

from smeaton.service.exchange import Ask
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem

if TYPE_CHECKING:
    from smeaton.service.service import Service
    from smeaton.service.settings import Limits


class Wire(Protocol):
    """One wire protocol."""

    prefix: str  #: every path of the protocol begins with it (`/v2`); its errors are shown its way. "" takes the rest

    def asks(self, model: Hosted, first: bool) -> Mapping[str, Ask]:
        """The exact POST paths at which a model answers; `first`: it is the one that answers where no name is said."""
        ...

    def routes(self, service: "Service") -> Sequence[BaseRoute]:
        """All other routes. They may change nothing about a request's way in: who may call is judged before."""
        ...

    def problem(self, problem: Problem) -> tuple[int, object]:
        """How an error is written in this protocol: status and JSON-able body."""
        ...


@runtime_checkable
class Chooser(Protocol):
    """A wire that also has paths which do not name the model: the body does."""

    def shared(self) -> Mapping[str, Ask]:
        """The exact POST paths at which any model answers."""
        ...

    def choose(self, models: Mapping[str, Hosted], body: bytes, limits: "Limits") -> Hosted:
        """The model that a body names.

        Raises:
            Problem: it names none, or one that does not answer here.
        """
        ...
