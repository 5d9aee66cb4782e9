"""The shipped, immutable folder: write, read, card, SBOM."""
