"""A model card for the Hugging Face hub: `README.md` with metadata that the hub reads, and prose for people.

Source: the hub's documentation of model cards and its metadata specification (`modelcard.md` of huggingface/hub-docs);
Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, for what it says.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smeaton.bundle.manifest import Manifest, Score
from smeaton.errors import DataError
from smeaton.leaderboard.text import number, related
from smeaton.reporting.build import Build
from smeaton.reporting.exports._files import write_file
from smeaton.reporting.exports._plain import between, code, safe, yaml
from smeaton.reporting.forms import BuildReport
from smeaton.task.structure import words
from smeaton.task.task import Task
from smeaton.task.units import show_bytes, show_dollars, show_seconds

#: Names of metrics on the hub, where the same metric has another; what it does not know keeps our name.
_HUB = {"r2": "r_squared", "brier": "brier_score"}
_INPUTS, _LABELS, _NOTES = 40, 30, 12


class Card:
    """`README.md`, in a folder of its own: the bundle stands beside it, for nothing else may lie in a bundle."""

    name = "hub/README.md"

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """See the contract."""
        manifest = build.manifest
        if manifest is None:
            raise DataError(
                "there is no bundle of this build, and a card is of what shipped",
                where=str(build.bundle),
                fix="build again, or bring the bundle back",
            )
        return write_file(out, card(report, build, manifest).encode())


def card(report: BuildReport, build: Build, manifest: Manifest) -> str:
    """The card: YAML between two lines of dashes, then Markdown."""
    parts = (
        [f"# {safe(manifest.name, 80)}", "", *_head(report, manifest)],
        ["## Intended use", "", *_use(manifest)],
        ["## Training data", "", *_data(manifest)],
        ["## Evaluation", "", *_evaluation(build, manifest)],
        ["## Limits", "", *_limits(report, build, manifest)],
        ["## How to run it", "", *_run(manifest)],
    )
    body = "\n\n".join("\n".join(lines) for lines in parts)
    return f"---\n{yaml(_metadata(report, manifest))}---\n\n{body}\n"


def _metadata(report: BuildReport, manifest: Manifest) -> dict[str, Any]:
    pipeline = pipeline_of(manifest.task)
    family = manifest.winner.family
    tags = ["smeaton", *([pipeline] if pipeline else []), family]
    metrics = list(
        dict.fromkeys(_HUB.get(score.metric, score.metric) for score in manifest.test or manifest.validation)
    )
    found: dict[str, Any] = {"library_name": "smeaton", "tags": list(dict.fromkeys(tags)), "metrics": metrics}
    found |= {"pipeline_tag": pipeline} if pipeline else {}
    results = [
        _result(manifest, pipeline, scores, split)
        for split, scores in (("test", manifest.test), ("validation", manifest.validation))
        if scores
    ]
    return found | ({"model-index": [{"name": manifest.name, "results": results}]} if results else {})


def _result(manifest: Manifest, pipeline: str, scores: tuple[Score, ...], split: str) -> dict[str, Any]:
    dataset = {"name": manifest.name, "type": "private", "split": split, "revision": manifest.data.hash[:12]}
    where = "sealed rows" if split == "test" else "held-out rows"
    return {
        "task": {"type": pipeline or "other", "name": f"{manifest.task.target} ({words(manifest.task.output_type)})"},
        "dataset": dataset,
        "metrics": [
            {
                "type": _HUB.get(score.metric, score.metric),
                "value": score.value,
                "name": f"{score.metric} on {score.rows} {where}, 95 % interval {score.low:.6g} to {score.high:.6g}",
            }
            for score in scores
        ],
    }


def pipeline_of(task: Task) -> str:
    """The hub's name for what a task is; '' where it has none."""
    texts = all(kind.type == "text" for kind in task.input_types.values())
    if task.answer in ("class", "many"):
        return "text-classification" if texts else "tabular-classification"
    if task.answer == "number":
        return "" if texts else "tabular-regression"
    if task.answer == "structure" and texts:
        return "token-classification"
    return "text-generation" if task.answer == "text" else ""


def _head(report: BuildReport, manifest: Manifest) -> Iterator[str]:
    if report.goal:
        yield safe(report.goal)
        yield ""
    yield f"Outcome of the build: **{manifest.outcome}**."
    if manifest.reasons:
        yield ""
        yield from (f"- {safe(reason)}" for reason in manifest.reasons)


def _use(manifest: Manifest) -> Iterator[str]:
    task = manifest.task
    names = task.input_types
    yield f"It answers {code(task.target)} ({safe(words(task.output_type))}) from {len(names):,} inputs:"
    yield ""
    yield "| input | type | may be missing |"
    yield "|---|---|---|"
    for name, kind in list(names.items())[:_INPUTS]:
        yield f"| {code(name)} | {safe(words(kind), 60)} | {'yes' if kind.optional else 'no'} |"
    if len(names) > _INPUTS:
        yield ""
        yield f"{len(names) - _INPUTS:,} more inputs are in `bundle.json`."
    labels = task.output_type.text_labels()
    if labels:
        more = f" and {len(labels) - _LABELS:,} more" if len(labels) > _LABELS else ""
        yield ""
        yield f"Labels: {', '.join(code(label, 40) for label in labels[:_LABELS])}{more}."
    yield ""
    yield "Use it for rows like those it was built from. It was not judged on others."


def _data(manifest: Manifest) -> Iterator[str]:
    data = manifest.data
    rows = f"{data.train_rows:,} rows to learn from and {data.test_rows:,} sealed for the test"
    yield f"{rows}; their hash is {code(data.hash[:12])}. The rows themselves are not part of this repository."
    if data.notes:
        yield ""
        yield from (f"- {safe(note)}" for note in data.notes[:_NOTES])


def _evaluation(build: Build, manifest: Manifest) -> Iterator[str]:
    times = "once" if manifest.data.test_opened == 1 else f"{manifest.data.test_opened} times"
    yield f"Ranked by {code(manifest.metric)} on held-out rows; the sealed test was opened {times}, for what ships."
    yield ""
    yield "| metric | rows | value | 95 % interval | better |"
    yield "|---|---|---|---|---|"
    for where, scores in (("sealed test", manifest.test), ("held-out rows", manifest.validation)):
        for score in scores:
            what = f"{code(score.metric)}, {where}"
            yield f"| {what} | {score.rows:,} | {number(score.value)} | {between(score)} | {score.better} |"
    lead = build.board.lead
    if lead is not None:
        yield ""
        yield f"Better than the constant baseline by {number(lead.value)} ({between(lead)}, row by row)."
    running = manifest.running
    dollars = "unknown" if running.cost_per_1k is None else show_dollars(running.cost_per_1k)
    yield ""
    call = f"One call takes {show_seconds(running.p50)} (p50), {show_seconds(running.p95)} (p95) on one thread"
    yield f"{call}; 1,000 calls cost {dollars}; it has {show_bytes(running.size)} on disk."


def _limits(report: BuildReport, build: Build, manifest: Manifest) -> Iterator[str]:
    yield "- Scores hold for rows like those it was built from; watch whether that stays so."
    for one in manifest.profile.suspects:
        yield f"- {safe(one.kind)}{' (accepted by the builder)' if one.accepted else ''}: {safe(one.why)}"
    yield from (f"- {safe(note)}" for note in manifest.profile.notes[:_NOTES] if note not in manifest.data.notes)
    yield from (f"- {safe(line)}" for line in related(build.board))
    found = report.found
    if found is None:
        return
    for near in found.near:
        yield f"- {near.rows:,} of {near.of:,} rows have a near-copy between {near.between}."
    for drift in found.drifts:
        if drift.shifts:
            names = ", ".join(code(shift.column, 40) for shift in drift.shifts[:5])
            yield f"- {safe(drift.second)} holds other values than {safe(drift.first)} in {names}."
    for mixed in found.confusions[:3]:
        yield f"- {code(mixed.given, 40)} is answered as {code(mixed.said, 40)} in {mixed.share:.0%} of its rows."


def _run(manifest: Manifest) -> Iterator[str]:
    bundle = f"{manifest.name}.bundle"
    yield f"The bundle {code(bundle)} lies beside this file; `smeaton verify` checks each file against its hash."
    yield ""
    yield from ("```bash", "pip install smeaton", f"smeaton verify {bundle}")
    yield from (f"smeaton predict {bundle} rows.csv -o answers.csv", "```", "")
    yield from ("```python", "import smeaton", "", f'model = smeaton.load("{bundle}")', "answers = model.predict(rows)")
    yield from ("```", "")
    yield "A program in a bundle is plain data for a runtime: nothing is unpickled, and code runs only where trusted."


part = Card()
