"""Percentiles by nearest rank."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.load.sample import Sample, quantile

VALUES = st.lists(st.floats(0, 100), min_size=1, max_size=200)


@given(VALUES, st.floats(0.001, 1))
def test_a_quantile_is_the_least_value_that_enough_do_not_pass(values: list[float], share: float) -> None:
    found = quantile(np.array(values), share)
    assert found in values
    assert np.mean(np.array(values) <= found) >= share - 1e-12
    lower = [value for value in values if value < found]
    assert len(lower) / len(values) < share + 1e-12


def test_nothing_has_no_quantile() -> None:
    assert quantile(np.empty(0), 0.5) is None


def test_plain_data() -> None:
    sample = Sample(np.array([0.1, 0.2]), {"500": 3}, 2.0, 1.0, 99, 0.5, service_cpu=4.0, asked=2.5)
    said = json.loads(json.dumps(sample.as_dict()))
    assert said["requests"] == 5
    assert said["errors"] == {"500": 3}
    assert (said["p50"], said["max"]) == (0.1, 0.2)
    assert said["client_cpu_per_request"] == 0.25
    assert said["service_cpu_per_request"] == 2.0
    assert said["lateness_p99"] is None


def test_a_run_without_an_answer() -> None:
    said = Sample(np.empty(0), {"connection refused": 3}, 2.0, 0.0, 0, 0.5).as_dict()
    assert said["p50"] is None
    assert said["client_cpu_per_request"] is None
