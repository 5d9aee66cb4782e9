"""`Options`: how to load a service, in the words of the command line."""

from dataclasses import dataclass
from typing import Literal

from smeaton.errors import InputError
from smeaton.service.load.schedule import Arrivals
from smeaton.task.units import seconds as read_seconds


@dataclass(frozen=True, slots=True)
class Options:
    """How to load; the words of the command line."""

    url: str | None = None
    allow_host: str | None = None
    key_file: str | None = None
    workers: int = 1
    accept: str | None = None
    rows: str | None = None
    batch: int = 1
    wire: Literal["rest", "oip", "v1"] = "rest"
    p99: str = "50ms"
    rate: float | None = None
    seconds: float = 60.0
    arrivals: Arrivals = "poisson"
    seed: int = 0

    @property
    def limit(self) -> float:
        """The p99 allowed, in seconds."""
        return read_seconds(self.p99)


def check_options(options: Options) -> None:
    """Check the numbers.

    Raises:
        InputError: one is out of its range or no number at all.
    """
    try:
        limit = options.limit
    except ValueError as error:
        raise InputError(f"--p99 {options.p99!r}: {error}", fix="write it as --p99 50ms") from error
    least = {"batch": 1, "seconds": 10, "workers": 0, "seed": 0}
    for name, low in least.items():
        if not low <= getattr(options, name) < float("inf"):
            raise InputError(f"--{name} {getattr(options, name)} is not {low} or more", fix=f"give {low} or more")
    if limit <= 0 or (options.rate is not None and not 0 < options.rate < float("inf")):
        raise InputError("a limit and a rate above 0 were expected", fix="write them as --p99 50ms --rate 500")
