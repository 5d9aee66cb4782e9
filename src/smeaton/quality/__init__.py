"""What the rows themselves tell of how far a score can be trusted: leaks, near-copies across the split, drift."""
