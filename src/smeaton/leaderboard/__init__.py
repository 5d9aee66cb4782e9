"""Trials ranked, with intervals, ties in words, and the Pareto front."""
