"""What is wrong with the answers to generated requests."""

from collections import Counter
from typing import Any

from benchmarks.soak.asking import Answer
from benchmarks.soak.case import SECRET, Case

MOST_BYTES = 1_000  #: of an error
_SHOWN = 3  # examples of a fault
_RULES = (
    "a server error",
    "no answer",
    "an error of more than 1,000 bytes",
    "a secret is repeated",
    "refused, though it is right",
    "answered, though it is wrong",
)


class Judge:
    """Counts answers by kind of request and status, and faults with some examples."""

    def __init__(self) -> None:
        self.statuses: dict[str, Counter[str]] = {}
        self.faults: Counter[str] = Counter(dict.fromkeys(_RULES, 0))
        self.busy: Counter[str] = Counter()  # 503 and 504
        self.examples: dict[str, list[str]] = {}

    def judge(self, case: Case, answer: Answer) -> None:
        """Count one."""
        status = answer.status
        self.statuses.setdefault(case.kind, Counter())[str(status)] += 1
        if status in (503, 504):
            self.busy[str(status)] += status not in case.allowed
        for fault in self._wrong(case, answer):
            self.faults[fault] += 1
            shown = self.examples.setdefault(fault, [])
            if len(shown) < _SHOWN:
                shown.append(f"{case.kind}: {case.shown} -> {status} {answer.reason} {answer.body[:300]!r}")

    def _wrong(self, case: Case, answer: Answer) -> list[str]:
        status, found = answer.status, []
        if status >= 500 and status not in case.allowed and status not in (503, 504):
            found.append("a server error")
        if not status and not case.raw:
            found.append("no answer")
        if status >= 400 and len(answer.body) > MOST_BYTES:
            found.append("an error of more than 1,000 bytes")
        if SECRET.encode() in answer.body:
            found.append("a secret is repeated")
        if case.expect == "answer" and not 200 <= status < 300:
            found.append("refused, though it is right")
        if case.expect == "refusal" and 200 <= status < 300:
            found.append("answered, though it is wrong")
        return found

    def summary(self) -> dict[str, Any]:
        """For the result."""
        return {
            "statuses": {kind: dict(sorted(found.items())) for kind, found in sorted(self.statuses.items())},
            "faults": dict(self.faults),
            "busy": dict(self.busy),
            "examples": self.examples,
        }
