"""Tabular quality at short budgets, side by side with peers. See `__main__`."""
