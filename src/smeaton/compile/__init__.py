"""A trainer's dump -> Program: trees, linear models, text, merged and proven."""
