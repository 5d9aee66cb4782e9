"""Makes the tiny models of tests/weights importable as `tiny_weights`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "weights"))
