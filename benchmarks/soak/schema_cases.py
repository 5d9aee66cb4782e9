"""Requests that schemathesis makes from /openapi.json, sent and judged by it; run by `schema.py` in an environment of
its own, which has schemathesis and nothing of ours.

  python schema_cases.py URL COUNT SEED [KEY]      prints one JSON line
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
_MOST_BYTES, _SHOWN = 1_000, 20


class Seen:
    """What became of the requests."""

    def __init__(self) -> None:
        self.statuses: dict[str, Counter[str]] = {}
        self.faults: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def judge(self, mode: str, case: Any, response: Any) -> None:
        """Count a reply and what is wrong with it."""
        self.statuses.setdefault(mode, Counter())[str(response.status_code)] += 1
        if response.status_code >= 500:
            self.fault("server error", case, response)
        elif response.status_code >= 400 and len(response.content) > _MOST_BYTES:
            self.fault("error of more than 1,000 bytes", case, response)
        # OpenAPI 3.1 describes an event stream as one text; schemathesis would hold each event to that.
        streamed = "text/event-stream" in str(response.headers.get("content-type"))
        try:
            case.validate_response(response, checks=CHECKS[:2] if streamed else CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.fault(getattr(failure, "title", type(failure).__name__), case, response)
        except Failure as failure:
            self.fault(failure.title, case, response)

    def fault(self, name: str, case: Any, response: Any) -> None:
        """Count a fault, and keep the first of its kind."""
        name = f"{name}: {case.operation.method.upper()} {case.operation.path} {response.status_code}"
        self.faults[name] += 1
        if name not in self.examples and len(self.examples) < _SHOWN:
            self.examples[name] = f"{case.as_curl_command()[:600]} -> {response.status_code} {response.text[:300]}"


def ask(url: str, count: int, number: int, key: str) -> Seen:
    """Half of them follow the schema, half break it."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=headers)
    session, seen = requests.Session(), Seen()
    session.headers.update(headers)
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        half = settings(
            max_examples=max(1, count // 2),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        seed(number)(half(given(schema.as_strategy(generation_mode=mode))(_asking(session, seen, mode))))()
    return seen


def _asking(session: requests.Session, seen: Seen, mode: GenerationMode) -> Callable[[Any], None]:
    def send(case: Any) -> None:
        seen.judge(mode.name.lower(), case, case.call(session=session, timeout=60))

    return send


if __name__ == "__main__":
    address, wanted, begin, *secret = sys.argv[1:]
    found = ask(address, int(wanted), int(begin), secret[0] if secret else "")
    print(json.dumps({"statuses": found.statuses, "faults": found.faults, "examples": found.examples}))
