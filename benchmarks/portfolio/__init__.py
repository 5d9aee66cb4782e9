"""Experiments that the ordered portfolio of starts is learnt from. See `__main__`."""
