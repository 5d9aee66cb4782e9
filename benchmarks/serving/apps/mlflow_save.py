"""MLflow: `mlflow_save.py FOLDER` saves the model for `mlflow models serve`, with its signature."""

import sys
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel
from mlflow.types import ColSpec, Schema
from scoring import CATEGORIES, NUMBERS, load

THIS = __file__


class Classifier(PythonModel):
    """LightGBM on the DataFrame that MLflow hands over."""

    def load_context(self, context: Any) -> None:
        """Load the model."""
        self.score = load()

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[float]:
        """Probabilities of the rows."""
        return self.score(model_input)


if __name__ == "__main__":
    columns = [ColSpec("double", name) for name in NUMBERS] + [ColSpec("string", name) for name in CATEGORIES]
    signature = ModelSignature(inputs=Schema(columns), outputs=Schema([ColSpec("double")]))
    mlflow.pyfunc.save_model(sys.argv[1], python_model=THIS, signature=signature, pip_requirements=[])
else:
    mlflow.models.set_model(Classifier())
