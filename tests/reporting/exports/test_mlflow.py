"""The trials in the layout of MLflow's file store; where `SMEATON_MLFLOW_PYTHON` names an interpreter with MLflow, its
own client reads them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.reporting.conftest import Opened

from smeaton.reporting.assemble import assemble
from smeaton.reporting.build import Build
from smeaton.reporting.exports._filestore import FAILED, FINISHED, KILLED, Run, experiment, identity, write_run
from smeaton.reporting.exports.mlflow import part
from smeaton.trials.past import Past
from smeaton.trials.record import Candidate, Interval, Trial

_PYTHON = os.environ.get("SMEATON_MLFLOW_PYTHON", "")
_CLIENT = """
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
found = {}
for one in client.search_experiments():
    found[one.name] = [
        {"name": run.info.run_name, "status": run.info.status, "params": run.data.params, "metrics": run.data.metrics,
         "tags": run.data.tags, "start": run.info.start_time, "end": run.info.end_time,
         "artifacts": [file.path for file in client.list_artifacts(run.info.run_id)],
         "folds": [point.value for name in run.data.metrics if name.endswith(".fold")
                   for point in client.get_metric_history(run.info.run_id, name)]}
        for run in client.search_runs([one.experiment_id])
    ]
print(json.dumps(found))
"""


def written(build: Build, out: Path) -> Path:
    """The folder of the experiment."""
    part.write(assemble(build), build, out)
    (folder,) = (path for path in out.iterdir() if path.name != "0")
    return folder


def loaded(path: Path) -> dict[str, Any]:
    ruamel = pytest.importorskip("ruamel.yaml")
    found: dict[str, Any] = ruamel.YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("kind", ["two", "number"])
def test_each_trial_is_a_run(kind: str, opened: Opened, tmp_path: Path) -> None:
    build = opened(kind)
    folder = written(build, tmp_path / "mlruns")
    runs = {path.name: path for path in folder.iterdir() if (path / "metrics").is_dir()}
    trials = [trial for trial in build.past.trials if trial.state == "done"]
    assert len(runs) == len(trials) >= 2
    for trial in trials:
        run = runs[identity(folder.name, trial.key)]
        meta = loaded(run / "meta.yaml")
        assert (meta["run_id"], meta["experiment_id"], meta["status"]) == (run.name, folder.name, FINISHED)
        assert meta["artifact_uri"] == f"{run.resolve().as_uri()}/artifacts"
        assert 0 < meta["start_time"] <= meta["end_time"] <= (build.root / "board.json").stat().st_mtime * 1e3 + 1
        assert (run / "params" / "family").read_text(encoding="utf-8") == trial.candidate.family
        score = (run / "metrics" / build.board.metric).read_text(encoding="utf-8").split()
        assert trial.score is not None
        assert (int(score[0]), float(score[1]), int(score[2])) == (meta["end_time"], trial.score.value, 0)
        folds = (run / "metrics" / f"{build.board.metric}.fold").read_text(encoding="utf-8").splitlines()
        assert [float(line.split()[1]) for line in folds] == list(trial.scores)
        assert [int(line.split()[2]) for line in folds] == list(range(len(trial.scores)))


def test_what_ships_has_the_board_with_it(opened: Opened, tmp_path: Path) -> None:
    build = opened("three")
    folder = written(build, tmp_path / "mlruns")
    ships = [path.parent.parent for path in folder.glob("*/tags/smeaton.ships") if path.read_text() == "true"]
    assert [path.name for path in ships] == [identity(folder.name, str(build.board.winner))]
    files = {path.name for path in (ships[0] / "artifacts").iterdir()}
    assert files == {"board.json", "report.json", "card.md", "bundle.json"}
    assert (ships[0] / "metrics" / "p95_seconds").exists()


def test_writing_again_replaces_the_same_experiment_and_keeps_others(opened: Opened, tmp_path: Path) -> None:
    out = tmp_path / "mlruns"
    first = written(opened("two"), out)
    before = sorted(path.relative_to(out) for path in out.rglob("*"))
    (first / "old").write_text("", encoding="utf-8")
    assert written(opened("two"), out) == first
    assert sorted(path.relative_to(out) for path in out.rglob("*")) == before
    part.write(assemble(opened("number")), opened("number"), out)
    assert len(list(out.iterdir())) == 3


def test_trials_that_ended_otherwise_say_how(opened: Opened, tmp_path: Path) -> None:
    build = opened("two")
    odd = {"deep": {"er": [1, "x"], "~/../..": None}, "a/b": True, "a_b": 1, "long": "x" * 9_000}
    trials = tuple(
        Trial(key=f"{place}-1-0", candidate=Candidate(family="odd", config=odd, why="to see"), state=state, note="n",
              score=Interval(float("nan"), 0.0, 1.0), seconds=2.0, at=0.0)
        for place, state in enumerate(("failed", "stopped", "refused", "done"))
    )  # fmt: skip
    vars(build)["past"] = Past(trials, trials[3:], (), {}, (), None)
    folder = written(build, tmp_path / "mlruns")
    states = {loaded(path)["status"] for path in folder.glob("*/meta.yaml")}
    assert states == {FAILED, KILLED}
    assert len(list(folder.glob("*/meta.yaml"))) == 3, "what was refused never ran"
    params = folder / identity(folder.name, "0-1-0") / "params"
    held = {path.name: path.read_text(encoding="utf-8") for path in params.iterdir()}
    assert held["deep.er"] == '[1, "x"]'
    assert {held["a_b"], held["a_b-2"]} == {"true", "1"}
    assert len(held["long"]) == 6_000
    assert all(path.parent == params for path in params.rglob("*")), "no name leaves its folder"
    assert not (params.parent / "metrics" / build.board.metric).exists(), "no number, no line"


def test_names_that_mean_something_to_a_disk_stay_names(tmp_path: Path) -> None:
    home = tmp_path / "e"
    experiment(home, home, "x" * 900 + "\ud83d", 5, {"..": "up", ".": "here", "": "none"})
    write_run(home, home, Run("r" * 32, "no", FINISHED, 1, 2, params={"../../x": "1", "CON": "2"}))
    assert len(loaded(home / "meta.yaml")["name"]) == 500
    assert loaded(home / ("r" * 32) / "meta.yaml")["run_name"] == "no"
    assert {path.name for path in (home / "tags").iterdir()} == {"_", "_-2", "_-3"}
    assert {path.name for path in (home / ("r" * 32) / "params").iterdir()} == {"_.._x", "CON"}


@pytest.mark.slow
@pytest.mark.skipif(not _PYTHON, reason="SMEATON_MLFLOW_PYTHON names no interpreter with MLflow")
def test_mlflows_own_client_reads_it(opened: Opened, tmp_path: Path) -> None:
    build = opened("two")
    part.write(assemble(build), build, tmp_path / "mlruns")
    done = subprocess.run(
        [_PYTHON, "-c", _CLIENT, (tmp_path / "mlruns").as_uri()],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"Default", f"clients ({build.root.name})"}
    runs = found[f"clients ({build.root.name})"]
    trials = {trial.key: trial for trial in build.past.trials if trial.state == "done"}
    assert {run["tags"]["smeaton.trial"] for run in runs} == set(trials)
    for run in runs:
        trial = trials[run["tags"]["smeaton.trial"]]
        assert trial.score is not None
        assert run["status"] == "FINISHED"
        assert run["metrics"][build.board.metric] == trial.score.value
        assert run["folds"] == list(trial.scores)
        assert run["params"]["family"] == trial.candidate.family
        assert run["start"] <= run["end"]
    assert [run["artifacts"] for run in runs if run["artifacts"]] == [
        ["board.json", "bundle.json", "card.md", "report.json"]
    ]
