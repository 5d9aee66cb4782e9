"""Scikit-learn's interface over a build in this process: `SmeatonClassifier`, `SmeatonRegressor`.

A `fit` is the same search over the same folds as `smeaton.build`, and ends in the same bundle; see `search.py`.
"""
