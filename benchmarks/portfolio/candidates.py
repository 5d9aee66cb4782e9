"""The candidates: diverse configurations of the families for tables. A name stays with its configuration."""

from typing import Any

from smeaton.families._portfolio import Start

_ALL = ["counts", "pairs", "cross", "gaps"]


def _trees(family: str, rate: float, leaves: int, least: int, columns: float, rows: float = 0.9, **more: Any) -> Start:
    """Trees by LightGBM."""
    config = {
        "learning_rate": rate,
        "num_leaves": leaves,
        "min_data_in_leaf": least,
        "feature_fraction": columns,
        "bagging_fraction": rows,
        **more,
    }
    return Start(family=family, config=config)


def _xgboost(rate: float, depth: int, least: float, columns: float, penalty: float, **more: Any) -> Start:
    config = {
        "learning_rate": rate,
        "max_depth": depth,
        "min_child_weight": least,
        "colsample_bynode": columns,
        "reg_lambda": penalty,
        **more,
    }
    return Start(family="xgboost", config=config)


def _catboost(rate: float, depth: int, penalty: float, **more: Any) -> Start:
    return Start(family="catboost", config={"learning_rate": rate, "depth": depth, "l2_leaf_reg": penalty, **more})


CANDIDATES: dict[str, Start] = {
    "boosting-plain": _trees("boosting", 0.05, 31, 20, 0.8),
    "boosting-small": _trees("boosting", 0.04, 10, 10, 0.5, 0.8, lambda_l2=5.0),
    "boosting-log": _trees("boosting", 0.04, 10, 10, 0.5, 0.8, lambda_l2=5.0, log=True),
    "boosting-stumps": _trees("boosting", 0.06, 4, 8, 0.4, 0.8),
    "boosting-random": _trees("boosting", 0.05, 24, 5, 0.7, extra_trees=True),
    "boosting-random-small": _trees("boosting", 0.03, 8, 3, 0.4, extra_trees=True, lambda_l2=0.1, cat_smooth=30.0),
    "boosting-random-large": _trees("boosting", 0.06, 64, 8, 0.8, extra_trees=True),
    "boosting-deep": _trees("boosting", 0.03, 40, 3, 0.3, 0.7, lambda_l2=10.0),
    "boosting-large": _trees("boosting", 0.03, 127, 5, 0.5, 0.8, lambda_l2=3.0),
    "boosting-target": _trees("boosting", 0.05, 16, 10, 0.6, 0.8, lambda_l2=3.0, encode="target"),
    "boosting-numbers": _trees("boosting", 0.04, 12, 10, 0.6, 0.8, lambda_l2=5.0, derive=["pairs", "gaps"]),
    "boosting-crosses": _trees(
        "boosting", 0.04, 12, 10, 0.6, 0.8, lambda_l2=5.0, encode="target", derive=["counts", "cross"]
    ),
    "boosting-all": _trees("boosting", 0.05, 16, 10, 0.5, 0.8, lambda_l2=3.0, derive=_ALL),
    "boosting-all-random": _trees("boosting", 0.05, 24, 5, 0.7, extra_trees=True, derive=_ALL),
    "boosting-all-log": _trees("boosting", 0.05, 16, 10, 0.5, 0.8, lambda_l2=3.0, derive=_ALL, log=True),
    "mixed-small": _trees("mixed", 0.04, 10, 10, 0.5, 0.8, lambda_l2=5.0),
    "mixed-random": _trees("mixed", 0.05, 24, 5, 0.7, extra_trees=True),
    "mixed-log": _trees("mixed", 0.04, 10, 10, 0.5, 0.8, lambda_l2=5.0, log=True),
    "linear": Start(family="linear", config={"knots": 0}),
    "linear-curves": Start(family="linear", config={"knots": 8}),
    "linear-curves-log": Start(family="linear", config={"knots": 8, "log": True}),
    "xgboost": _xgboost(0.05, 6, 1.0, 0.6, 1.0),
    "xgboost-shallow": _xgboost(0.06, 3, 5.0, 0.5, 3.0),
    "xgboost-leaves": _xgboost(0.05, 0, 3.0, 0.4, 5.0, max_leaves=24, grow_policy="lossguide", derive=_ALL),
    "catboost": _catboost(0.08, 6, 3.0),
    "catboost-shallow": _catboost(0.1, 4, 5.0, rsm=0.7),
    "catboost-all": _catboost(0.08, 6, 3.0, derive=_ALL),
    "catboost-log": _catboost(0.08, 6, 3.0, log=True),
    "forest-extra": Start(family="forest", config={"kind": "extra", "max_features": 0.6}),
    "forest-random": Start(family="forest", config={"kind": "random", "max_features": 0.4, "min_samples_leaf": 2}),
    "forest-extra-all": Start(family="forest", config={"kind": "extra", "max_features": 0.6, "derive": _ALL}),
    "forest-log": Start(family="forest", config={"kind": "extra", "max_features": 0.6, "log": True}),
    "network": Start(family="network", config={"knots": 12}),
    "network-plain": Start(family="network", config={"knots": 0, "width": 128}),
    "network-deep": Start(family="network", config={"knots": 12, "layers": 3, "drop": 0.1}),
    "network-log": Start(family="network", config={"knots": 12, "log": True}),
}

#: The order in which a build tried families before any was learnt: what the learnt order is compared with.
UNLEARNT = (
    "linear", "boosting-small", "linear-curves", "boosting-log", "boosting-random", "boosting-stumps", "boosting-deep",
    "boosting-random-small", "boosting-plain",
)  # fmt: skip
#: The single model that all losses are compared with.
REFERENCE = "boosting-plain"
