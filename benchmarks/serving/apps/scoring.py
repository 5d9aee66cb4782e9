"""What all peers with Python code of their own score with: LightGBM on rows, one thread.

`SERVING_MODEL` is the folder of the model. `SERVING_SCORER` is `frame` (a pandas DataFrame with category columns, as
LightGBM documents it for tables; about 3 ms a call) or `matrix` (categories coded by hand into a numpy matrix; 50 us).
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from pydantic import create_model

FOLDER = Path(os.environ["SERVING_MODEL"])
KNOWN = json.loads((FOLDER / "columns.json").read_text(encoding="utf-8"))
NUMBERS, CATEGORIES = KNOWN["numbers"], KNOWN["categories"]
#: A row with its types, for the servers that check them.
Row = create_model("Row", **dict.fromkeys(NUMBERS, (float, ...)), **dict.fromkeys(CATEGORIES, (str, ...)))
Score = Callable[[Any], list[float]]  # a list of rows, or a DataFrame of them


def load() -> Score:
    """Rows to the probability of true of each."""
    booster = lightgbm.Booster(model_file=FOLDER / "booster.txt")
    types = {name: pd.CategoricalDtype(values) for name, values in CATEGORIES.items()}
    codes = {name: {value: float(code) for code, value in enumerate(values)} for name, values in CATEGORIES.items()}

    def frame(rows: Any) -> list[float]:
        table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows, columns=NUMBERS + list(types))
        return booster.predict(table.astype(types), num_threads=1).tolist()

    def matrix(rows: Sequence[Mapping[str, Any]]) -> list[float]:
        coded = [
            [row[name] for name in NUMBERS] + [known.get(row[name], np.nan) for name, known in codes.items()]
            for row in rows
        ]
        return booster.predict(np.array(coded, dtype=np.float64), num_threads=1).tolist()

    return {"frame": frame, "matrix": matrix}[os.environ.get("SERVING_SCORER", "frame")]


def reply(probability: float) -> dict[str, Any]:
    """The answer of one row, in the words of Smeaton's /predict."""
    return {"prediction": probability > 0.5, "probability": {"false": 1 - probability, "true": probability}}
