"""Small tables that estimators are fitted on, and fits shared by the tests of a session."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from smeaton import SmeatonClassifier, SmeatonRegressor

ROWS = 60


@dataclass(frozen=True)
class Fitted:
    """A table of columns of many kinds with an answer, and what was fitted on it."""

    x: pd.DataFrame
    y: pd.Series  # type: ignore[type-arg]
    fitted: Any


def wild() -> tuple[pd.DataFrame, Any]:
    """Columns as people have them, with missing values and an index of its own; `won` follows from two of them."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, ROWS),
            "plan": pd.Categorical(rng.choice(["basic", "plus", "pro"], ROWS)),
            "visits": pd.array(rng.integers(0, 9, ROWS), dtype="Int64"),
            "since": pd.date_range("2024-01-01", periods=ROWS, freq="D"),
            "city": rng.choice(["Bonn", "Ulm"], ROWS),
            "active": rng.random(ROWS) > 0.5,
            "shelf": pd.Categorical(rng.choice([3, 5], ROWS)),
        },
        index=[f"row-{number}" for number in range(ROWS)],
    )
    score = (frame["age"] - 40) / 10 + 2.0 * (frame["plan"] == "pro")
    won = pd.Series(np.where(score > 0.5, "yes", "no"), index=frame.index, name="won")
    frame.loc["row-3", "visits"] = pd.NA
    frame.loc["row-4", "city"] = None
    return frame, won


@pytest.fixture(scope="session")
def classes() -> Fitted:
    x, y = wild()
    return Fitted(x, y, SmeatonClassifier(budget=1).fit(x, y))


@pytest.fixture(scope="session")
def numbers() -> Fitted:
    rng = np.random.default_rng(4)
    x = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["a", "b", "c"])
    y = 3.0 * x["a"] - x["b"]
    return Fitted(x, y, SmeatonRegressor(budget=1).fit(x, y))
