"""The layout of MLflow's file store: an experiment is a folder, and so is each of its runs.

`EXPERIMENT/meta.yaml`, `EXPERIMENT/tags/`, `EXPERIMENT/RUN/{meta.yaml, params/, metrics/, tags/, artifacts/}`; each
parameter, metric and tag is a file of its own, a line of a metric `milliseconds value step`.
Source: MLflow, "Backend Stores" in its documentation, and `mlflow/store/tracking/file_store.py` (version 3.17).
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smeaton.reporting.exports._plain import yaml

FINISHED, FAILED, KILLED = 3, 4, 5  #: states of a run, as MLflow numbers them
_KEY, _VALUE, _TAG, _NAME = 200, 6_000, 8_000, 500  # characters that MLflow keeps
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_\-. ]")


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Moments are milliseconds since 1970; a metric has a value for each step."""

    id: str
    name: str
    status: int
    start: int
    end: int
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[float]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def identity(*parts: str) -> str:
    """An id that is the same whenever the same is written again: 32 hex digits."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def experiment(folder: Path, home: Path, name: str, moment: int, tags: Mapping[str, str]) -> None:
    """Write the head of an experiment into `folder`, which will stand at `home`; its name there is its id."""
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {
        "artifact_location": home.as_uri(),
        "creation_time": moment,
        "experiment_id": home.name,
        "last_update_time": moment,
        "lifecycle_stage": "active",
        "name": name[:_NAME],
    }
    (folder / "meta.yaml").write_text(yaml(facts), encoding="utf-8")
    _write(folder / "tags", {key: value[:_TAG] for key, value in tags.items()})


def write_run(folder: Path, home: Path, run: Run) -> Path:
    """Write a run into the folder of its experiment, which will stand at `home`; returns the folder for its files."""
    place = folder / run.id
    artifacts = place / "artifacts"
    artifacts.mkdir(parents=True)
    facts: dict[str, Any] = {
        "artifact_uri": f"{home.as_uri()}/{run.id}/artifacts",
        "deleted_time": None,
        "end_time": run.end,
        "entry_point_name": "",
        "experiment_id": home.name,
        "lifecycle_stage": "active",
        "run_id": run.id,
        "run_name": run.name[:_VALUE],
        "run_uuid": run.id,
        "source_name": "",
        "source_type": 4,
        "source_version": "",
        "start_time": run.start,
        "status": run.status,
        "tags": [],
        "user_id": "smeaton",
    }
    (place / "meta.yaml").write_text(yaml(facts), encoding="utf-8")
    _write(place / "params", {key: value[:_VALUE] for key, value in run.params.items()})
    _write(place / "tags", {"mlflow.runName": run.name[:_VALUE]} | {k: v[:_TAG] for k, v in run.tags.items()})
    lines = {
        key: "".join(f"{run.end} {value!r} {step}\n" for step, value in enumerate(values) if math.isfinite(value))
        for key, values in run.metrics.items()
    }
    _write(place / "metrics", {key: text for key, text in lines.items() if text})
    return artifacts


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """A file for each key. A key that MLflow would refuse, or a file system, is written with `_`; of two that are alike
    then the second gets a number."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, text in files.items():
        plain = _FORBIDDEN.sub("_", key).strip(" .")[:_KEY] or "_"
        name, number = plain, 1
        while (folder / name).exists():
            number += 1
            name = f"{plain}-{number}"
        (folder / name).write_text(text.encode("utf-8", "replace").decode(), encoding="utf-8")
