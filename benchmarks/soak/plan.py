"""How much of the soak is to be done, and where."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """`scale` 1 is the full soak; `minutes` of steady load at full scale; `scratch` is a folder for what is written."""

    scale: float
    minutes: float
    scratch: Path

    def count(self, full: int, least: int = 2) -> int:
        """How many of what are `full` at scale 1."""
        return max(least, round(full * self.scale))
