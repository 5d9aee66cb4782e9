"""Makes the tiny models importable as `tiny_weights`, without packages in the test tree."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
