"""Smeaton: state an AI task once; it finds, builds, ships and looks after the best solution to it.

```python
import smeaton

built = smeaton.build("customers.csv", target="churned", budget="60s")
model = smeaton.load(built.bundle)
model.predict([{"age": 41, "plan": "basic"}])
smeaton.serve(built.bundle, port=8000)
```
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smeaton.estimator.classifier import SmeatonClassifier
    from smeaton.estimator.regressor import SmeatonRegressor
    from smeaton.flow.build import build
    from smeaton.flow.model import Model, load
    from smeaton.flow.outcome import Built
    from smeaton.flow.report import report
    from smeaton.flow.serve import serve
    from smeaton.flow.write_report import write_report
    from smeaton.task import Task

__all__ = [
    "Built",
    "Model",
    "SmeatonClassifier",
    "SmeatonRegressor",
    "Task",
    "__version__",
    "build",
    "load",
    "report",
    "serve",
    "write_report",
]
__version__ = "0.1.0"

_HOMES = {
    "Built": "smeaton.flow.outcome",
    "Model": "smeaton.flow.model",
    "SmeatonClassifier": "smeaton.estimator.classifier",
    "SmeatonRegressor": "smeaton.estimator.regressor",
    "Task": "smeaton.task",
    "build": "smeaton.flow.build",
    "load": "smeaton.flow.model",
    "report": "smeaton.flow.report",
    "serve": "smeaton.flow.serve",
    "write_report": "smeaton.flow.write_report",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: importing the package itself pulls in nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'smeaton' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
