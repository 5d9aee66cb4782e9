"""The report as one HTML document that holds all it needs."""
