"""Explanations: what each input column adds to one answer of a bundle (Shapley values against rows of reference).

Works on the Program alone, with what a service has installed: numpy and onnxruntime. See `explain.explain`.
"""
