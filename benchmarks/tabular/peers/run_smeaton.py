"""Smeaton, as a user asks for it: `smeaton build`, `smeaton predict`; timed at answering through `smeaton.load`."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from common import ONE_ROW, WARM, Answer, Job, Model, main, timed

KEPT = ("outcome", "winner", "trials", "seconds", "reasons")


def run(job: Job, *arguments: str) -> dict[str, Any]:
    """What a verb says of itself in JSON, whatever its exit code means."""
    done = subprocess.run(
        [sys.executable, "-m", "smeaton", *arguments, "--json"],
        capture_output=True, text=True, cwd=job.folder, check=False,
    )  # fmt: skip
    if not done.stdout.strip():
        raise RuntimeError(f"smeaton {arguments[0]} ended with {done.returncode}: {done.stderr[-1000:]}")
    return json.loads(done.stdout) | {"code": done.returncode}


def mappings(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a client sends them: plain values, None for what is missing."""

    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and math.isnan(value) else value

    return [{name: plain(value) for name, value in row.items()} for row in rows.astype(object).to_dict("records")]


def fit(job: Job, train: pd.DataFrame) -> Model:
    """Build within the budget; the training rows are read from the file again, as a user would have it."""
    build = ["build", job.train, "--target", job.target, "--budget", f"{job.seconds:g}s", "--seed", str(job.seed)]
    build += [
        "--test-share",
        "0",
    ]  # the cell's own test rows are the sealed ones; nobody else keeps rows from its models
    said = run(job, *build, "--out", str(Path(job.folder) / "out"))
    note = {name: said[name] for name in KEPT if name in said} | {"code": said["code"]}
    note["trials"] = note["trials"] if isinstance(note.get("trials"), int) else len(note.get("trials") or ())
    answers_csv = Path(job.folder) / "answers.csv"

    def answer(rows: pd.DataFrame) -> Any:
        """Every row of the test file, by the command; the rows that cannot be read stay unanswered."""
        run(job, "predict", said["bundle"], job.test, "-o", str(answers_csv))
        answers = pd.read_csv(answers_csv)
        note["unanswered"] = int(answers["prediction"].isna().sum())
        if labels:
            return answers[[f"probability_{label}" for label in labels]].to_numpy(dtype=float)
        return answers["prediction"].to_numpy(dtype=float)

    def ship(folder: Path) -> Answer:
        """The bundle. One row as a mapping is timed here, one row as a frame where every tool's is."""
        import smeaton

        shutil.copytree(said["bundle"], folder)
        model = smeaton.load(folder)
        rows = mappings(pd.read_csv(job.test, low_memory=False)[list(model.engine.program.inputs)].head(ONE_ROW))
        times = sorted(timed(lambda row=row: model.predict(row))[1] for row in (rows * 20)[WARM:])
        note["mapping_one_row_seconds"] = times[len(times) // 2]
        return model.predict

    labels = labels_of(Path(said["bundle"])) if job.kind != "regression" else []
    return Model(labels, answer, ship, None, note)


def labels_of(bundle: Path) -> list[str]:
    """The labels a bundle answers with, in its order."""
    import smeaton

    with smeaton.load(bundle) as model:
        return list(model.task.output_type.text_labels())


if __name__ == "__main__":
    main(fit, ["smeaton", "lightgbm", "onnxruntime", "pandas"])
