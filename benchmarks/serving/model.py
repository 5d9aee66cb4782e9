"""What every server answers with: a model of 8 numbers and 6 categories, and where its parts lie (see training.py)."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

NUMBERS = tuple(f"number_{i}" for i in range(8))
CATEGORIES = tuple(f"category_{i}" for i in range(6))
BUNDLE, BOOSTER, COLUMNS, ASKED = "model.bundle", "booster.txt", "columns.json", "rows.jsonl"


@dataclass(frozen=True)
class Model:
    """The folder that `write_model` fills."""

    folder: Path

    @property
    def bundle(self) -> Path:
        """The folder of the bundle."""
        return self.folder / BUNDLE

    @property
    def graph(self) -> Path:
        """The ONNX file inside the bundle."""
        return self.bundle / "program" / "model.onnx"

    @cached_property
    def rows(self) -> list[tuple[dict[str, Any], float]]:
        """Rows to ask, each with the probability of true."""
        lines = (self.folder / ASKED).read_text(encoding="utf-8").splitlines()
        return [(line["row"], line["probability"]) for line in map(json.loads, lines)]
