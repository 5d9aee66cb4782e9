"""What a practitioner writes in ten lines: LightGBM with native categories, 20 % of the training rows to stop on,
learning rate 0.05, everything else default. It knows no budget."""

from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from common import Answer, Job, Model, main

STOP_SHARE = 0.2


def fit(job: Job, train: pd.DataFrame) -> Model:
    """One early-stopped booster."""
    y = train.pop(job.target)
    kinds = {
        name: pd.CategoricalDtype(sorted(train[name].dropna().astype(str).unique()))
        for name in train.columns
        if not pd.api.types.is_numeric_dtype(train[name])
    }

    def matrix(frame: pd.DataFrame) -> pd.DataFrame:
        found = {}
        for name in train.columns:
            kind, column = kinds.get(name), frame[name]
            if kind is None:
                found[name] = pd.to_numeric(column, errors="coerce")
            else:
                text = column.astype(str)
                found[name] = text.where(column.notna() & text.isin(kind.categories)).astype(kind)
        return pd.DataFrame(found)

    labels = sorted(y.astype(str).unique()) if job.kind != "regression" else []
    target = y.astype(str).map({label: code for code, label in enumerate(labels)}) if labels else y.astype(float)
    stop = np.random.default_rng([job.seed, 20]).random(len(train)) < STOP_SHARE
    params = {
        "objective": job.kind,
        "learning_rate": 0.05,
        "num_threads": job.threads,
        "seed": job.seed,
        "verbosity": -1,
    }
    if job.kind == "multiclass":
        params["num_class"] = len(labels)
    data = lightgbm.Dataset(matrix(train[~stop]), target[~stop])
    booster = lightgbm.train(
        params, data, 5_000, valid_sets=[data.create_valid(matrix(train[stop]), target[stop])],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )  # fmt: skip

    def answers_of(one: lightgbm.Booster) -> Answer:
        def answer(frame: pd.DataFrame) -> np.ndarray:
            found = np.asarray(one.predict(matrix(frame)))
            return np.column_stack([1 - found, found]) if job.kind == "binary" else found

        return answer

    def ship(folder: Path) -> Answer:
        folder.mkdir()
        booster.save_model(folder / "model.txt", num_iteration=booster.best_iteration)
        return answers_of(lightgbm.Booster(model_file=folder / "model.txt"))

    return Model(labels, answers_of(booster), ship, None, {"rounds": booster.best_iteration})


if __name__ == "__main__":
    main(fit, ["lightgbm", "pandas"])
