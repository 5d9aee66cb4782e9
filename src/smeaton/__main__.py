"""`python -m smeaton` is the command line."""

import sys

from smeaton.cli import main

sys.exit(main())
