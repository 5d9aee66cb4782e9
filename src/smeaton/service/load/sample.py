"""`Sample`: what a run of the load generator saw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from smeaton.errors import InputError

Seconds = npt.NDArray[np.float64]
GIVEN_UP = "given up: too far behind"  #: the error of requests that an open loop no longer sent
Check = Callable[[int, int, bytes], str | None]


@dataclass(frozen=True, slots=True)
class How:
    """How to ask, in either loop.

    `connections` is the number of callers in the closed loop, the most connections in the open one. `warmup` seconds
    come first and are not counted. A request that is not answered within `timeout` seconds is an error. `check` sees
    each answer (number of the request, status, body) and names what is wrong with it; without it, any status but 2xx
    is wrong. `watch` reads the CPU seconds of the service so far. An open loop whose oldest request has waited
    `patience` seconds for a connection gives up: it is hopelessly behind.

    Raises:
        InputError: no connection, a warm-up below 0 or a timeout not above it.
    """

    connections: int = 16
    warmup: float = 0.0
    timeout: float = 30.0
    check: Check | None = None
    watch: Callable[[], float] | None = None
    patience: float = 5.0

    def __post_init__(self) -> None:
        if self.connections < 1 or not 0 <= self.warmup < float("inf") or not 0 < self.timeout < float("inf"):
            raise InputError(
                "at least 1 connection, a warm-up of 0 s or more and a timeout above 0 s were expected",
                fix="give connections 16, warm-up 1 and timeout 30, say",
            )


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen after the warm-up. All times are seconds.

    `latencies` are those of the requests answered right; `errors` counts all others by status ("500") or reason. `rate`
    is the right answers a second that came in the `seconds` measured. `cpu` and `service_cpu` are the CPU seconds that
    the generator and the service spent in them. `asked` (a second) and `lateness` (how long after its moment the
    generator turned to each request) belong to the open loop. `most` is how many connections it needed at once.
    """

    latencies: Seconds
    errors: Mapping[str, int]
    seconds: float
    rate: float
    bytes: int
    cpu: float
    service_cpu: float | None = None
    asked: float | None = None
    lateness: Seconds = field(default_factory=lambda: np.empty(0))
    most: int = 0
    gave_up: bool = False

    @property
    def failed(self) -> int:
        """Requests without a right answer."""
        return sum(self.errors.values())

    @property
    def requests(self) -> int:
        """All requests counted, right or wrong."""
        return len(self.latencies) + self.failed

    @property
    def cpu_per_request(self) -> float | None:
        """CPU seconds of the generator for each right answer."""
        return self._per_answer(self.cpu)

    @property
    def service_cpu_per_request(self) -> float | None:
        """CPU seconds of the service for each right answer, where they could be read."""
        return None if self.service_cpu is None else self._per_answer(self.service_cpu)

    def _per_answer(self, cpu: float) -> float | None:
        answered = self.rate * self.seconds
        return cpu / answered if answered else None

    def quantile(self, share: float) -> float | None:
        """The latency that this share of the right answers did not pass; None where there was none."""
        return quantile(self.latencies, share)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "requests": self.requests,
            "errors": dict(self.errors),
            "seconds": self.seconds,
            "rate": self.rate,
            "asked": self.asked,
            "p50": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "p99": self.quantile(0.99),
            "p999": self.quantile(0.999),
            "max": self.quantile(1.0),
            "bytes": self.bytes,
            "connections": self.most,
            "lateness_p99": quantile(self.lateness, 0.99),
            "client_cpu_per_request": self.cpu_per_request,
            "service_cpu_per_request": self.service_cpu_per_request,
        }


def quantile(values: Seconds, share: float) -> float | None:
    """The nearest-rank quantile: the least value seen that at least this share of the values does not pass."""
    return float(np.quantile(values, share, method="inverted_cdf")) if len(values) else None
