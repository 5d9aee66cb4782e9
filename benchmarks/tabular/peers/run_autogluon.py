"""AutoGluon, in an environment with `autogluon.tabular[all]` (after `pip install torch==2.13.0`)."""

from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor
from common import Answer, Job, Model, main


def fit(job: Job, train: pd.DataFrame) -> Model:
    """A predictor as its manual says to fit one, told the metric, the time and the cores."""
    classes = job.kind != "regression"
    predictor = TabularPredictor(
        label=job.target, problem_type=job.kind, path=str(Path(job.folder) / "models"), verbosity=1,
        eval_metric="log_loss" if classes else "root_mean_squared_error",
    ).fit(train, time_limit=job.seconds, presets=job.preset, num_cpus=job.threads)  # fmt: skip
    labels = [str(label) for label in predictor.class_labels] if classes else []

    def answers_of(one: TabularPredictor) -> Answer:
        if classes:
            return lambda rows: one.predict_proba(rows)[list(one.class_labels)].to_numpy()
        return lambda rows: one.predict(rows).to_numpy()

    def ship(folder: Path) -> Answer:
        """The clone that its manual deploys, loaded."""
        predictor.clone_for_deployment(str(folder))
        return answers_of(TabularPredictor.load(str(folder)))

    def warm(folder: Path) -> Answer:
        """The same with its models kept in memory."""
        clone = TabularPredictor.load(str(folder))
        clone.persist(max_memory=None)
        return answers_of(clone)

    board = predictor.leaderboard()
    note = {"best": predictor.model_best, "models": len(board)}
    return Model(labels, answers_of(predictor), ship, warm, note)


if __name__ == "__main__":
    main(fit, ["autogluon.tabular", "lightgbm", "catboost", "torch", "pandas"])
