"""What a part of the soak found: what was asked, what was seen, and which of its rules hold."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.serving.results import ROOT, code, machine

FOLDER = ROOT / "benchmarks" / "results" / "soak"


@dataclass(frozen=True)
class Outcome:
    """`rules` says in words what must be true, and whether it was."""

    part: str
    asked: dict[str, Any]
    seen: dict[str, Any]
    rules: dict[str, bool]

    @property
    def holds(self) -> bool:
        """Whether every rule holds."""
        return all(self.rules.values())

    @property
    def broken(self) -> list[str]:
        """The rules that do not hold."""
        return [rule for rule, holds in self.rules.items() if not holds]

    def write(self, folder: Path, scale: float, seconds: float) -> Path:
        """Keep it as `PART.json` in a folder. `scale` 1 is the full soak; `seconds` are what the part took."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.part}.json"
        content = {
            "part": self.part,
            "holds": self.holds,
            "rules": self.rules,
            "asked": self.asked,
            "seen": self.seen,
            "scale": scale,
            "seconds": round(seconds, 1),
            "code": code(),
            "machine": machine(),
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return path


def spread(values: list[float]) -> dict[str, float | int | None]:
    """How some durations lie, in seconds."""
    ordered = sorted(values)
    if not ordered:
        return {"count": 0, "median": None, "max": None}
    return {
        "count": len(ordered),
        "median": round(ordered[len(ordered) // 2], 4),
        "max": round(ordered[-1], 4),
    }
