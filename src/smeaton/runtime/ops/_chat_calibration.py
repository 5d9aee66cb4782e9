"""`calibration.json`: how probabilities are corrected by what was learnt on labelled rows.

- `temperature`: logarithms of probabilities divided by `a` (many labels: logits).
- `platt`: a logistic model `a * logit(p) + b`. Of two labels it corrects the second, of more each by itself, and their
  sum is made 1 again (Platt, "Probabilistic Outputs for Support Vector Machines", 1999).
- `said`: row i of `table` is the probability of each label where label i was said.
"""

import math
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.task.table import Array

CALIBRATION_FILE = "calibration.json"
_FLOOR = 1e-9  # probabilities are kept this far from 0 and 1 before the logarithm


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A correction of probabilities."""

    kind: Literal["temperature", "platt", "said"]
    a: float = 1.0
    b: float = 0.0
    table: tuple[tuple[float, ...], ...] = ()

    def correct(self, chance: Array, said: int, many: bool) -> Array:
        """The corrected probabilities of one row; `said` is the position of the label that was said."""
        if self.kind == "said":
            return np.asarray(self.table[said], dtype=np.float64)
        kept = np.clip(chance, _FLOOR, 1.0 - _FLOOR)
        logits = np.log(kept) - np.log1p(-kept)
        if many:
            return _logistic(logits / self.a if self.kind == "temperature" else self.a * logits + self.b)
        if self.kind == "temperature":
            logs = np.log(kept) / self.a
            shares = np.exp(logs - logs.max())
            return np.asarray(shares / shares.sum())
        if len(chance) == 2:
            second = _logistic(self.a * logits[1:] + self.b)
            return np.concatenate([1.0 - second, second])
        corrected = np.maximum(_logistic(self.a * logits + self.b), _FLOOR)
        return np.asarray(corrected / corrected.sum())


def read_calibration(path: Path, labels: int, many: bool) -> Calibration:
    """A calibration, checked.

    Raises:
        ProgramError: the file is none, or does not fit that many labels.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError) as error:
        raise ProgramError(f"the calibration cannot be read: {error}", where=path.name) from error
    table = np.asarray(found.table if all(len(row) == labels for row in found.table) else (), dtype=np.float64)
    if found.kind == "said":
        fits = not many and table.shape == (labels, labels) and bool((table >= 0).all())
        fits = fits and bool(np.allclose(table.sum(axis=1), 1.0, atol=1e-6))
    else:
        fits = math.isfinite(found.b) and math.isfinite(found.a) and (found.a > 0 or found.kind == "platt")
    if not fits or labels == 0:
        raise ProgramError(f"the calibration does not fit {labels} labels", where=path.name, fix="learn it again")
    return found


def _logistic(logits: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -700.0, 700.0))))
