"""What of scikit-learn's `check_estimator` these estimators do not pass, and why."""

#: For `check_estimator(SmeatonClassifier(budget=1), expected_failed_checks=EXPECTED_FAILED_CHECKS)`.
EXPECTED_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": "rows are dealt into folds one by one: a row given twice may be "
    "fitted on and judged by, where a row of weight 2 is in one fold only. Weights count in every fit and every score.",
}
