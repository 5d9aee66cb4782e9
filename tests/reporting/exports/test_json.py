"""`report.json` and its schema."""

import importlib.util
import json
from pathlib import Path

import msgspec
import pytest
from tests.reporting.conftest import Opened
from tests.reporting.made import BROKEN, made_report

from smeaton import plugins
from smeaton.reporting.assemble import assemble
from smeaton.reporting.exports.json import part, schema
from smeaton.reporting.forms import BuildReport


def test_what_is_written_is_what_is_read(opened: Opened, tmp_path: Path) -> None:
    report = msgspec.structs.replace(made_report(), sections=made_report().sections[:3])
    content = part.write(report, opened("two"), tmp_path / "report.json").read_bytes()
    assert msgspec.json.decode(content, type=BuildReport) == msgspec.convert(report.as_dict(), BuildReport)


def test_half_characters_do_not_break_it(opened: Opened, tmp_path: Path) -> None:
    report = msgspec.structs.replace(made_report(), goal=f"half {BROKEN}")
    content = part.write(report, opened("two"), tmp_path / "report.json").read_bytes()
    assert msgspec.json.decode(content, type=BuildReport).goal == f"half {BROKEN[:-1]}?"


@pytest.mark.skipif(importlib.util.find_spec("jsonschema") is None, reason="jsonschema is not installed")
@pytest.mark.parametrize("kind", ["two", "three", "number"])
def test_a_report_follows_its_schema(kind: str, opened: Opened, tmp_path: Path) -> None:
    import jsonschema

    build = opened(kind)
    out = plugins.load("exports", "json").write(assemble(build), build, tmp_path / "report.json")
    written = json.loads(out.read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(schema())
    checker.check_schema(schema())
    assert list(checker.iter_errors(written)) == []
    assert list(checker.iter_errors(written | {"sections": [{"id": "no more"}]}))


def test_the_schema_names_every_part() -> None:
    assert {"BuildReport", "Section", "Figure", "Grid", "Fact", "Note", "Report"} <= set(schema()["$defs"])
    json.dumps(schema(), allow_nan=False)
