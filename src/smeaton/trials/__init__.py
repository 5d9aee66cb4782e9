"""Trials: what is tried, where it runs, and the store that survives a kill."""
