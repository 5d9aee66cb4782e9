"""Makes the generated tables importable as `tables`, and tiny models as `tiny_weights`, without packages in the test
tree."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "weights")]
