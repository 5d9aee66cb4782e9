"""Every wire that is found keeps what wires promise."""

from pathlib import Path
from typing import Any

import pytest

from smeaton import plugins
from smeaton.service.problem import Problem
from smeaton.testing import check_protocol


@pytest.mark.parametrize("name", plugins.names("protocols"))
def test_every_wire_keeps_its_promises(client: Any, churn: Path, name: str) -> None:
    service = client(churn).service
    check_protocol(name, service, service.registry["churn"])


class Loud:
    """A wire that repeats everything, at a path of another."""

    prefix = "/v2"

    def asks(self, model: Any, first: bool) -> Any:
        return {"/v2/else": None}

    def routes(self, service: Any) -> Any:
        return []

    def problem(self, problem: Problem) -> Any:
        return 200, {"error": problem.message * 2}


def test_the_check_finds_a_wire_that_does_not(client: Any, churn: Path) -> None:
    service = client(churn).service
    service.wires = dict(service.wires) | {"oip": Loud()}
    with pytest.raises(AssertionError, match="does not name its model"):
        check_protocol("oip", service, service.registry["churn"])
