"""The trials in MLflow's tracking format: an experiment, and one run for each trial, as MLflow's file store keeps them.

From 3.7 on MLflow opens a file store only where `MLFLOW_ALLOW_FILE_STORE=true` is set, or moves it into a database
(`mlflow migrate-filestore`).
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from smeaton.leaderboard.forms import BOARD_FILE, Row
from smeaton.leaderboard.words import summary
from smeaton.reporting.build import Build
from smeaton.reporting.exports._files import new_folder
from smeaton.reporting.exports._filestore import FAILED, FINISHED, KILLED, Run, experiment, identity, write_run
from smeaton.reporting.exports._plain import as_json
from smeaton.reporting.forms import BuildReport
from smeaton.trials.record import Cost, Trial

_STATUS = {"done": FINISHED, "stopped": KILLED, "failed": FAILED}
_DEFAULT = "0"  # the experiment that MLflow's page opens first


class MLflow:
    """`mlruns`. The experiment of the same build is replaced, others in the folder stay. Trials that were refused never
    ran: they are no runs, and stand in `board.json`, which lies with the run that ships."""

    name = "mlruns"

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """See the contract."""
        home = out.resolve() / identity(build.root.name, report.task)[:18]
        moments, end = _moments(build)
        if not (out / _DEFAULT).exists():
            with new_folder(out / _DEFAULT) as folder:
                experiment(folder, out.resolve() / _DEFAULT, "Default", end, {})
        with new_folder(out / home.name) as folder:
            experiment(folder, home, f"{report.task} ({build.root.name})", end, _about(report, build))
            for trial in _ran(build):
                artifacts = write_run(folder, home, _run(trial, build, home.name, moments[trial.key]))
                if trial.key == report.trial:
                    _keep(artifacts, report, build)
        return out


def _ran(build: Build) -> Iterator[Trial]:
    """Trials that ran, each once: what the clock cut short may have been tried again."""
    seen: set[str] = set()
    for trial in (*build.past.trials, *build.past.cuts):
        if trial.state in _STATUS and trial.key not in seen:
            seen.add(trial.key)
            yield trial


def _run(trial: Trial, build: Build, home: str, moments: tuple[int, int]) -> Run:
    row = next((row for row in build.board.rows if row.key == trial.key), None)
    cost = trial.cost or build.past.costs.get(trial.key) or (None if row is None else row.cost)
    candidate = trial.candidate
    ships = trial.key == build.board.winner
    what = summary(candidate.config)
    return Run(
        id=identity(home, trial.key),
        name=f"{candidate.family}: {what}" if what else candidate.family,
        status=KILLED if trial in build.past.cuts else _STATUS[trial.state],
        start=moments[0],
        end=moments[1],
        params={"family": candidate.family, "seed": str(trial.seed), "fidelity": f"{trial.fidelity:g}"}
        | dict(_flat(candidate.config)),
        metrics=_metrics(trial, row, cost, build.board.metric),
        tags=_tags(trial, row, ships),
    )


def _metrics(trial: Trial, row: Row | None, cost: Cost | None, metric: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"seconds": [trial.seconds], "dollars": [trial.money]}
    if trial.scores:
        found[f"{metric}.fold"] = list(trial.scores)
    for name, score in {metric: trial.score, **({} if row is None else row.judged)}.items():
        if score is not None:
            found |= {name: [score.value], f"{name}.low": [score.low], f"{name}.high": [score.high]}
    if row is not None and row.rank is not None:
        found["rank"] = [float(row.rank)]
    if cost is not None:
        found |= {"p50_seconds": [cost.p50], "p95_seconds": [cost.p95], "size_bytes": [float(cost.size)]}
        found |= {} if cost.cost_per_1k is None else {"dollars_per_1000_calls": [cost.cost_per_1k]}
        found |= {} if cost.memory is None else {"memory_bytes": [float(cost.memory)]}
    return found


def _tags(trial: Trial, row: Row | None, ships: bool) -> dict[str, str]:
    notes = [trial.candidate.why, trial.note, "" if row is None else row.why]
    found = {
        "mlflow.source.name": "smeaton",
        "mlflow.source.type": "LOCAL",
        "mlflow.user": "smeaton",
        "mlflow.note.content": "\n\n".join(note for note in notes if note),
        "smeaton.state": trial.state,
        "smeaton.trial": trial.key,
        "smeaton.ships": json.dumps(ships),
    }
    extra = {"barred": trial.barred, "score_of": trial.estimated_from or "", "effect": trial.effect}
    return found | {f"smeaton.{name}": value for name, value in extra.items() if value}


def _about(report: BuildReport, build: Build) -> dict[str, str]:
    return {
        "mlflow.note.content": report.goal or f"Trials of {report.task}: {report.metric}, {report.better} is better",
        "smeaton.version": report.version,
        "smeaton.metric": report.metric,
        "smeaton.better": report.better,
        "smeaton.outcome": report.outcome,
        "smeaton.target": report.target,
        "smeaton.times": "counted back from when the board was written",
    }


def _flat(config: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """A configuration as names with points, and values as text."""
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moments(build: Build) -> tuple[dict[str, tuple[int, int]], int]:
    """When each trial began and ended, in milliseconds, and when the build did. A build keeps seconds of its own clock;
    they are counted back from when its board was written."""
    begun = {one.key: one.at for one in build.past.started}
    spans = {}
    for trial in _ran(build):
        start = begun.get(trial.key, max(0.0, trial.at - trial.seconds))
        spans[trial.key] = (start, max(start, trial.at or start + trial.seconds))
    end = (build.root / BOARD_FILE).stat().st_mtime
    zero = end - max((last for _, last in spans.values()), default=0.0)
    return {key: (round(1e3 * (zero + a)), round(1e3 * (zero + b))) for key, (a, b) in spans.items()}, round(1e3 * end)


def _keep(artifacts: Path, report: BuildReport, build: Build) -> None:
    """What lies with the run that ships."""
    shutil.copyfile(build.root / BOARD_FILE, artifacts / BOARD_FILE)
    (artifacts / "report.json").write_bytes(as_json(report))
    for name in ("card.md", "bundle.json"):
        if build.manifest is not None and (build.bundle / name).is_file():
            shutil.copyfile(build.bundle / name, artifacts / name)


part = MLflow()
