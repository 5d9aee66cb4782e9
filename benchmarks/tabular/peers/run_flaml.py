"""FLAML, in an environment with `flaml[automl]`, LightGBM, XGBoost and CatBoost."""

import pickle
from pathlib import Path

import pandas as pd
from common import Answer, Job, Model, main
from flaml import AutoML


def fit(job: Job, train: pd.DataFrame) -> Model:
    """A search as its manual says to run one, told the metric, the time and the cores."""
    classes = job.kind != "regression"
    rows, target = train.drop(columns=job.target), train[job.target]
    search = AutoML()
    search.fit(
        plain(rows), target.astype(str) if classes else target, task="classification" if classes else "regression",
        metric="log_loss" if classes else "rmse", time_budget=job.seconds, n_jobs=job.threads, seed=job.seed, verbose=0,
    )  # fmt: skip

    def answers_of(one: AutoML) -> Answer:
        if classes:
            return lambda frame: one.predict_proba(plain(frame))
        return lambda frame: one.predict(plain(frame))

    def ship(folder: Path) -> Answer:
        """The pickle that its manual deploys, read back."""
        folder.mkdir()
        (folder / "model.pkl").write_bytes(pickle.dumps(search, protocol=pickle.HIGHEST_PROTOCOL))
        return answers_of(pickle.loads((folder / "model.pkl").read_bytes()))

    labels = [str(label) for label in search.classes_] if classes else []
    note = {"best": search.best_estimator, "config": repr(search.best_config)}
    return Model(labels, answers_of(search), ship, None, note)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Text columns as objects: FLAML knows no string columns of pandas 3."""
    texts = [name for name in frame if isinstance(frame[name].dtype, pd.StringDtype)]
    return frame.assign(**{name: frame[name].astype(object) for name in texts})


if __name__ == "__main__":
    main(fit, ["flaml", "lightgbm", "xgboost", "catboost", "pandas"])
