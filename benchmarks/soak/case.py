"""One generated request, and what a service may do with it."""

from dataclasses import dataclass
from typing import Literal

#: Planted in what is sent. No reply and no log line may hold it; it is no plain word, so no path may show it as a key.
SECRET = "s3cr3t!{hunter2}"

Expect = Literal["answer", "refusal", "any"]


@dataclass(frozen=True, slots=True)
class Case:
    """`request` is sent as it is. `expect`: a 2xx, a 4xx, or either. `raw`: it need not be HTTP, so it may go without
    an answer, and may have several. `allowed`: statuses of 500 and above that are right for it."""

    kind: str
    request: bytes
    expect: Expect = "any"
    raw: bool = False
    allowed: frozenset[int] = frozenset()

    @property
    def shown(self) -> str:
        """Its beginning."""
        head, _, body = self.request.partition(b"\r\n\r\n")
        return repr(head[:300] + b" ... " + body[:300])
