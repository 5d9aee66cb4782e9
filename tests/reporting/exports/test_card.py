"""The model card for the Hugging Face hub."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.made import HOSTILE
from tests.reporting.sections.tables import dataset

from smeaton.errors import DataError
from smeaton.reporting.assemble import assemble
from smeaton.reporting.exports.card import card, part, pipeline_of
from smeaton.task.types import Type


def metadata(text: str) -> dict[str, Any]:
    """What stands between the two lines of dashes."""
    ruamel = pytest.importorskip("ruamel.yaml")
    _, head, _ = text.split("---\n", 2)
    found: dict[str, Any] = ruamel.YAML(typ="safe", pure=True).load(head)
    return found


@pytest.mark.parametrize(("kind", "pipeline"), [("three", "tabular-classification"), ("number", "tabular-regression")])
def test_the_hub_reads_the_scores_of_the_sealed_test(kind: str, pipeline: str, opened: Opened, tmp_path: Path) -> None:
    build = opened(kind)
    manifest = build.manifest
    assert manifest is not None
    text = part.write(assemble(build), build, tmp_path / part.name).read_text(encoding="utf-8")
    found = metadata(text)
    assert (found["library_name"], found["pipeline_tag"]) == ("smeaton", pipeline)
    (model,) = found["model-index"]
    assert [result["dataset"]["split"] for result in model["results"]] == ["test", "validation"]
    values = [score["value"] for score in model["results"][0]["metrics"]]
    assert values == [score.value for score in manifest.test]
    assert all("95 % interval" in score["name"] for score in model["results"][0]["metrics"])
    for head in ("Intended use", "Training data", "Evaluation", "Limits", "How to run it"):
        assert f"\n## {head}\n" in text


@pytest.mark.skipif(importlib.util.find_spec("huggingface_hub") is None, reason="huggingface_hub is not installed")
def test_the_hubs_own_reader_takes_it(opened: Opened, tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    build = opened("two")
    manifest = build.manifest
    assert manifest is not None
    found = ModelCard.load(part.write(assemble(build), build, tmp_path / "README.md"))
    results = found.data.eval_results
    assert results is not None
    assert len(results) == len(manifest.test) + len(manifest.validation)
    assert results[0].metric_value == manifest.test[0].value
    assert found.data.model_name == manifest.name


def test_no_text_of_the_users_is_markup_or_yaml(opened: Opened) -> None:
    build = opened("three")
    manifest = build.manifest
    assert manifest is not None
    odd = f'{HOSTILE} | "x": [y]\n---\n# head'
    inputs = {f"{odd} {number}": Type(type="number") for number in range(60)}
    output = {odd: Type(type="category", labels=tuple(f"{odd} {number}" for number in range(100)))}
    task = manifest.task.with_(inputs=inputs, output=output)
    changed = msgspec.structs.replace(manifest, task=task, reasons=(odd,), name="plain")
    report = msgspec.structs.replace(assemble(build), goal=odd)
    text = card(report, build, changed)
    assert "<script" not in re.sub("`[^`]*`", "", text.split("---\n", 2)[2].replace("\\`", ""))
    assert metadata(text)["model-index"][0]["results"][0]["task"]["name"] == f"{odd} (category)"
    assert "20 more inputs" in text
    assert "and 70 more" in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# plain"]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert {line.count("|") for line in rows} == {4, 6}


def test_there_is_no_card_of_what_did_not_ship(opened: Opened, tmp_path: Path) -> None:
    build = opened("two")
    report = assemble(build)
    vars(build)["manifest"] = None
    with pytest.raises(DataError, match="no bundle"):
        part.write(report, build, tmp_path / "README.md")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "output", "pipeline"),
    [
        ("text", Type(type="category", labels=("a", "b")), "text-classification"),
        ("number", Type(type="category", labels=("a", "b")), "tabular-classification"),
        ("text", Type(type="list", of=Type(type="category", labels=("a", "b"))), "text-classification"),
        ("number", Type(type="number"), "tabular-regression"),
        ("text", Type(type="number"), ""),
        ("text", Type(type="text"), "text-generation"),
        ("text", Type(type="object", fields={"a": Type(type="text")}), "token-classification"),
        ("text", Type(type="vector"), ""),
    ],
)
def test_a_task_has_the_hubs_name_for_it(kind: str, output: Type, pipeline: str) -> None:
    assert pipeline_of(dataset({"x": np.arange(2.0)}, {"x": kind}, np.arange(2), output).task) == pipeline
