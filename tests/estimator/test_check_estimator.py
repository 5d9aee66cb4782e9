"""scikit-learn's own checks of an estimator, all but the named ones."""

import warnings
from typing import Any

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator

from smeaton import SmeatonClassifier, SmeatonRegressor
from smeaton.estimator.checks import EXPECTED_FAILED_CHECKS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "estimator", [SmeatonClassifier(budget=1), SmeatonRegressor(budget=1)], ids=["class", "number"]
)
def test_it_passes_all_but_the_named(estimator: Any) -> None:
    with warnings.catch_warnings():
        # The checks fit on odd rows on purpose: columns that give the answer away, and y as a column.
        warnings.simplefilter("ignore")
        warnings.simplefilter("ignore", SkipTestWarning)
        found = check_estimator(estimator, expected_failed_checks=EXPECTED_FAILED_CHECKS)
    failed = {one["check_name"] for one in found if one["status"] == "xfail"}
    assert failed == set(EXPECTED_FAILED_CHECKS), "a check that passes is no longer expected to fail"
    # The one that is skipped needs an environment variable that changes scipy for the whole process.
    assert {one["check_name"] for one in found if one["status"] == "skipped"} <= {"check_array_api_input"}
    assert sum(one["status"] == "passed" for one in found) > 50


def test_each_reason_is_a_sentence() -> None:
    assert all(len(reason.split()) > 8 for reason in EXPECTED_FAILED_CHECKS.values())
