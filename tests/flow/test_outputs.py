"""The examples of `docs/outputs.md`: every task is a task, and is built, and its program answers as the page says."""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import as_csv

import smeaton
from smeaton import plugins
from smeaton.metrics._defaults import check_metric, default_metric
from smeaton.task.task import Task
from smeaton.task.yaml import parse_task

PAGE = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text()
TASKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SCRIPTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NAMES = [re.search(r"name: (\w+)", text)[1] for text in TASKS]  # type: ignore[index]


def make_data(folder: Path) -> None:
    """The files that the tasks of the page name."""
    rng = np.random.default_rng(0)
    rows = 300
    area, town = rng.uniform(30, 150, rows).round(1), rng.choice(["York", "Hull"], rows)
    price = (area * np.where(town == "York", 3, 2) * (1 + 0.1 * rng.normal(size=rows))).round(1)
    score = (area - 90) / 30 + rng.normal(0, 0.7, rows)
    columns = {
        "houses": {"price": price},
        "visits": {"visits": rng.poisson(np.exp((area - 60) / 60))},
        "clients": {"churned": np.where(score > 0.9, "true", "false")},
        "ratings": {"rating": np.array(["poor", "fair", "good"])[np.digitize(score, [-0.5, 0.8])]},
    }
    for name, more in columns.items():
        table = {"area": area, "town": town, **more}
        rows_ = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
        (folder / f"{name}.csv").write_text(as_csv(rows_))


def task_of(text: str) -> Task:
    return parse_task(text, "smeaton.yaml", Path("/tmp"))


@pytest.mark.parametrize("text", TASKS, ids=NAMES)
def test_an_example_is_a_task(text: str) -> None:
    task = task_of(text)
    metric = task.metric or default_metric(task)
    for name in (metric, *task.bars):
        check_metric(name, task)


def test_the_page_names_metrics_that_there_are() -> None:
    lines = re.findall(r"^Metrics of numbers: (.*?)\.\n\n", PAGE, re.DOTALL | re.MULTILINE)
    named = {name for line in lines for name in re.findall(r"`(\w+)`", line)}
    assert len(named) >= 5
    assert named <= set(plugins.names("metrics"))
    assert {default_metric(task_of(text)) for text in TASKS} >= {"rmse", "pinball", "cost", "ranked_probability"}


@pytest.mark.slow
@pytest.mark.parametrize("text", TASKS, ids=NAMES)
def test_an_example_builds(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_data(tmp_path)
    more = "solutions: {only: [linear, boosting]}\nbudget: {time: 12s}\n"
    (tmp_path / "smeaton.yaml").write_text(text + more)
    built = smeaton.build(tmp_path / "smeaton.yaml")
    task = task_of(text)
    said = " ".join(built.board.reasons)
    row = {"area": 70.0, "town": "York"}
    with smeaton.load(built.bundle) as model:
        answer = model.predict(row)
        last = model.engine.program.steps[-1]
    if task.output_type.level is not None:
        assert answer["low"] <= answer["prediction"] <= answer["high"]
        assert f"the {task.output_type.level:.0%} prediction intervals hold" in said
    else:
        assert "low" not in answer
    if task.costs:
        assert last.args["rule"] == "cheapest"
        assert "1,000 rows cost" in said
    if task.name == "churn":
        assert last.args["rule"] == "weighted"
        assert "answers true from a probability of" in said
    if task.name == "houses":
        monkeypatch.chdir(tmp_path)
        for script in SCRIPTS:
            exec(compile(script, "outputs.md", "exec"), {})
        assert (tmp_path / "houses.bundle").is_dir()
    if task.name == "visits":
        assert answer["low"] == int(answer["low"]) >= 0
