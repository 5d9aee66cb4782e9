"""A typed cell as plain JSON: what models are shown, examples hold and masks hash."""

import math
from typing import Any

import numpy as np


def as_json(value: Any) -> Any:
    """A cell as plain JSON: moments in ISO 8601 (UTC), whole numbers whole, null for what is no value."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else f"{np.datetime_as_string(value)}Z"
    plain = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(plain, float):
        if not math.isfinite(plain):
            return None
        return int(plain) if plain.is_integer() and abs(plain) < 2**53 else plain
    if isinstance(value, np.ndarray) and any(isinstance(part, float) and math.isnan(part) for part in plain):
        return None  # a null vector is a row of NaN
    return plain
